"""What goes wrong while cases run is recorded, the other cases go on, and the exit code tells."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import program
import pytest

TOLERANCE = "adaptive = { rtol = 1e-6 }"
ALONE_AND_TOGETHER = pytest.mark.parametrize("ranks", [1, pytest.param(3, marks=pytest.mark.ranks)])

NET = "widths = [3, 4, 3], n = 5, block = 2"
TROUBLED = program.SUITE + "".join(
    [
        program.matrix("steps", "linear", "T = 10.0, n = 3", "adaptive = { rtol = 1e-6, max_steps = 7 }"),
        # y = y0 exp(100 t) leaves the range of a double at t = 7.09, a third of the way.
        program.matrix("overflow", "linear", "T = 20.0, n = 3, k = 100.0", TOLERANCE),
        program.matrix("overflow-fixed", "linear", "T = 20.0, n = 3, k = 100.0", "fixed = { n = 2000 }"),
        program.matrix("field", "neural_mlp", NET, "adaptive = { rtol = 1e-6, max_steps = 2 }"),
        program.matrix("last", "linear", "T = 2.0, n = 3", TOLERANCE),
    ]
)


@ALONE_AND_TOGETHER
def test_failing_solves_are_recorded_and_the_others_go_on(folder: Path, ranks: int) -> None:
    (folder / "suite.toml").write_text(TROUBLED)
    arguments = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")

    done = program.run(*arguments, cwd=folder) if ranks == 1 else program.run_ranks(ranks, *arguments, cwd=folder)

    assert done.code == 1, done
    assert done.complaints == []
    assert done.last_line == "2 passed, 4 failed, 0 skipped"
    result = program.read(folder / "out.h5")
    assert result.finalized and result.exit_code == 1
    assert result.statuses == ["pass", "fail", "nonfinite", "nonfinite", "fail", "pass"]
    reasons = [case.reason for case in result.cases]
    assert reasons[1].startswith("max_steps: 3 of 3 trajectories not at T after max_steps = 7 steps tried (21 accepted")
    assert reasons[2].startswith("non_finite: 3 of 3 trajectories met a number that is not finite (")
    assert reasons[3].endswith("met a number that is not finite (6000 accepted and 0 rejected in all)")
    assert reasons[4].startswith("max_steps: a solve not at T after max_steps = 2 steps tried")
    assert all(reason in done.out for reason in reasons)
    program.assert_valid(folder / "out.h5")
    assert program.run("inspect", "--exit-code", "out.h5", cwd=folder) == program.Done(1, "", "")


def test_every_method_reports_an_overflow(folder: Path) -> None:
    (folder / "suite.toml").write_text(
        program.SUITE.replace('"aca"', '["naive", "adjoint", "aca"]').replace("T = 1.0", "T = 20.0, k = 100.0")
    )

    done = program.run("verify", "-c", "suite.toml", "-o", "out.h5", cwd=folder)

    assert done.code == 1
    assert program.read(folder / "out.h5").statuses == ["nonfinite"] * 3


def test_failed_solve_fails_without_any_check(folder: Path) -> None:
    (folder / "suite.toml").write_text(TROUBLED + program.checks_off("finite", "repro", *program.SLOW_CHECKS))

    done = program.run("verify", "-c", "suite.toml", "-k", "**/rtol1e-6-atol1e-6-max7/**", "-o", "out.h5", cwd=folder)

    assert done.code == 1
    assert program.read(folder / "out.h5").statuses == ["fail"]


def test_maxfail_stops_at_the_first_failure(folder: Path) -> None:
    (folder / "suite.toml").write_text(TROUBLED)

    done = program.run("verify", "--maxfail", "1", "-q", "-c", "suite.toml", cwd=folder)

    assert done.code == 1
    assert done.last_line == "1 passed, 1 failed, 0 skipped"


# Minutes of work: the reference alone takes longer than any limit here.
ENDLESS = program.matrix("endless", "van_der_pol_forced", "T = 2000.0, n = 200", "adaptive = { rtol = 1e-3 }")


@ALONE_AND_TOGETHER
def test_case_timeout_is_recorded(folder: Path, ranks: int) -> None:
    (folder / "suite.toml").write_text(program.SUITE.replace("1min", "700ms") + ENDLESS)
    launcher = [] if ranks == 1 else [*program.MPIEXEC, str(ranks)]

    done = program.plain(
        [*launcher, program.PROGRAM, "run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5"], folder
    )

    assert done.code == 75, done
    assert done.last_line == "1 passed, 1 failed, 0 skipped"
    assert any("ran longer than case_timeout; rank 0 was at: reference" in line for line in done.complaints)
    result = program.read(folder / "out.h5")
    assert not result.finalized and (result.exit_code, result.ended_by) == (75, "time_limit")
    assert result.statuses == ["pass", "timeout"]
    assert result.cases[1].reason == "ran longer than case_timeout; rank 0 was at: reference"
    assert program.names_in(folder) == {"suite.toml", "out.h5", "out.h5.journal"}
    program.assert_valid(folder / "out.h5")
    assert program.run("inspect", "--exit-code", "out.h5", cwd=folder).code == 75


def test_timeout_of_centuries_does_not_wrap_around(folder: Path) -> None:
    done = program.run("verify", "-c", "suite.toml", "--set", 'run.case_timeout="99999999999h"', cwd=folder)

    assert done.code == 0, done


# Thirty cases of a tenth of a second, so that a signal meets one of them.
MANY_STEPS = f"fixed = {{ n = {list(range(1, 31))} }}"
LONG = program.SUITE.replace("1ms", "100ms").replace(TOLERANCE, MANY_STEPS)
LONG += program.checks_off("consistency", "reference")


def begin(folder: Path, *extra: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [program.PROGRAM, "run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5", *extra],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1], ids=lambda number: number.name)
def test_signal_ends_the_run_after_the_case(folder: Path, number: signal.Signals) -> None:
    (folder / "suite.toml").write_text(LONG)
    running = begin(folder)
    assert running.stdout is not None
    first = running.stdout.readline()

    running.send_signal(number)
    out, err = running.communicate(timeout=program.NO_HANG)

    assert running.returncode == 75 and err == "", (running.returncode, out, err)
    assert first.startswith("[ 1/30] pass")
    result = program.read(folder / "out.h5")
    assert not result.finalized and (result.exit_code, result.ended_by) == (75, "signal")
    assert 1 <= len(result.cases) < 30 and set(result.statuses) == {"pass"}
    assert out.splitlines()[-1] == f"{len(result.cases)} passed, 0 failed, 0 skipped"
    assert program.names_in(folder) == {"suite.toml", "out.h5", "out.h5.journal"}
    program.assert_valid(folder / "out.h5")


def test_second_interrupt_does_not_wait_for_the_case(folder: Path) -> None:
    (folder / "suite.toml").write_text(program.SUITE + ENDLESS)
    running = begin(folder)
    assert running.stdout is not None
    running.stdout.readline()  # the case that ends
    time.sleep(1.0)  # the endless one has begun; between two cases one signal is enough

    running.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=10)

    assert running.returncode == 75
    result = program.read(folder / "out.h5")  # of the beginning: the next snapshot was not due
    assert not result.finalized
    program.assert_valid(folder / "out.h5")
