"""What ends a run early (time limits, schedulers, signals) leaves it resumable; parts of a suite come together again."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import h5py
import program
import pytest

RUN = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")
ALONE_AND_TOGETHER = pytest.mark.parametrize("ranks", [1, pytest.param(3, marks=pytest.mark.ranks)])
STEPS = f"fixed = {{ n = {list(range(1, 13))} }}"
SUITE = program.SUITE.replace("1ms", "600ms").replace("adaptive = { rtol = 1e-6 }", STEPS)
SUITE += program.checks_off("consistency", "reference")
ENDLESS = program.matrix("endless", "van_der_pol_forced", "T = 2000.0, n = 200", "adaptive = { rtol = 1e-3 }")


def start(ranks: int, *arguments: str, cwd: Path) -> program.Done:
    return program.run(*arguments, cwd=cwd) if ranks == 1 else program.run_ranks(ranks, *arguments, cwd=cwd)


def limit_after_start(folder: Path, ranks: int, seconds: float) -> str:
    """A time limit that leaves so many seconds for cases: how long the program takes to its first one is this machine's."""
    begin = time.monotonic()
    done = start(ranks, "run", "-q", "--no-ceilings", "-c", "suite.toml", "-o", "first.h5", "--time-limit", "0s", cwd=folder)
    assert done.code == 75, done
    for left in ("first.h5", "first.h5.journal"):
        (folder / left).unlink()
    return f"{time.monotonic() - begin + seconds:.1f}s"


@ALONE_AND_TOGETHER
def test_time_limit_ends_the_run_between_cases(folder: Path, ranks: int) -> None:
    (folder / "suite.toml").write_text(SUITE)
    limit = limit_after_start(folder, ranks, 3.0)

    begin = time.monotonic()
    done = start(ranks, *RUN, "--time-limit", limit, cwd=folder)

    assert done.code == 75, done
    assert time.monotonic() - begin < 2 * float(limit.rstrip("s")) + 5
    result = program.read(folder / "out.h5")
    assert not result.finalized and (result.exit_code, result.ended_by) == (75, "time_limit")
    assert 1 <= len(result.cases) < 12
    program.assert_valid(folder / "out.h5")
    assert program.run("inspect", "--exit-code", "out.h5", cwd=folder).code == 75
    again = start(ranks, *RUN, cwd=folder)
    assert again.code == 0 and program.read(folder / "out.h5").finalized, again


def test_no_time_at_all_is_resumable(folder: Path) -> None:
    done = program.run(*RUN, "--time-limit", "0s", cwd=folder)
    assert done.code == 75 and done.last_line == "0 passed, 0 failed, 0 skipped"
    assert program.run(*RUN, cwd=folder).code == 0


@pytest.mark.parametrize("limit", ["60", "soon", "-5s"])
def test_time_limit_needs_a_unit(folder: Path, limit: str) -> None:
    done = program.run(*RUN, f"--time-limit={limit}", cwd=folder)
    assert done.code == 2 and done.complaints[0].startswith("retrace: --time-limit: ")
    assert program.names_in(folder) == {"suite.toml"}


def cut_off(folder: Path) -> program.Result:
    """What is left when a case was cut off: it does not count as an attempt, so it never becomes `crashed` by that."""
    result = program.read(folder / "out.h5")
    assert not result.finalized and result.exit_code == 75 and result.statuses == ["pass"]
    program.assert_valid(folder / "out.h5")
    lines = [json.loads(line) for line in (folder / "out.h5.journal").read_text().splitlines()]
    started = [line["start"] for line in lines if "start" in line]
    given_up = [line["abandoned"] for line in lines if "abandoned" in line]
    assert given_up == started[-1:]
    assert not (folder / "out.h5.lock").exists()
    return result


def test_time_limit_cuts_a_case_off(folder: Path) -> None:
    (folder / "suite.toml").write_text(program.SUITE + ENDLESS)
    limit = limit_after_start(folder, 1, 4.0)

    for _ in range(3):  # twice without an end would be `crashed`
        done = program.run(*RUN, "--time-limit", limit, cwd=folder)

        assert done.code == 75, done
        assert any("did not end within the time limit of the run; rank 0 was at: reference" in x for x in done.complaints)
        assert cut_off(folder).ended_by == "time_limit"


def test_case_that_does_not_end_after_a_signal_is_cut_off(folder: Path) -> None:
    (folder / "suite.toml").write_text(program.SUITE + ENDLESS)
    running = subprocess.Popen(
        [program.PROGRAM, *RUN, "--grace", "0.5"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert running.stdout is not None
    running.stdout.readline()
    time.sleep(1.0)

    running.send_signal(signal.SIGUSR1)
    out, err = running.communicate(timeout=program.NO_HANG)

    assert running.returncode == 75 and "did not end soon enough after a signal" in err, (out, err)
    assert cut_off(folder).ended_by == "signal"


def test_second_interrupt_is_no_attempt(folder: Path) -> None:
    (folder / "suite.toml").write_text(program.SUITE + ENDLESS)
    for _ in range(3):
        running = subprocess.Popen(
            [program.PROGRAM, *RUN],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        deadline = time.monotonic() + program.NO_HANG
        journal = folder / "out.h5.journal"
        while not journal.exists() or '{"start":"van_der_pol_forced' not in journal.read_text().rstrip("\n").rpartition("\n")[2]:
            assert running.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=program.NO_HANG)
        assert running.returncode == 75
    last = json.loads((folder / "out.h5.journal").read_text().splitlines()[-1])
    assert last["abandoned"].startswith("van_der_pol_forced/")


# Not Flux: Open MPI looks for one of its own where FLUX_JOB_ID is set, and does not start without.
SCHEDULERS = {
    "slurm_variable": ({"SLURM_JOB_ID": "7", "SLURM_JOB_END_TIME": "{end}"}, "", "SLURM_JOB_END_TIME"),
    "slurm_asked": ({"SLURM_JOB_ID": "7"}, 'squeue:[ "$2" = --jobs=7 ] && echo 0:07', "squeue"),
    "pbs": ({"PBS_JOBID": "7", "PBS_WALLTIME": "7"}, "", "PBS_WALLTIME"),
}


@pytest.mark.parametrize(("variables", "command", "source"), SCHEDULERS.values(), ids=SCHEDULERS)
def test_the_time_of_the_job_is_the_limit(folder: Path, variables: dict[str, str], command: str, source: str) -> None:
    name, _, body = command.partition(":")
    if name:
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    variables = {key: value.format(end=int(time.time()) + 7) for key, value in variables.items()}
    (folder / "suite.toml").write_text(SUITE.replace("600ms", "2s"))

    done = program.run(*RUN, cwd=folder, PATH=f"{folder}:/usr/bin:/bin", **variables)

    assert done.code == 75, done
    assert f" s left ({source}); no case is begun" in done.out
    assert program.read(folder / "out.h5").ended_by == "time_limit"


@pytest.mark.parametrize("answer", ["UNLIMITED", "INVALID", "", "exit 1"])
def test_a_job_without_a_limit_has_none(folder: Path, answer: str) -> None:
    (folder / "squeue").write_text(f"#!/bin/sh\n{answer if answer == 'exit 1' else f'echo {answer}'}\n")
    (folder / "squeue").chmod(0o755)

    done = program.run(*RUN, cwd=folder, PATH=f"{folder}:/usr/bin:/bin", SLURM_JOB_ID="7")

    assert done.code == 0 and "s left" not in done.out, done


QUICK = SUITE.replace("600ms", "1ms")


@ALONE_AND_TOGETHER
def test_shards_are_the_suite(folder: Path, ranks: int) -> None:
    (folder / "suite.toml").write_text(QUICK)
    whole = program.run("run", "-q", "--no-ceilings", "-c", "suite.toml", "-o", "whole.h5", cwd=folder)
    assert whole.code == 0
    parts = []
    for i in (1, 2, 3):
        call = ("run", "-q", "--no-ceilings", "-c", "suite.toml", "--shard", f"{i}/3", "-o", f"part.{i}.h5")
        assert start(ranks, *call, cwd=folder).code == 0
        parts.append(program.read(folder / f"part.{i}.h5"))
        with h5py.File(folder / f"part.{i}.h5") as file:
            assert file["runs/shard"].asstr()[0] == f"{i}/3" and file.attrs["planned_cases"] == len(parts[-1].cases)

    done = program.run("merge", "part.2.h5", "part.1.h5", "part.3.h5", "-o", "all.h5", cwd=folder)

    assert done.code == 0 and done.err == "" and done.last_line == "12 passed, 0 failed, 0 skipped"
    assert [len(part.cases) for part in parts] == [4, 4, 4]
    merged = program.read(folder / "all.h5")
    assert merged.finalized and len(merged.cases) == 12
    assert {case.id: case.digest for case in merged.cases} == {
        case.id: case.digest for case in program.read(folder / "whole.h5").cases
    }
    program.assert_valid(folder / "all.h5")
    assert program.run("inspect", "--exit-code", "all.h5", cwd=folder).code == 0


def test_a_merge_without_all_shards_is_resumable(folder: Path) -> None:
    (folder / "suite.toml").write_text(QUICK)
    for i in (1, 3):
        call = ("run", "-q", "--no-ceilings", "-c", "suite.toml", "--shard", f"{i}/3", "-o", f"part.{i}.h5")
        assert program.run(*call, cwd=folder).code == 0

    done = program.run("merge", "part.1.h5", "part.3.h5", "-o", "all.h5", cwd=folder)

    assert done.code == 0 and done.complaints == ["retrace: all.h5: shards 2 of 3 are missing"]
    assert program.run("inspect", "--exit-code", "all.h5", cwd=folder).code == 75
    again = program.run("merge", "part.1.h5", "part.3.h5", "-o", "all.h5", cwd=folder)
    assert again.code == 2 and "exists and is not overwritten" in again.err


def test_launches_merge_into_samples(folder: Path) -> None:
    for i in (1, 2):
        assert program.run("run", "-q", "--no-ceilings", "-c", "suite.toml", "-o", f"l.{i}.h5", cwd=folder).code == 0

    assert program.run("merge", "l.1.h5", "l.2.h5", "-o", "all.h5", cwd=folder).code == 0

    with h5py.File(folder / "all.h5") as file:
        assert len(file["cases/case"]) == 1 and set(file["samples/launch"][:]) == {0, 1}
        assert file["cost/n_launches"][0] == 2 and list(file["runs/launch_index"][:]) == [0, 1]
    program.assert_valid(folder / "all.h5")


def test_contradicting_results_are_not_merged(folder: Path, good_result: bytes) -> None:
    for i in (1, 2):
        (folder / f"l.{i}.h5").write_bytes(good_result)
    with h5py.File(folder / "l.2.h5", "r+") as file:
        file["runs/run_uuid"][0] = "another"
        file["accuracy/grad_digest"][0] = "another"

    done = program.run("merge", "l.1.h5", "l.2.h5", "-o", "all.h5", cwd=folder)

    assert done.code == 2 and "differ in grad_digest of the case linear/aca" in done.err
    assert not (folder / "all.h5").exists()
    assert program.run("merge", "l.1.h5", "l.2.h5", "-o", "all.h5", "--prefer", "newest", cwd=folder).code == 0


WRONG = {
    "shard": ((*RUN, "--shard", "4/3"), "--shard '4/3': expected I/N with 1 <= I <= N"),
    "no_output": (("merge", "a.h5"), "merge: --output is required"),
    "no_such_file": (("merge", "a.h5", "-o", "b.h5"), "'a.h5': No such file or directory"),
    "resume": ((*RUN, "--resume=alwyas"), "--resume: unknown word 'alwyas'"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_bad_call(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = program.run(*arguments, cwd=folder)
    assert done.code == 2 and len(done.complaints) == 1 and said in done.err, done
    assert program.names_in(folder) == {"suite.toml"}
