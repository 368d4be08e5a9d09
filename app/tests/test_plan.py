"""`retrace plan`, --dry-run and the JSON Schema of suites: what a run would do is said, and nothing is done."""

from __future__ import annotations

import json
import math
import signal
import subprocess
from pathlib import Path
from typing import Any

import h5py
import program
import pytest
from test_usage import BROKEN_SUITES

tomllib = pytest.importorskip("tomllib", reason="a Python older than 3.11 reads no TOML")

RUN = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")
BUILTIN = sorted((Path(__file__).resolve().parents[2] / "benchmarks/suites").glob("*.toml"))
COUNT = 6
SUITE = program.SUITE.replace("adaptive = { rtol = 1e-6 }", f"fixed = {{ n = {list(range(1, COUNT + 1))} }}")


def plan(folder: Path, *arguments: str, code: int = 0) -> program.Done:
    """Plans and makes sure that nothing was written."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = program.run("plan", *arguments, cwd=folder)
    assert done.code == code, done
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return done


def planned(folder: Path, *arguments: str) -> dict[str, Any]:
    done = plan(folder, "--json", *arguments)
    assert done.err == "", done
    return json.loads(done.out)


# --- What is left ------------------------------------------------------------------------------------------------------


@pytest.fixture
def suite(folder: Path) -> Path:
    (folder / "suite.toml").write_text(SUITE)
    return folder


def test_without_a_result_everything_is_left_and_unknown(suite: Path) -> None:
    done = plan(suite, "-c", "suite.toml")

    assert done.last_line == f"{COUNT} to run, 0 to skip, 0 excluded"
    assert "time: unknown; name an earlier result with --from" in done.out and "bytes: unknown" in done.out
    lines = [line.split() for line in done.out.splitlines() if line.startswith("run ")]
    assert len(lines) == COUNT
    assert all(line[1:5] == ["-", "unknown", "-", "unknown"] for line in lines)
    assert "linear/aca/dormand_prince54/steps1/n3-T1/f64/default" in lines[0]


def test_a_complete_result_leaves_nothing(suite: Path) -> None:
    assert program.run(*RUN, cwd=suite).code == 0

    done = plan(suite, "-c", "suite.toml", "-o", "out.h5")

    assert "'out.h5' is complete: nothing is left to do" in done.out
    assert "time: none" in done.out
    assert done.last_line == f"0 to run, {COUNT} to skip, 0 excluded"
    assert done.out.count("(pass)") == COUNT


def cut_off(folder: Path) -> int:
    """A run that was killed after its second case at the earliest; how many cases it had done."""
    running = subprocess.Popen(
        [program.PROGRAM, *RUN, "--set", 'run.min_time="100ms"'], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith(f"[3/{COUNT}]"):  # said before the journal has it
            break
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=program.NO_HANG)
    return sum('"done"' in line for line in (folder / "out.h5.journal").read_text().splitlines())


def test_what_a_killed_run_had_done_is_skipped(suite: Path) -> None:
    done_before = cut_off(suite)
    same = ("-c", "suite.toml", "-o", "out.h5", "--set", 'run.min_time="100ms"')

    answer = planned(suite, *same)

    assert 2 <= done_before < COUNT
    assert [case["do"] for case in answer["cases"]] == ["skip"] * done_before + ["run"] * (COUNT - done_before)
    assert [case.get("status") for case in answer["cases"]] == ["pass"] * done_before + [None] * (COUNT - done_before)
    left = answer["cases"][done_before:]
    assert all(case["seconds_from"] == "like" and case["bytes_from"] == "like" for case in left)
    with h5py.File(suite / "out.h5") as file:
        assert not file.attrs["finalized"]
    # What it says is what the run then does.
    again = program.run(*RUN, *same[4:], cwd=suite)
    assert f"{COUNT - done_before} of {COUNT} cases are left" in again.out, again
    assert plan(suite, *same).last_line == f"0 to run, {COUNT} to skip, 0 excluded"


def test_failed_cases_are_left_for_those_who_ask(folder: Path) -> None:
    (folder / "suite.toml").write_text(
        program.SUITE + program.matrix("steps", "linear", "T = 10.0, n = 3", "adaptive = { rtol = 1e-6, max_steps = 7 }")
    )
    assert program.run(*RUN, cwd=folder).code == 1

    same = ("-c", "suite.toml", "-o", "out.h5")
    assert [case["do"] for case in planned(folder, *same)["cases"]] == ["skip", "skip"]
    answer = planned(folder, *same, "--resume=failed")
    assert [(case["do"], case["status"]) for case in answer["cases"]] == [("skip", "pass"), ("run", "fail")]
    assert answer["cases"][1]["seconds_from"] == "measured"


REFUSED = {
    "configuration": (("--set", "run.seed=7"), "run.seed: 20240601 before, 7 now"),
    "never": (("--resume=never",), "--resume=never does not go on in it"),
    "no_folder": (("-o", "absent/out.h5"), "there is no folder 'absent'"),
    "no_such_measurement": (("--from", "absent.h5"), "'absent.h5': No such file or directory"),
    "no_result": (("-o", "suite.toml"), "output 'suite.toml' exists and is not overwritten"),
}


@pytest.mark.parametrize(("more", "said"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_the_run_would_refuse(folder: Path, good_result: bytes, more: tuple[str, ...], said: str) -> None:
    (folder / "out.h5").write_bytes(good_result)
    output = () if "-o" in more else ("-o", "out.h5")

    done = plan(folder, "-c", "suite.toml", *output, *more, code=2)

    assert len(done.complaints) == 1 and said in done.complaints[0], done
    assert done.out == ""


def test_selection_shards_and_exclusions(suite: Path) -> None:
    with (suite / "suite.toml").open("a") as file:
        file.write('exclude = [{ control = "fixed:n=3", reason = "a bad number" }]\n')

    answer = planned(suite, "-c", "suite.toml")
    assert answer["totals"]["run"] == COUNT - 1
    assert [(entry["reason"], entry["matrix"]) for entry in answer["excluded"]] == [("a bad number", "m")]
    assert "(a bad number)" in plan(suite, "-c", "suite.toml").out
    one, two = (planned(suite, "-c", "suite.toml", "--shard", shard) for shard in ("1/2", "2/2"))
    ids = sorted(case["id"] for answer in (one, two) for case in answer["cases"])
    assert ids == sorted(case["id"] for case in answer["cases"])
    empty = plan(suite, "-c", "suite.toml", "-k", "lorenz63", code=5)
    assert empty.last_line == "0 to run, 0 to skip, 1 excluded" and len(empty.complaints) == 1
    assert plan(suite, "-c", "suite.toml", "-k", "lorenz63", "--allow-empty").last_line == empty.last_line


# --- Estimates ---------------------------------------------------------------------------------------------------------


def test_estimates_are_the_measured_numbers(suite: Path) -> None:
    assert program.run(*RUN, cwd=suite).code == 0
    with h5py.File(suite / "out.h5") as file:
        seconds = file["cases/seconds"][:]
        kind = file["memory/kind"].attrs["flag_meanings"].split().index("solver")
        stat = file["memory/stat"].attrs["flag_meanings"].split().index("max_rank")
        rows = (file["memory/kind"][:] == kind) & (file["memory/stat"][:] == stat)
        peaks = file["memory/peak_above_baseline"][:][rows]

    answer = planned(suite, "-c", "suite.toml", "--from", "out.h5")

    assert [case["seconds"] for case in answer["cases"]] == pytest.approx(list(seconds))
    assert [case["bytes"] for case in answer["cases"]] == list(peaks)
    assert {case["seconds_from"] for case in answer["cases"]} == {"measured"}
    assert answer["totals"]["seconds"] == pytest.approx(seconds.sum())
    assert answer["totals"]["bytes"] == peaks.max()

    # Another scheme of the same method: the mean of what is nearest.
    like = planned(suite, "-c", "suite.toml", "--set", 'matrix.m.solver="tsitouras54"', "--from", "out.h5")
    assert [case["seconds"] for case in like["cases"]] == pytest.approx([seconds.mean()] * COUNT)
    assert {(case["seconds_from"], case["bytes_from"]) for case in like["cases"]} == {("like", "like")}
    assert {case["bytes"] for case in like["cases"]} == {peaks.max()}

    # Another problem: nobody knows.
    other = ("--set", 'matrix.m.problem="lorenz63"', "--set", "matrix.m.problem_args={ T = 1.0, n = 3 }")
    unknown = planned(suite, "-c", "suite.toml", *other, "--from", "out.h5")
    assert {(case["seconds"], case["bytes"]) for case in unknown["cases"]} == {(None, None)}
    assert unknown["totals"]["seconds_unknown"] == unknown["totals"]["bytes_unknown"] == COUNT


# --- Dry runs ----------------------------------------------------------------------------------------------------------


def without_times(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("time:")]


@pytest.mark.parametrize("command", ["run", "verify"])
def test_dry_run_is_the_plan(suite: Path, command: str) -> None:
    before = program.names_in(suite)

    done = program.run(command, "-c", "suite.toml", "-o", "out.h5", "--dry-run", cwd=suite)

    assert done.code == 0, done
    assert program.names_in(suite) == before
    assert without_times(done.out) == without_times(plan(suite, "-c", "suite.toml", "-o", "out.h5").out)


def test_dry_run_knows_the_options_of_the_run(suite: Path) -> None:
    assert program.run(*RUN, "--repeat", "2", cwd=suite).code == 0

    assert program.run(*RUN, "--repeat", "2", "--dry-run", cwd=suite).last_line.startswith("0 to run")
    assert program.run(*RUN, "--dry-run", cwd=suite).code == 2
    assert program.run("verify", "-c", "suite.toml", "-o", "out.h5", "--dry-run", cwd=suite).code == 2


@pytest.mark.ranks
def test_plan_on_three_ranks(suite: Path) -> None:
    done = program.run_ranks(3, "plan", "-c", "suite.toml", "-o", "out.h5", cwd=suite)

    assert (done.code, done.last_line) == (0, f"{COUNT} to run, 0 to skip, 0 excluded")
    assert program.names_in(suite) == {"suite.toml"}


# --- The schema of suites ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Any:
    jsonschema = pytest.importorskip("jsonschema", reason="not installed: jsonschema")
    printed = program.run("plan", "--print-schema", cwd=tmp_path_factory.mktemp("schema"))
    assert (printed.code, printed.err) == (0, ""), printed
    schema = json.loads(printed.out)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize("path", BUILTIN, ids=[path.stem for path in BUILTIN])
def test_builtin_suites_are_valid(validator: Any, path: Path) -> None:
    errors = [error.message for error in validator.iter_errors(tomllib.loads(path.read_text()))]
    assert errors == []


# What a schema cannot say: how TOML is written, where a problem begins.
BEYOND = {"syntax", "end_is_start", "end_is_start_later"}


def holds_nan(tree: Any) -> bool:
    """JSON has no such number, so no validator looks for it."""
    if isinstance(tree, dict):
        return any(map(holds_nan, tree.values()))
    return any(map(holds_nan, tree)) if isinstance(tree, list) else isinstance(tree, float) and math.isnan(tree)


@pytest.mark.parametrize("name", [name for name in BROKEN_SUITES if name not in BEYOND])
def test_broken_suites_are_not(validator: Any, name: str) -> None:
    """The suites of test_usage.py, which the program refuses."""
    edit = BROKEN_SUITES[name]
    broken = tomllib.loads(program.SUITE.replace(edit.old, edit.new, 1))
    if holds_nan(broken):
        pytest.skip("not a number is no JSON")
    assert validator.is_valid(tomllib.loads(program.SUITE))
    assert not validator.is_valid(broken)


MATRIX = {
    "name": "m",
    "problem": "linear",
    "problem_args": {"n": [1, 2]},
    "method": ["aca", "naive"],
    "solver": "dormand_prince54",
    "control": {"adaptive": {"rtol": [1e-3, 1e-6], "atol": "rtol*1e-2", "checkpoints": "64KiB"}},
}
VARIANTS: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, True),
    "two_problems": ({"problem": ["linear", "lorenz63"]}, True),
    "argument_of_one_of_two": ({"problem": ["linear", "lorenz63"], "problem_args": {"k": 0.5}}, False),
    "argument_of_another": ({"problem_args": {"mu": 1.0}}, False),
    "argument_too_small": ({"problem_args": {"n": [0]}}, False),
    "method_twice": ({"method": ["aca", "aca"]}, False),
    "empty_axis": ({"method": []}, False),
    "two_controls": ({"control": [{"fixed": {"n": 4}}, {"adaptive": {"rtol": 1e-3}}]}, True),
    "control_of_both_kinds": ({"control": {"fixed": {"n": 4}, "adaptive": {"rtol": 1e-3}}}, False),
    "no_formula": ({"control": {"adaptive": {"rtol": 1e-3, "atol": "2*rtol"}}}, False),
    "forgetful_damping": ({"control": {"adaptive": {"rtol": 1e-3, "damping": 0.5}}}, False),
    "observations": ({"loss": ["integral", {"exact": [0.5, 1.0]}, {"dense": 3}]}, True),
    "both_observations": ({"loss": {"exact": 2, "dense": 3}}, False),
    "exclusion": ({"exclude": {"method": "aca", "reason": "why not"}}, True),
    "exclusion_without_reason": ({"exclude": [{"method": "aca"}]}, False),
    "exclusion_of_everything": ({"exclude": [{"reason": "why not"}]}, False),
    "expectation": (
        {"expect": [{"where": {"control": "adaptive:rtol=1e-3,*"}, "status": "xfail", "reason": "known"}]},
        True,
    ),
    "expectation_of_passing": ({"expect": [{"where": {"method": "aca"}, "status": "pass", "reason": "x"}]}, False),
    "no_word": ({"tags": ["two words"]}, False),
}


@pytest.mark.parametrize(("change", "good"), VARIANTS.values(), ids=VARIANTS)
def test_schema_and_program_agree(validator: Any, tmp_path: Path, change: dict[str, Any], good: bool) -> None:
    """Of a suite in JSON, too."""
    suite = {"schema": 1, "matrix": [{**MATRIX, **change}]}
    (tmp_path / "suite.json").write_text(json.dumps(suite))

    done = program.run("plan", "-c", "suite.json", cwd=tmp_path)

    assert (done.code, validator.is_valid(suite)) == ((0, True) if good else (2, False)), done


def test_a_suite_in_json_is_the_suite_in_toml(folder: Path) -> None:
    (folder / "suite.json").write_text(json.dumps(tomllib.loads(program.SUITE)))

    assert planned(folder, "-c", "suite.json") == planned(folder, "-c", "suite.toml")
    done = program.run("run", "--no-ceilings", "-c", "suite.json", "-o", "out.h5", cwd=folder)
    assert done.code == 0, done
    assert planned(folder, "-c", "suite.toml", "-o", "out.h5")["totals"]["skip"] == 1


# --- A budget ----------------------------------------------------------------------------------------------------------


def test_budget_takes_what_fits_and_says_what_it_leaves(suite: Path) -> None:
    assert program.run(*RUN, cwd=suite).code == 0
    with h5py.File(suite / "out.h5", "r") as file:
        seconds = sorted(float(s) for s in file["cases/seconds"][:])
    budget = sum(seconds[:3]) + 0.5 * seconds[3]  # the three cheapest, which show as much as any three

    found = planned(suite, "-c", "suite.toml", "--budget", f"{budget * 1e3:.6f}ms", "--from", "out.h5")
    all_of_it = planned(suite, "-c", "suite.toml", "--budget", "1h", "--from", "out.h5")

    assert found["totals"]["run"] == 3 and len(found["excluded"]) == COUNT - 3
    assert all(entry["reason"].startswith("--budget ") for entry in found["excluded"])
    assert math.isclose(found["totals"]["seconds"], sum(seconds[:3]), rel_tol=1e-9)
    assert all_of_it["totals"]["run"] == COUNT


def test_budget_is_kept_by_a_run_and_by_its_continuation(suite: Path) -> None:
    assert program.run(*RUN, cwd=suite).code == 0
    with h5py.File(suite / "out.h5", "r") as file:
        seconds = sorted(float(s) for s in file["cases/seconds"][:])
    words = [*RUN[:-1], "short.h5", "--from", "out.h5", "--budget"]
    budget = f"{(sum(seconds[:2]) + 0.5 * seconds[2]) * 1e3:.6f}ms"

    done = program.run(*words, budget, cwd=suite)
    again = program.run(*words, budget, cwd=suite)
    other = program.run(*words, "1h", cwd=suite)

    assert done.code == 0 and done.last_line == "2 passed, 0 failed, 0 skipped"
    assert again.code == 0 and "nothing is left to do" in again.out
    assert other.code == 2 and "budget" in other.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--budget", "10s"], "--from"),
        (["--budget", "10", "--from", "out.h5"], "unit"),
        (["--budget", "1ns", "--from", "out.h5"], "no case is that short"),
        (["--budget", "10s", "--from", "absent.h5"], "absent.h5"),
    ],
)
def test_budgets_that_cannot_be_kept(suite: Path, words: list[str], complaint: str) -> None:
    assert program.run(*RUN, cwd=suite).code == 0

    done = plan(suite, "-c", "suite.toml", *words, code=2)

    assert complaint in done.err


def test_budget_without_anything_alike(suite: Path) -> None:
    assert program.run(*RUN, cwd=suite).code == 0
    other = program.SUITE.replace('"linear"', '"lorenz63"')
    (suite / "other.toml").write_text(other)

    done = plan(suite, "-c", "other.toml", "--budget", "10s", "--from", "out.h5", code=2)

    assert "has a case like those selected" in done.err
