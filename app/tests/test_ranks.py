"""Ranks that do not see or meet the same: nobody waits for a rank that has left."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import program
import pytest

pytestmark = pytest.mark.ranks

def mixed(first: list[str], others: list[str]) -> list[str]:
    """Words for the launcher: `first` on rank 0, `others` on ranks 1 and 2."""
    return [*first, ":", *others]


def part(ranks: int, *arguments: str, folder: Path) -> list[str]:
    return ["-wdir", str(folder), *program.noted(ranks, *arguments)]


def test_suite_that_only_rank_0_sees_is_enough(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    call = ("verify", "-c", "suite.toml")

    done = program.run_parts(mixed(part(1, *call, folder=folder), part(2, *call, folder=elsewhere)), folder, 3)

    assert done.code == 0 and done.last_line == "1 passed, 0 failed, 0 skipped"


def test_suite_that_only_rank_0_misses(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    call = ("verify", "-c", "suite.toml")

    done = program.run_parts(mixed(part(1, *call, folder=elsewhere), part(2, *call, folder=folder)), folder, 3)

    assert done.code == 2
    assert done.complaints == ["retrace: suite.toml: cannot be read: No such file or directory"]


def test_output_that_only_rank_0_cannot_write(folder: Path) -> None:
    nowhere = folder / "nowhere"
    nowhere.mkdir()
    (nowhere / "suite.toml").write_text(program.SUITE)
    (nowhere / "results").write_text("not a folder")
    (folder / "results").mkdir()
    call = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "results/out.h5")

    done = program.run_parts(mixed(part(1, *call, folder=nowhere), part(2, *call, folder=folder)), folder, 3)

    assert done.code == 2
    assert done.complaints == ["retrace: output 'results/out.h5': there is no folder 'results'"]
    assert program.names_in(folder / "results") == set()


def test_mistake_that_only_the_others_make_is_named(folder: Path) -> None:
    call = ("verify", "-c", "suite.toml")

    done = program.run_parts(
        mixed(part(1, *call, folder=folder), part(2, *call, "-k", "(", folder=folder)), folder, 3
    )

    assert done.code == 2
    assert len(done.complaints) == 1 and done.complaints[0].startswith("retrace: rank 1: filter '('")


def test_rank_that_leaves_outside_the_fixed_points_ends_the_others(folder: Path) -> None:
    """It waits five seconds for them, then aborts; they would wait for it in a broadcast."""
    leaves = [*program.MPIEXEC[1:], "1", program.PROGRAM, "verify", "--suite", "quik"]
    waits = [*program.MPIEXEC[1:], "2", program.PROGRAM, "verify", "-c", "suite.toml"]

    begin = time.monotonic()
    done = program.plain([program.MPIEXEC[0], *mixed(waits, leaves)], folder)

    assert done.code == 2, done
    assert time.monotonic() - begin < 30


class Running:
    """The program on three ranks with its suite, after the first case has begun."""

    def __init__(self, folder: Path, suite: str) -> None:
        (folder / "suite.toml").write_text(suite)
        self.notes = folder / "notes"
        self.notes.mkdir()
        words = program.noted(3, "run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")
        self.process = subprocess.Popen(
            ["env", f"RETRACE_NOTES={self.notes}", program.MPIEXEC[0], *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + program.NO_HANG
        while not (folder / "out.h5").exists():
            assert time.monotonic() < deadline and self.process.poll() is None
            time.sleep(0.01)
        time.sleep(0.2)

    def process_of(self, rank: int) -> int:
        return int((self.notes / f"pid.{rank}").read_text())

    def end(self) -> tuple[program.Done, list[int]]:
        out, err = self.process.communicate(timeout=program.NO_HANG)
        return program.Done(self.process.returncode, out, err), program.codes_of(self.notes)


def test_signal_to_one_rank_ends_all_of_them_alike(folder: Path) -> None:
    cases = f"fixed = {{ n = {list(range(1, 31))} }}"
    suite = program.SUITE.replace("1ms", "100ms").replace("adaptive = { rtol = 1e-6 }", cases)
    running = Running(folder, suite)

    os.kill(running.process_of(2), signal.SIGTERM)
    done, codes = running.end()

    assert codes == [75, 75, 75], (codes, done)
    result = program.read(folder / "out.h5")
    assert not result.finalized and (result.exit_code, result.ended_by) == (75, "signal")
    assert 1 <= len(result.cases) < 30
    assert done.out.splitlines()[-1].endswith(" skipped")
    program.assert_valid(folder / "out.h5")


def limit_memory(process: int, more: int) -> None:
    """Lets a process have so many bytes more than it has."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + more
    resource.prlimit(process, resource.RLIMIT_AS, (size, size))


@pytest.fixture
def plain_memory(folder: Path) -> None:
    done = program.run("env", "--json", cwd=folder)
    rows = json.dumps(json.loads(done.out))
    if "-fsanitize" in rows:
        pytest.skip("a sanitizer's address space cannot be limited")


def one_more(name: str, count: int, steps: int, method: str) -> str:
    text = program.matrix(name, "linear", f"T = 1.0, n = {count}", f"fixed = {{ n = {steps} }}", f'"{method}"')
    return text.replace("dormand_prince54", "euler")


LEAN = (
    "schema = 1\n[run]\nrepeat = 1\nwarmup = 0\nmin_time = '1500ms'\ncase_timeout = '4s'\n"
    + program.checks_off(*program.SLOW_CHECKS)
)


@pytest.mark.usefixtures("plain_memory")
def test_memory_that_ends_on_one_rank_ends_the_case_on_all(folder: Path) -> None:
    """Sixteen trajectories a rank; the tape of 50000 steps does not fit on rank 1, the next case does."""
    steps = {"small": 2, "tape": 50_000, "next": 3}
    running = Running(folder, LEAN + "".join(one_more(name, 48, steps[name], "naive") for name in steps))

    limit_memory(running.process_of(1), 1_000_000)
    done, codes = running.end()

    assert codes == [1, 1, 1], (codes, done)
    result = program.read(folder / "out.h5")
    assert result.statuses == ["pass", "oom", "pass"], result
    assert result.cases[1].reason.startswith("gradient: rank 1: ") and "failed to allocate" in result.cases[1].reason
    assert done.last_line == "2 passed, 1 failed, 0 skipped"


@pytest.mark.usefixtures("plain_memory")
def test_rank_that_fails_while_others_communicate_is_ended_by_the_watchdog(folder: Path) -> None:
    """Not covered by the fixed points: rank 1 fails where the others already gather. The limit of the case ends it."""
    running = Running(folder, LEAN + one_more("small", 3, 2, "aca") + one_more("many", 600_000, 2, "aca"))

    limit_memory(running.process_of(1), 1_000_000)
    done, _ = running.end()

    assert done.code in (0, 75), done  # a launcher that waits for the noting shells says 0
    assert any("rank 1 was at: reference, failed with" in line for line in done.complaints), done
    result = program.read(folder / "out.h5")
    assert result.statuses == ["pass", "timeout"] and result.exit_code == 75
    program.assert_valid(folder / "out.h5")
