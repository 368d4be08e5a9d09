"""A run that ended early goes on with the same command: nothing is lost, nothing is done twice, nothing unlike is mixed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import program
import pytest

RUN = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")
ALONE_AND_TOGETHER = pytest.mark.parametrize("ranks", [1, pytest.param(3, marks=pytest.mark.ranks)])

# Twelve cases of some 0.1 s, so that a signal meets one of them.
COUNT = 12
STEPS = f"fixed = {{ n = {list(range(1, COUNT + 1))} }}"
SUITE = program.SUITE.replace("1ms", "100ms").replace("adaptive = { rtol = 1e-6 }", STEPS)
SUITE += program.checks_off("consistency", "reference")


@pytest.fixture
def suite(folder: Path) -> Path:
    (folder / "suite.toml").write_text(SUITE)
    return folder


def start(ranks: int, *arguments: str, cwd: Path) -> program.Done:
    return program.run(*arguments, cwd=cwd) if ranks == 1 else program.run_ranks(ranks, *arguments, cwd=cwd)


def begin(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [program.PROGRAM, *RUN, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed(folder: Path, after: int, *arguments: str) -> None:
    """A run that is killed while a case runs, after so many have been reported."""
    running = begin(folder, *arguments)
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("["):
            after -= 1
        if after <= 0:
            break
    time.sleep(0.03)
    running.kill()
    running.communicate(timeout=program.NO_HANG)
    assert running.returncode == -signal.SIGKILL


def journal(folder: Path) -> list[dict]:
    lines = (folder / "out.h5.journal").read_text().splitlines()
    return [json.loads(line) for line in lines]


def rows(path: Path, *columns: str) -> list[list]:
    with h5py.File(path) as file:
        return [[x.decode() if isinstance(x, bytes) else x for x in file[column][:]] for column in columns]


def test_journal_has_what_a_killed_run_had_done(suite: Path) -> None:
    killed(suite, 3)

    lines = journal(suite)
    assert [next(iter(line)) for line in lines[:2]] == ["config", "environment"]  # keys are sorted
    done = [line["done"] for line in lines if "done" in line]
    assert len(done) >= 3 and all(len(record["samples"]) >= 1 for record in done)
    assert sum("start" in line for line in lines) in (len(done), len(done) + 1)
    assert (suite / "out.h5.lock").exists()
    program.assert_valid(suite / "out.h5")


@ALONE_AND_TOGETHER
def test_same_command_goes_on(suite: Path, ranks: int) -> None:
    killed(suite, 3)
    done_before = sum("done" in line for line in journal(suite))

    done = start(ranks, *RUN, cwd=suite)

    assert done.code == 0, done
    assert f"goes on in 'out.h5': {COUNT - done_before} of {COUNT} cases are left" in done.out
    assert any("takes over the lock of process" in line for line in done.complaints), done
    assert f"[{done_before + 1:>2}/{COUNT}]" in done.out
    result = program.read(suite / "out.h5")
    assert result.finalized and result.statuses == ["pass"] * COUNT
    steps = [int(case.id.split("/")[3].removeprefix("steps")) for case in result.cases]
    assert steps == list(range(1, COUNT + 1))  # as in the suite
    runs, ended, world = rows(suite / "out.h5", "cases/run", "runs/ended_by", "runs/world_size")
    assert runs == [0] * done_before + [1] * (COUNT - done_before)
    assert ended == [3, 0] and world == [1, ranks]
    assert program.names_in(suite) == {"suite.toml", "out.h5"}
    program.assert_valid(suite / "out.h5")


@ALONE_AND_TOGETHER
def test_complete_result_is_left_as_it_is(folder: Path, good_result: bytes, ranks: int) -> None:
    (folder / "out.h5").write_bytes(good_result)

    done = start(ranks, *RUN, cwd=folder)

    assert done.code == 0, done
    assert "'out.h5' is complete: nothing is left to do" in done.out
    assert done.last_line == "1 passed, 0 failed, 0 skipped"
    assert (folder / "out.h5").read_bytes() == good_result
    assert program.names_in(folder) == {"suite.toml", "out.h5"}


def test_resume_without_a_word_is_auto(suite: Path) -> None:
    killed(suite, 3)

    done = program.run(RUN[0], "--resume", *RUN[1:], cwd=suite)

    assert done.code == 0 and "goes on in 'out.h5'" in done.out, done
    assert program.read(suite / "out.h5").statuses == ["pass"] * COUNT
    unknown = program.run(*RUN, "--resume=atuo", cwd=suite)
    assert unknown.code == 2 and "unknown word 'atuo'; did you mean 'auto'?" in unknown.err


def edit(old: str, new: str) -> Callable[[Path], tuple[str, ...]]:
    def change(folder: Path) -> tuple[str, ...]:
        text = (folder / "suite.toml").read_text()
        assert old in text
        (folder / "suite.toml").write_text(text.replace(old, new))
        return ()

    return change


OTHERS = {
    "argument": (edit("n = 3", "n = 4"), "matrix.m.problem_args.n: 3 before, 4 now"),
    "repetitions": (lambda folder: ("--repeat", "2"), "run.repeat: 1 before, 2 now"),
    "seed": (lambda folder: ("--set", "run.seed=7"), "run.seed: 20240601 before, 7 now"),
    "checks": (lambda folder: ("--set", "checks.dual.enable=false"), "checks.dual.enable: true before, false now"),
    "selection": (lambda folder: ("-k", "linear/**"), 'filter: nothing before, ["linear/**"] now'),
    "memory": (lambda folder: ("--no-memory",), "no-memory: nothing before, true now"),
}


@pytest.mark.parametrize(("change", "said"), OTHERS.values(), ids=OTHERS)
def test_another_configuration_is_refused(folder: Path, good_result: bytes, change: Callable, said: str) -> None:
    (folder / "out.h5").write_bytes(good_result)
    more = change(folder)

    done = program.run(*RUN, *more, cwd=folder)

    assert done.code == 2 and len(done.complaints) == 1, done
    assert "was made with another configuration and is not continued" in done.err and said in done.err
    assert (folder / "out.h5").read_bytes() == good_result
    assert program.names_in(folder) == {"suite.toml", "out.h5"}


def test_what_does_not_change_results_may_differ(folder: Path, good_result: bytes) -> None:
    (folder / "out.h5").write_bytes(good_result)
    edit("1min", "2min")(folder)
    edit("Acceptance", "Another title")(folder)

    assert program.run(*RUN, cwd=folder).code == 0


def test_force_goes_on_and_keeps_what_is_equal(folder: Path, good_result: bytes) -> None:
    (folder / "out.h5").write_bytes(good_result)
    edit("rtol = 1e-6", "rtol = [1e-6, 1e-7]")(folder)

    done = program.run(*RUN, "--resume=force", cwd=folder)

    assert done.code == 0, done
    assert any("goes on in 'out.h5' with another configuration" in line for line in done.complaints)
    assert rows(folder / "out.h5", "cases/run") == [[0, 1]]
    program.assert_valid(folder / "out.h5")


def test_another_build_is_refused(folder: Path, good_result: bytes) -> None:
    """Else a solver's author would see the old build's green result."""
    (folder / "out.h5").write_bytes(good_result)
    with h5py.File(folder / "out.h5", "r+") as file:
        file["runs/fingerprint_sw"][0] = "0123456789abcdef"

    done = program.run(*RUN, cwd=folder)

    assert done.code == 2 and "was made by another build of this program (0123456789abcdef before" in done.err
    assert program.run(*RUN, "--resume=force", cwd=folder).code == 0


def test_failed_cases_are_done_again(folder: Path) -> None:
    """The second of them cannot pass; a limit that the first one broke is lifted by force, then `failed` does the rest."""
    (folder / "suite.toml").write_text(
        program.SUITE + program.matrix("steps", "linear", "T = 10.0, n = 3", "adaptive = { rtol = 1e-6, max_steps = 7 }")
    )
    assert program.run(*RUN, cwd=folder).code == 1
    before = program.read(folder / "out.h5")
    assert before.statuses == ["pass", "fail"]

    done = program.run(*RUN, "--resume=failed", cwd=folder)

    assert done.code == 1 and "1 of 2 cases are left" in done.out, done
    assert rows(folder / "out.h5", "cases/run", "cases/attempts") == [[0, 1], [1, 2]]
    assert program.read(folder / "out.h5").cases[0] == before.cases[0]
    program.assert_valid(folder / "out.h5")


def test_case_that_takes_the_program_down_twice_is_left_out(suite: Path) -> None:
    """A journal that says so stands for a program that dies of a case."""
    killed(suite, 2)
    done_before = sum("done" in line for line in journal(suite))
    parts = next(line["start"] for line in journal(suite) if "start" in line).split("/")
    fatal = "/".join([*parts[:3], f"steps{done_before + 1}", *parts[4:]])
    with open(suite / "out.h5.journal", "a") as file:
        attempts = sum(line.get("start") == fatal for line in journal(suite))
        file.write(json.dumps({"start": fatal}) + "\n" if attempts < 2 else "")
        file.write(json.dumps({"start": fatal}) + "\n" if attempts < 1 else "")
        file.write('{"done": {"torn')

    done = program.run(*RUN, cwd=suite)

    assert done.code == 1, done
    assert any(fatal in line and "begun 2 times" in line for line in done.complaints), done
    result = program.read(suite / "out.h5")
    assert result.statuses == ["pass"] * done_before + ["crashed"] + ["pass"] * (COUNT - done_before - 1)
    assert "begun 2 times" in result.cases[done_before].reason
    again = program.run(*RUN, "--resume=failed", cwd=suite)
    assert again.code == 0, again
    assert program.read(suite / "out.h5").statuses == ["pass"] * COUNT


def test_one_writer_at_a_time(suite: Path) -> None:
    running = begin(suite)
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(signal.SIGSTOP)  # or it may be done before the second one looks

    done = program.run(*RUN, cwd=suite)
    running.send_signal(signal.SIGTERM)
    running.send_signal(signal.SIGCONT)
    running.communicate(timeout=program.NO_HANG)

    assert done.code == 2 and len(done.complaints) == 1, done
    assert f"another run writes this result: process {running.pid} on " in done.err
    assert running.returncode == 75
    assert program.names_in(suite) == {"suite.toml", "out.h5", "out.h5.journal"}


def test_planned_cases_are_known_from_the_beginning(suite: Path) -> None:
    killed(suite, 1)

    with h5py.File(suite / "out.h5") as file:
        assert int(file.attrs["planned_cases"]) == COUNT and not file.attrs["finalized"]


def test_kept_journal_holds_the_whole_result(folder: Path) -> None:
    assert program.run(*RUN, "--keep-journal", cwd=folder).code == 0
    assert program.names_in(folder) == {"suite.toml", "out.h5", "out.h5.journal"}
    os.remove(folder / "out.h5")

    assert program.run(*RUN, cwd=folder).code == 0
    assert program.read(folder / "out.h5").statuses == ["pass"]
    assert program.names_in(folder) == {"suite.toml", "out.h5"}
