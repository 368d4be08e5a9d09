"""Job scripts: valid bash, the resources asked for, the cases as given, the verdict from the file. Slurm runs them for real in
test_slurm.py."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import program
import pytest

SCHEDULERS = ("slurm", "flux", "pbs", "lsf")
FORMS = {"one": (), "array": ("--array", "8"), "compare": ("--compare", "old/retrace", "new/retrace")}


def script(folder: Path, *arguments: str) -> str:
    done = program.run("script", *arguments, cwd=folder)
    assert (done.code, done.err) == (0, ""), done
    return done.out


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_is_clean_bash(tmp_path: Path, scheduler: str, form: tuple[str, ...]) -> None:
    text = script(tmp_path, scheduler, "--suite", "quick", "--ranks", "4", "--nodes", "2", *form)
    assert text.startswith("#!/bin/bash\n")
    (tmp_path / "job.sh").write_text(text)
    assert program.plain(["bash", "-n", "job.sh"], cwd=tmp_path).err == ""
    if shutil.which("shellcheck"):
        checked = program.plain(["shellcheck", "job.sh"], cwd=tmp_path)
        assert checked.code == 0, checked.out


SHAPE = ("--nodes", "2", "--ranks", "8", "--cpus", "16", "--gpus", "1", "--time", "90min", "--queue", "big", "--account", "x")
RESOURCES = {
    "slurm": (
        "--nodes=2 --ntasks=8 --ntasks-per-node=4 --cpus-per-task=16",
        "--gpus-per-task=1",
        "--time=01:30:00",
        "--signal=USR1@180",
        "--partition=big",
        "--account=x",
    ),
    "flux": ("-N 2 -n 8 -c 16 -g 1", "-t 5400s", "--queue=big", "--bank=x"),
    "pbs": ("select=2:ncpus=64:mpiprocs=4:ompthreads=16:ngpus=4", "walltime=01:30:00", "-q big", "-A x"),
    "lsf": ("-n 8 ", "span[ptile=4]", "core(16)", "-W 90", '-gpu "num=1/task"', "-wt 3 -wa USR1", "-q big", "-P x"),
}


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_asks_for_the_resources(tmp_path: Path, scheduler: str) -> None:
    text = script(tmp_path, scheduler, "--suite", "quick", *SHAPE)
    mark = {"slurm": "#SBATCH ", "flux": "#flux: ", "pbs": "#PBS ", "lsf": "#BSUB "}[scheduler]
    directives = " ".join(line for line in text.splitlines() if line.startswith(mark))
    for wanted in RESOURCES[scheduler]:
        assert wanted in directives
    assert "OMP_NUM_THREADS=16" in text


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_cases_reach_the_program_as_given(tmp_path: Path, scheduler: str) -> None:
    chosen = ["-c", "a b.toml", "-k", "tag:x & !y/**", "-x", "it's", "--set", 'title="q"']
    text = script(tmp_path, scheduler, *chosen, "-o", "study.h5").replace("\\\n", " ")
    line = next(line for line in text.splitlines() if " run -c " in line)
    words = shlex.split(line)
    own = words[words.index("retrace") + 1 :]
    assert own[: len(chosen) + 3] == ["run", *chosen, "-o", "study.h5"]


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_verdict_comes_from_the_file_and_75_submits_again(tmp_path: Path, scheduler: str) -> None:
    text = script(tmp_path, scheduler, "--suite", "quick", "-o", "study.h5", "--requeues", "3")
    again = {
        "slurm": 'scontrol requeue "$SLURM_JOB_ID"',
        "flux": 'flux batch "$self"',
        "pbs": 'RETRACE_TRY=$((${RETRACE_TRY:-0} + 1)) "$self"',
        "lsf": 'bsub < "$self"',
    }[scheduler]
    assert "retrace inspect --exit-code study.h5; rc=$?" in text
    assert re.search(r"\$rc -eq 75 .*-lt .*RETRACE_MAX_REQUEUE:-3.*; then\n.*" + re.escape(again), text)
    assert text.endswith("exit $rc\n")


@pytest.mark.parametrize("scheduler", ["flux", "pbs", "lsf"])
def test_limit_is_told_where_the_program_cannot_ask(tmp_path: Path, scheduler: str) -> None:
    text = script(tmp_path, scheduler, "--suite", "quick", "--time", "1h")
    assert re.search(r'--time-limit "\$\(\((3420 - SECONDS|\$\{left%\.\*\} - 180)\)\)s"', text)


def test_array_gives_every_job_its_shard_and_file(tmp_path: Path) -> None:
    text = script(tmp_path, "slurm", "--suite", "quick", "-o", "study.h5", "--array", "8")
    assert "#SBATCH --array=1-8" in text
    assert '-o study."$SLURM_ARRAY_TASK_ID".h5 --shard "$SLURM_ARRAY_TASK_ID/8"' in text
    assert '--dependency=afterany:"$jobs"' in text
    assert "retrace merge study.[0-9]*.h5 -o study.h5" in text


STAND_IN = """#!/bin/bash
case $1 in run) echo "$0" >> order.txt ;; esac
"""


@pytest.mark.parametrize("launches", [5, 8])
def test_comparison_runs_the_programs_in_turn(tmp_path: Path, launches: int) -> None:
    """The script of a scheduler without its scheduler: a stand-in starts the ranks and for the programs."""
    for name in ("old", "new", "mpirun"):
        (tmp_path / name).write_text(STAND_IN if name != "mpirun" else '#!/bin/bash\nshift 2\nexec "$@"\n')
        (tmp_path / name).chmod(0o755)
    pair = ("--compare", "./old", "./new", "--launches", str(launches))
    (tmp_path / "job.sh").write_text(script(tmp_path, "lsf", "--suite", "quick", *pair))

    done = program.plain(["bash", "job.sh"], tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"})

    assert done.code == 0, done
    order = [Path(word).name for word in (tmp_path / "order.txt").read_text().split()]
    assert order.count("old") == order.count("new") == launches
    assert order[:8] == ["old", "new", "new", "old", "old", "new", "new", "old"]


BAD = {
    "scheduler": (["slrum"], "unknown word 'slrum'; did you mean 'slurm'?"),
    "no_scheduler": ([], "scheduler is required"),
    "time_without_unit": (["slurm", "--time", "60"], "--time: "),
    "time_too_short": (["slurm", "--time", "5s"], "a job lasts from one minute to a year"),
    "uneven": (["slurm", "--nodes", "2", "--ranks", "7"], "--ranks 7 is no multiple of --nodes 2"),
    "few_launches": (["slurm", "--launches", "4"], "--launches: '4' is not an integer from 5 to 1000"),
    "array_and_compare": (["slurm", "--array", "2", "--compare", "a", "b"], "exclude each other"),
    "name": (["slurm", "--job-name", "a b"], "--job-name 'a b': letters, digits"),
    "output": (["slurm", "-o", "$HOME/x.h5"], "--output '$HOME/x.h5'"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_request(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = program.run("script", *arguments, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("retrace: ") and done.err.count("\n") == 1
    assert message in done.err
