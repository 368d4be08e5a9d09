"""`retrace compare` and `retrace baseline` as a user and a CI job call them: verdicts, exit codes, forms, messages."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import h5py
import numpy as np
import program
import pytest


@pytest.fixture
def pair(folder: Path, good_result: bytes) -> Path:
    """The folder with old.h5 and new.h5, one run under two names."""
    for name in ("old.h5", "new.h5"):
        (folder / name).write_bytes(good_result)
    return folder


def spoil(path: Path, *column: str, factor: float) -> None:
    """Scales columns of a result file; a changed file has no seal, which is no error."""
    with h5py.File(path, "r+") as file:
        for name in column:
            file[name][...] = (file[name][...] * factor).astype(file[name].dtype)


def set_launches(path: Path, launches: int, seconds: float, seed: int) -> None:
    """Samples of so many launches that scatter by 1 %, nine repetitions each."""
    repetitions = 9
    random = np.random.default_rng(seed)
    rows = launches * repetitions
    values = {
        "case": np.zeros(rows),
        "launch": np.repeat(np.arange(launches), repetitions),
        "rep": np.tile(np.arange(repetitions), launches),
        "phase": np.zeros(rows),
        "seconds": seconds * np.exp(0.01 * np.repeat(random.standard_normal(launches), repetitions)),
        "is_warmup": np.zeros(rows),
        "flagged": np.zeros(rows),
        "sample": np.arange(rows),
    }
    with h5py.File(path, "r+") as file:
        for name, column in values.items():
            data = file["samples"][name]
            data.resize((rows,))
            data[...] = column.astype(data.dtype)
        quality = file["cost/timing_quality"]
        quality[...] = quality.attrs["flag_meanings"].split().index("good")


def compare(folder: Path, *options: str, code: int = 0, **environment: str) -> program.Done:
    environment = {"GITHUB_ACTIONS": "", "GITLAB_CI": "", "RETRACE_BASELINES": "", **environment}
    done = program.run("compare", "new.h5", "old.h5", *options, cwd=folder, **environment)
    assert done.code == code, done
    return done


def test_identical_results_are_green(pair: Path) -> None:
    done = compare(pair)

    assert done.err == ""
    assert done.last_line == "1 passed, 0 failed, 0 skipped"


def test_ten_runs_of_one_build_are_green(folder: Path, good_result: bytes) -> None:
    """Fresh runs, with the clock and the machine as they are: all but times is equal to the bit, and one launch's time is
    no verdict."""
    (folder / "old.h5").write_bytes(good_result)
    for _ in range(10):
        run = program.run("run", "-q", "--no-ceilings", "-c", "suite.toml", "-o", "new.h5", cwd=folder)
        assert run.code == 0, run
        done = compare(folder, "--preset", "strict")
        assert done.last_line == "1 passed, 0 failed, 0 skipped"
        (folder / "new.h5").unlink()


RED = {
    "less_accurate": (("accuracy/grad_rel_l2",), 2.0, 1, "numeric: error-grew: grad_rel_l2"),
    "more_work": (("cost/nfe_fwd",), 1.05, 1, "counters: counter-more: nfe_fwd"),
    "fatter": (("memory/peak_above_baseline",), 2.0, 3, "memory: bytes-more: peak_above_baseline"),
}


@pytest.mark.parametrize(("columns", "factor", "code", "line"), RED.values(), ids=RED)
def test_one_number_is_worse(
    pair: Path, columns: tuple[str, ...], factor: float, code: int, line: str
) -> None:
    if "grad_rel_l2" in columns[0]:  # the error of so easy a case is below every floor
        for name in ("old.h5", "new.h5"):
            spoil(pair / name, *columns, factor=1e6)
    spoil(pair / "new.h5", *columns, factor=factor)

    done = compare(pair, code=code)

    assert f"WORSE          {line}" in done.out
    assert done.last_line == "0 passed, 1 failed, 0 skipped"


def test_slower_by_ten_percent(pair: Path) -> None:
    set_launches(pair / "old.h5", 5, 0.010, seed=1)
    set_launches(pair / "new.h5", 5, 0.011, seed=2)

    assert "WORSE          time: time-slower: seconds" in compare(pair, code=3).out
    assert "worse, not gated" in compare(pair, "--gate", "numeric,counters,memory").out


def test_one_launch_never_gates(pair: Path) -> None:
    set_launches(pair / "old.h5", 1, 0.010, seed=1)
    set_launches(pair / "new.h5", 1, 1.0, seed=2)

    assert "informational (1 launch)" in compare(pair).out


def test_gates_choose_what_counts(pair: Path) -> None:
    spoil(pair / "new.h5", "cost/nfe_fwd", "memory/peak_above_baseline", factor=2.0)

    compare(pair, code=1)
    compare(pair, "--gate", "memory", code=3)
    compare(pair, "--gate", "time,numeric", code=0)
    compare(pair, "--gate", "none", code=0)


def test_forms(pair: Path) -> None:
    spoil(pair / "new.h5", "cost/nfe_fwd", factor=2.0)

    everything = json.loads(compare(pair, "--format", "json", code=1).out)
    assert everything["exit_code"] == 1
    worse = [line for line in everything["lines"] if line["verdict"] == "worse"]
    assert [(line["quantity"], line["reason"]) for line in worse] == [("nfe_fwd", "counter-more")]
    assert worse[0]["new"] == 2 * worse[0]["old"]

    suites = ElementTree.fromstring(compare(pair, "--format", "junit", code=1).out)
    failures = [case.attrib["classname"] for case in suites.iter("testcase") if case.find("failure") is not None]
    assert failures == ["counters.linear"]

    markdown = compare(pair, "--format", "md", code=1).out
    assert len(markdown.splitlines()) <= 60
    assert "| WORSE | `linear/" in markdown

    done = compare(pair, "--format", "md", "-o", "compare.md", code=1)
    assert (pair / "compare.md").read_text() == markdown
    assert done.last_line == "0 passed, 1 failed, 0 skipped"


def test_annotations_for_github(pair: Path) -> None:
    spoil(pair / "new.h5", "cost/nfe_fwd", factor=2.0)
    summary = pair / "summary.md"

    done = compare(pair, code=1, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))

    assert done.err.startswith("::error title=retrace counter-more::linear/")
    assert summary.read_text().startswith("### Retrace: REGRESSION")
    assert compare(pair, "--annotate", "none", code=1, GITHUB_ACTIONS="true").err == ""
    assert "counter-more" in compare(pair, code=1, GITLAB_CI="true").err


# --- Rules -------------------------------------------------------------------------------------------------------------


def test_rules_can_be_dumped_and_read(pair: Path) -> None:
    for preset in ("strict", "default", "permissive"):
        text = program.run("compare", "--dump-rules", "--preset", preset, cwd=pair).out
        (pair / "rules.toml").write_text(text)
        again = program.run("compare", "--dump-rules", "--rules", "rules.toml", cwd=pair)
        assert again.out == text
    assert "worse_factor = 3 " in text


def test_rules_decide(pair: Path) -> None:
    spoil(pair / "new.h5", "cost/nfe_fwd", factor=1.05)
    (pair / "rules.toml").write_text("schema = 1\n[counters]\nslack_share = 0.1\n")

    compare(pair, code=1)
    compare(pair, "--rules", "rules.toml", code=0)
    compare(pair, "--preset", "permissive", code=0)


BROKEN_RULES = {
    "section": ("schema = 1\n[countres]\n", "rules.toml:2:2: rules: unknown key 'countres'; did you mean 'counters'?"),
    "key": ("schema = 1\n[time]\nlaunchs = 5\n", "rules.toml:3:1: [time]: unknown key 'launchs'; did you mean 'launches'?"),
    "few_launches": ("schema = 1\n[time]\nlaunches = 1\n", "rules.toml:3:12: 'launches' must be an integer >= 5"),
    "type": ("schema = 1\n[gate]\ntime = 1\n", "rules.toml:3:8: 'time' must be true or false"),
    "bytes": ("schema = 1\n[memory]\nslack_bytes = 4096\n", "'slack_bytes' must be a size in quotes with its unit"),
    "word": ('schema = 1\n[counters]\nexact = "allways"\n', "rules.toml:3:9: unknown exact 'allways'; did you mean 'always'?"),
    "no_schema": ("[time]\n", "rules needs the key 'schema'"),
    "schema": ("schema = 2\n", "rules.toml:1:10: schema 2 is not supported"),
    "preset": ('schema = 1\npreset = "strikt"\n', "unknown preset 'strikt'; did you mean 'strict'?"),
    "syntax": ("schema = \n", "rules.toml:1:"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN_RULES.values(), ids=BROKEN_RULES)
def test_broken_rules(pair: Path, text: str, message: str) -> None:
    (pair / "rules.toml").write_text(text)

    done = compare(pair, "--rules", "rules.toml", code=2)

    assert len(done.complaints) == 1 and message in done.complaints[0], done
    assert done.out == ""


CALLS = {
    "one_file": (["compare", "new.h5"], "compare needs two results, NEW and BASE"),
    "no_such_base": (["compare", "new.h5", "main"], "'main' is no file, and in baselines: unknown baseline 'main'"),
    "no_such_new": (["compare", "absent.h5", "old.h5"], "'absent.h5': No such file or directory"),
    "not_a_result": (["compare", "suite.toml", "old.h5"], "suite.toml"),
    "gate": (["compare", "new.h5", "old.h5", "--gate", "memroy"], "--gate: unknown tier 'memroy'; did you mean 'memory'?"),
    "format": (["compare", "new.h5", "old.h5", "--format", "jsn"], "--format: unknown value 'jsn'; did you mean 'json'?"),
    "preset": (["compare", "new.h5", "old.h5", "--preset", "strct"], "unknown preset 'strct'; did you mean 'strict'?"),
    "option": (["compare", "new.h5", "old.h5", "--gates", "time"], "unknown option '--gates'; did you mean '--gate'?"),
    "confirm_few": (["compare", "new.h5", "old.h5", "--confirm", "2"], "'2' is not an integer from 5 to 100"),
    "confirm_alone": (["compare", "new.h5", "old.h5", "--confirm", "5"], "name the old one with --base-program"),
    "no_reason": (["compare", "new.h5", "old.h5", "--update-baseline", " "], "needs a reason that says something"),
    "action": (["baseline", "sav", "main", "new.h5"], "unknown action 'sav'; did you mean 'save'?"),
    "save_what": (["baseline", "save", "main"], "the call is: retrace baseline save NAME FILE"),
    "bad_name": (["baseline", "save", "a/b", "new.h5"], "'a/b' is no name for a baseline"),
    "show_what": (["baseline", "show", "main"], "unknown baseline 'main'"),
}


@pytest.mark.parametrize(("arguments", "message"), CALLS.values(), ids=CALLS)
def test_bad_call(pair: Path, arguments: list[str], message: str) -> None:
    done = program.run(*arguments, cwd=pair)

    assert done.code == 2, done
    assert len(done.complaints) == 1 and message in done.complaints[0], done
    assert done.out == ""
    assert program.names_in(pair) == {"suite.toml", "new.h5", "old.h5"}


# --- Baselines ---------------------------------------------------------------------------------------------------------


def baseline(folder: Path, *words: str, code: int = 0) -> program.Done:
    done = program.run("baseline", *words, cwd=folder, RETRACE_BASELINES="kept")
    assert done.code == code, done
    return done


def test_baselines_are_saved_listed_shown_and_removed(pair: Path) -> None:
    baseline(pair, "save", "main", "old.h5", "--reason", "first light")
    assert baseline(pair, "list").out.startswith("main ")
    assert ": first light\n" in baseline(pair, "show", "main").out
    assert "did you mean 'main'?" in baseline(pair, "show", "mian", code=2).err
    assert "baseline 'main' exists" in baseline(pair, "save", "main", "new.h5", code=2).err

    done = program.run("compare", "new.h5", "main", cwd=pair, RETRACE_BASELINES="kept")
    assert done.code == 0, done

    baseline(pair, "rm", "main")
    assert baseline(pair, "list").out == ""


def test_an_update_says_why(pair: Path) -> None:
    baseline(pair, "save", "main", "old.h5", "--portable")
    spoil(pair / "new.h5", "cost/nfe_fwd", factor=2.0)
    words = ("compare", "new.h5", "main", "--baselines", "kept")
    assert program.run(*words, cwd=pair).code == 1

    done = program.run(*words, "--update-baseline", "one stage more", cwd=pair)

    assert done.code == 0, done
    assert "counter-more" in done.out
    history = baseline(pair, "show", "main").out
    assert history.index(": first baseline\n") < history.index(": one stage more\n")
    assert "portable" in history
    assert program.run(*words, cwd=pair).code == 0
    program.assert_valid(pair / "kept/main.h5")


# --- A second opinion --------------------------------------------------------------------------------------------------


@pytest.fixture
def seems_slower(pair: Path) -> Path:
    """Samples of the new file that say slower, of a program that is not."""
    set_launches(pair / "old.h5", 5, 0.010, seed=1)
    set_launches(pair / "new.h5", 5, 0.012, seed=2)
    return pair


def test_fresh_launches_clear_a_false_alarm(seems_slower: Path) -> None:
    done = compare(seems_slower, "--confirm", "5", "--base-program", program.PROGRAM, code=0)

    assert "time-not-confirmed" in done.out
    assert "0 of 1 slow-downs seen again in 5 fresh launches a side" in done.out


def test_a_program_that_cannot_run_is_named(seems_slower: Path) -> None:
    done = compare(seems_slower, "--confirm", "5", "--base-program", "/bin/false", code=71)
    assert done.complaints[0].startswith("retrace: --confirm: /bin/false ended with code 1")


def test_confirming_nothing_runs_nothing(pair: Path) -> None:
    done = compare(pair, "--confirm", "5", "--base-program", "/no/such/program")
    assert "no case seemed slower" in done.out


def test_files_are_only_read(pair: Path) -> None:
    """Comparing reads: neither file changes."""
    before = {name: (pair / name).read_bytes() for name in ("old.h5", "new.h5")}
    compare(pair, "--all")
    assert before == {name: (pair / name).read_bytes() for name in ("old.h5", "new.h5")}
