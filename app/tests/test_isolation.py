"""`--isolate=case`: what takes a case down takes nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import h5py
import program
import pytest

ENDLESS = program.matrix("endless", "van_der_pol_forced", "T = 2000.0, n = 200", "adaptive = { rtol = 1e-3 }")
LAST = program.matrix("last", "linear", "T = 2.0, n = 3", "adaptive = { rtol = 1e-6 }")
SUITE = program.SUITE + ENDLESS + LAST
RUN = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")
ISOLATED = (*RUN, "--isolate=case")


@pytest.fixture
def suite(folder: Path) -> Path:
    (folder / "suite.toml").write_text(SUITE)
    (folder / "scratch").mkdir()
    return folder


def begin(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [program.PROGRAM, *ISOLATED],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder / "scratch")},
    )


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def process_of_endless(running: subprocess.Popen[str]) -> int:
    """The process that works on the endless case, once it does."""
    deadline = time.monotonic() + program.NO_HANG
    while time.monotonic() < deadline:
        for child in children(running.pid):
            try:
                if "van_der_pol_forced" in Path(f"/proc/{child}/cmdline").read_text():
                    return child
            except FileNotFoundError:
                continue
        time.sleep(0.01)
    raise AssertionError("the endless case was not begun")


def wait_for_journal(folder: Path, of: int) -> None:
    """Until the process has begun its case: a signal must not meet it while MPI starts."""
    deadline = time.monotonic() + program.NO_HANG
    while time.monotonic() < deadline:
        if any('"start"' in file.read_text() for file in (folder / "scratch").glob("*/case.h5.journal")):
            return
        time.sleep(0.01)
    raise AssertionError(f"process {of} has begun no case")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGSEGV, "ended by signal 11 (Segmentation fault)"),
        (signal.SIGKILL, "ended by signal 9 (Killed), for want of memory unless somebody has killed it"),
        (signal.SIGABRT, "ended by signal 6 (Aborted)"),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else "",
)
def test_a_crash_costs_only_its_case(suite: Path, number: signal.Signals, words: str) -> None:
    with begin(suite) as running:
        child = process_of_endless(running)
        wait_for_journal(suite, child)
        os.kill(child, number)
        out, err = running.communicate(timeout=program.NO_HANG)

    assert running.returncode == 1, (out, err)
    result = program.read(suite / "out.h5")
    assert result.finalized and result.statuses == ["pass", "crashed", "pass"]
    assert words in result.cases[1].reason
    assert out.rstrip().endswith("2 passed, 1 failed, 0 skipped")
    program.assert_valid(suite / "out.h5")
    assert program.names_in(suite) == {"suite.toml", "out.h5", "scratch"}
    assert not list((suite / "scratch").glob("retrace-*"))  # MPI leaves something of its own


def test_a_hang_costs_only_its_case(suite: Path) -> None:
    done = program.run(*ISOLATED, "--case-timeout", "2s", cwd=suite)

    assert (done.code, done.last_line) == (1, "2 passed, 1 failed, 0 skipped"), done
    result = program.read(suite / "out.h5")
    assert result.finalized and result.statuses == ["pass", "timeout", "pass"]
    assert result.cases[1].reason.startswith("ran longer than case_timeout; rank 0 was at: ")
    assert program.run("inspect", "--exit-code", "out.h5", cwd=suite).code == 1


def test_a_signal_ends_the_run_and_the_same_command_goes_on(suite: Path) -> None:
    with begin(suite) as running:
        wait_for_journal(suite, process_of_endless(running))
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=program.NO_HANG)
    assert running.returncode == 75, (out, err)
    assert program.read(suite / "out.h5").statuses == ["pass"]
    assert program.run("inspect", "--exit-code", "out.h5", cwd=suite).code == 75
    journal = (suite / "out.h5.journal").read_text().splitlines()

    again = program.run(*ISOLATED, "--case-timeout", "2s", cwd=suite)

    assert again.code == 1 and program.read(suite / "out.h5").statuses == ["pass", "timeout", "pass"], again
    lines = [json.loads(line) for line in journal]
    given_up = [line["abandoned"] for line in lines if "abandoned" in line]
    assert len(given_up) == 1 and "van_der_pol_forced" in given_up[0]  # so it counts as no crash


def test_a_time_limit_ends_the_run(suite: Path) -> None:
    done = program.run(*ISOLATED, "--time-limit", "4s", cwd=suite)

    assert done.code == 75, done
    assert program.read(suite / "out.h5").statuses in (["pass"], [])


def test_the_process_of_a_case_dies_with_the_run(suite: Path) -> None:
    with begin(suite) as running:
        child = process_of_endless(running)
        running.kill()
        running.communicate(timeout=program.NO_HANG)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{child}/stat").read_text().split(") ")[1].startswith("Z"):
            break
        time.sleep(0.01)
    else:
        assert not Path(f"/proc/{child}").exists()
    (suite / "suite.toml").write_text(program.SUITE + LAST)
    assert program.run(*ISOLATED, "--resume=force", cwd=suite).code == 0


def test_records_are_those_of_one_process(folder: Path) -> None:
    (folder / "suite.toml").write_text(
        program.SUITE.replace('"aca"', '["naive", "adjoint", "aca"]')
        + program.matrix("field", "neural_mlp", "widths = [3, 4, 3], n = 5, block = 2", "fixed = { n = 8 }")
        + "\n[checks]\norder = { enable = true }\n"
    )
    together = program.run("run", "--no-ceilings", "-c", "suite.toml", "-o", "together.h5", cwd=folder)
    alone = program.run(*ISOLATED, cwd=folder)
    assert (together.code, together.last_line) == (alone.code, alone.last_line), (together, alone)

    done = program.run("compare", "out.h5", "together.h5", "--gate", "numeric,counters,memory", cwd=folder)

    assert done.code == 0 and "better" not in done.out.split("\nlines")[0], done
    with h5py.File(folder / "out.h5", "r") as a, h5py.File(folder / "together.h5", "r") as b:
        assert list(a["checks/check"].asstr()[:]) == list(b["checks/check"].asstr()[:])
        assert list(a["convergence/error"][:]) == list(b["convergence/error"][:])
        assert list(a["accuracy/grad_digest"].asstr()[:]) == list(b["accuracy/grad_digest"].asstr()[:])
        assert len(a["runs/run"]) == 1
    program.assert_valid(folder / "out.h5")


def test_verify_without_a_file(folder: Path) -> None:
    done = program.run("verify", "-c", "suite.toml", "--isolate=case", cwd=folder)
    assert (done.code, done.last_line) == (0, "1 passed, 0 failed, 0 skipped"), done
    assert program.names_in(folder) == {"suite.toml"}


@pytest.mark.ranks
@pytest.mark.parametrize("ranks", [1, 3])
def test_ranks_are_refused(folder: Path, ranks: int) -> None:
    """Also a single one: its variables would make each process take itself for that rank."""
    done = program.run_ranks(ranks, *ISOLATED, cwd=folder)
    assert done.code == 2 and "--isolate=case starts the program itself and cannot do so on ranks" in done.err, done
    assert program.names_in(folder) == {"suite.toml"}
