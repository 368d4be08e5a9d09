"""`retrace run --launches K`: the program, started K times, leaves one file with samples of each launch."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from pathlib import Path

import h5py
import program
import pytest

SUITE = program.SUITE.replace("rtol = 1e-6", "rtol = [1e-4, 1e-6]") + program.checks_off(*program.SLOW_CHECKS)
RUN = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")


@pytest.fixture
def suite(folder: Path) -> Path:
    (folder / "suite.toml").write_text(SUITE)
    return folder


def launches_of(path: Path) -> tuple[list[int], set[int], Counter[int]]:
    """Of each case the number of its launches; the launches of the runs; samples by launch."""
    with h5py.File(path, "r") as file:
        return (
            [int(n) for n in file["cost/n_launches"][:]],
            {int(n) for n in file["runs/launch_index"][:]},
            Counter(int(n) for n in file["samples/launch"][:]),
        )


def test_every_launch_is_in_the_file_and_nothing_else_is_left(suite: Path) -> None:
    done = program.run(*RUN, "--launches", "3", "--junit", "out.xml", cwd=suite)

    assert done.code == 0 and done.err == "", done
    assert done.last_line == "2 passed, 0 failed, 0 skipped"
    of_cases, of_runs, of_samples = launches_of(suite / "out.h5")
    assert of_cases == [3, 3] and of_runs == {0, 1, 2}
    assert set(of_samples) == {0, 1, 2} and min(of_samples.values()) >= 2
    assert program.names_in(suite) == {"suite.toml", "out.h5", "out.xml"}
    assert program.run("inspect", "--validate", "out.h5", cwd=suite).code == 0
    with h5py.File(suite / "out.h5", "r") as file:
        commands = {text.decode() for text in file["runs/cmdline"][:]}
    assert len(commands) == 1 and "--launches 3" in commands.pop()  # what the user typed, not what it started


def test_the_same_command_again_has_nothing_to_do(suite: Path) -> None:
    assert program.run(*RUN, "--launches", "2", cwd=suite).code == 0
    before = (suite / "out.h5").read_bytes()

    again = program.run(*RUN, "--launches", "2", cwd=suite)
    other = program.run(*RUN, "--launches", "3", cwd=suite)

    assert again.code == 0 and "nothing is left to do" in again.out
    assert other.code == 2 and "holds 2 launches" in other.err
    assert (suite / "out.h5").read_bytes() == before


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_goes_on_with_the_launch_that_did_not_end(suite: Path, sent: signal.Signals) -> None:
    words = [*RUN, "--launches", "3", "--set", 'run.min_time="50ms"']
    with subprocess.Popen([program.PROGRAM, *words], cwd=suite, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("result file: out.launch-1.h5"):
                break
        running.send_signal(sent)
        rest = running.stdout.read()
        code = running.wait()
    if sent == signal.SIGTERM:
        assert code == 75 and "the same command goes on" in rest, rest
    assert not (suite / "out.h5").exists()
    first = (suite / "out.launch-1.h5").read_bytes()

    done = program.run(*words, cwd=suite)

    assert done.code == 0, done
    assert "'out.launch-1.h5' is complete: nothing is left to do" in done.out
    assert launches_of(suite / "out.h5")[0] == [3, 3]
    assert first and program.names_in(suite) == {"suite.toml", "out.h5"}


def test_time_limit_is_that_of_all_launches(suite: Path) -> None:
    done = program.run(*RUN, "--launches", "100", "--set", 'run.min_time="100ms"', "--time-limit", "4s", cwd=suite)

    assert done.code == 75, done
    assert "out.launch-1.h5" in program.names_in(suite) and "out.h5" not in program.names_in(suite)


def test_compare_counts_launches(suite: Path) -> None:
    for name in ("a.h5", "b.h5"):
        assert program.run(*RUN[:-1], name, "--launches", "5", cwd=suite).code == 0

    done = program.run("compare", "a.h5", "b.h5", "--all", cwd=suite)

    assert "time-few-launches" not in done.out
    assert "time-" in done.out, done.out
    assert done.code in (0, 3), done  # on a noisy machine five short launches may differ; all else is equal


def test_statuses_of_launches_decide_the_code(suite: Path) -> None:
    limits = '\n[limits.linear]\ngrad_rel_l2 = { aca = 1e-30 }\n'
    (suite / "suite.toml").write_text(SUITE + limits)

    done = program.run(*RUN, "--launches", "2", cwd=suite)

    assert done.code == 1 and done.last_line == "0 passed, 2 failed, 0 skipped"


def test_a_launch_that_cannot_run_ends_it(suite: Path) -> None:
    wrong = program.run(*RUN, "--launches", "2", "--set", "run.repeat=0", cwd=suite)
    missing = program.run(*RUN, "--launches", "2", "--launcher", "no-such-launcher -n 2", cwd=suite)

    assert wrong.code == 2 and "launch 1 of 2 ended with code 2" in wrong.err
    assert missing.code == 70 and "cannot start no-such-launcher" in missing.err
    assert program.names_in(suite) == {"suite.toml"}


def test_launcher_goes_with_launches_only(suite: Path) -> None:
    assert program.run(*RUN, "--launcher", "mpirun -n 2", cwd=suite).code == 2
    assert program.run("run", "-c", "suite.toml", "--launches", "2", cwd=suite).code == 2  # no name for the file


@pytest.mark.ranks
def test_launches_on_ranks(suite: Path) -> None:
    launcher = " ".join([*program.MPIEXEC, "3", "--oversubscribe"])

    done = program.run(*RUN, "--launches", "2", "--launcher", launcher, cwd=suite)

    assert done.code == 0, done
    with h5py.File(suite / "out.h5", "r") as file:
        assert list(file["runs/world_size"][:]) == [3, 3]


@pytest.mark.ranks
def test_ranks_cannot_launch(suite: Path) -> None:
    done = program.run_ranks(3, *RUN, "--launches", "2", cwd=suite)

    assert done.code == 2
    assert len(done.complaints) == 1 and "--launcher" in done.complaints[0]


@pytest.mark.parametrize("words", [("--launches", "2"), ("--isolate=case",)], ids=["launches", "isolate"])
def test_only_one_program_talks_to_the_host(suite: Path, words: tuple[str, ...]) -> None:
    (suite / "suite.toml").write_text(SUITE.replace("rtol = [", "max_steps = 1, rtol = ["))
    host = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(suite / "page.md")}

    done = program.run(*RUN, *words, cwd=suite, **host)

    assert done.code == 1, done
    marks = [line for line in done.err.splitlines() if line.startswith("::error")]
    assert len(marks) >= 2 and len(set(marks)) == len(marks), done
    assert (suite / "page.md").read_text().count("### Retrace: ") == 1
