"""The script of `retrace script slurm` on a real Slurm: submitted on two and on four ranks, it meets its time limit, is put back,
goes on in the same file, finishes and reports; a job array is merged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import program
import pytest
from slurm_node import CannotStart, SlurmNode

# Some 70 s of timed samples, more than a job of one minute has (the shortest that Slurm knows), and less than two.
LONG_CASES, SAMPLES, SECONDS_PER_SAMPLE = 35, 4, 0.5
SUITE = f"""\
schema = 1
title = "Job of two parts"

[run]
repeat = {SAMPLES}
warmup = 0
min_time = "{1000 * SECONDS_PER_SAMPLE:.0f}ms"
case_timeout = "1min"

[checks]
methods_agree = {{ enable = false }}

[[matrix]]
name = "m"
problem = "linear"
problem_args = {{ n = {list(range(1, LONG_CASES + 1))} }}
method = "aca"
solver = "rk4"
control = {{ fixed = {{ n = 4 }} }}
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmNode]:
    folder = tmp_path_factory.mktemp("slurm")
    if "--resume" not in program.run("run", "--help", cwd=folder).out:
        pytest.skip("this program does not go on in an unfinished file")
    try:
        node = SlurmNode(folder)
    except CannotStart as why:
        pytest.skip(f"no Slurm here: {why}")
    yield node
    node.stop()


def submit(slurm: SlurmNode, folder: Path, *options: str) -> str:
    """The id of the job."""
    done = program.run("script", "slurm", "--program", program.PROGRAM, *options, cwd=folder)
    assert done.code == 0, done
    (folder / "job.sh").write_text(done.out)
    return slurm.call("sbatch", "--parsable", "job.sh", cwd=folder).strip()


def state(slurm: SlurmNode, job: str) -> dict[str, str]:
    text = slurm.call("scontrol", "-o", "show", "job", job)
    return dict(word.split("=", 1) for word in text.split() if "=" in word)


def test_job_of_two_parts(slurm: SlurmNode, tmp_path: Path) -> None:
    jobs = {}
    for ranks in (2, 4):
        folder = tmp_path / f"ranks{ranks}"
        folder.mkdir()
        (folder / "suite.toml").write_text(SUITE)
        shape = ("--ranks", str(ranks), "--time", "1min", "--job-name", f"two-parts-{ranks}")
        shape += ("--requeues", "20")  # six ranks on a busy machine of two cores do little in a minute
        jobs[ranks] = submit(slurm, folder, "-c", "suite.toml", "-o", "study.h5", *shape)
        slurm.wait([jobs[ranks]], 300)  # side by side they would take each other's time, and the report's

    for ranks, job in jobs.items():
        folder = tmp_path / f"ranks{ranks}"
        log = (folder / f"two-parts-{ranks}-{job}.log").read_text()
        ended = state(slurm, job)
        assert ended["JobState"] == "COMPLETED" and ended["ExitCode"] == "0:0", (ended, log)
        assert int(ended["Restarts"]) >= 1, log
        result = program.read(folder / "study.h5")
        assert result.finalized and result.statuses == ["pass"] * LONG_CASES, log
        with h5py.File(folder / "study.h5") as file:
            runs, of_case = file["runs"], file["cases/run"][:]
            assert list(runs["world_size"][:]) == [ranks] * (int(ended["Restarts"]) + 1)
            assert runs["exit_code"][-1] == 0 and set(runs["exit_code"][:-1]) <= {75, -1}
            assert {0, len(runs["exit_code"]) - 1} <= set(of_case)  # both parts did some
        assert (folder / "study.html").stat().st_size > 10_000, log
        program.assert_valid(folder / "study.h5")


def test_array_is_merged(slurm: SlurmNode, tmp_path: Path) -> None:
    (tmp_path / "suite.toml").write_text(SUITE.replace(f"repeat = {SAMPLES}", "repeat = 1").replace("500ms", "1ms"))
    options = ("--array", "3", "--program", program.PROGRAM, "-c", "suite.toml", "-o", "study.h5", "--time", "2min")
    done = program.run("script", "slurm", *options, cwd=tmp_path)
    assert done.code == 0, done
    (tmp_path / "jobs.sh").write_text(done.out)
    join = slurm.call("bash", "jobs.sh", cwd=tmp_path).split()[-1]

    slurm.wait([join], 300)

    log = (tmp_path / f"retrace-join-{join}.log").read_text()
    assert state(slurm, join)["ExitCode"] == "0:0", log
    assert {f"study.{i}.h5" for i in (1, 2, 3)} <= program.names_in(tmp_path)
    result = program.read(tmp_path / "study.h5")
    assert result.statuses == ["pass"] * LONG_CASES, log
    assert len({case.id for case in result.cases}) == LONG_CASES
    assert (tmp_path / "study.html").exists(), log


def test_is_skipped_with_a_reason_where_slurm_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slurm_node.SEARCH", str(tmp_path))
    with pytest.raises(CannotStart, match="not installed: munged, slurmctld"):
        SlurmNode(tmp_path)
    assert shutil.which("sh")  # the machine's own path is as it was
