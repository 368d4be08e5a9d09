"""A Slurm of one node, all of it in one folder: munged, slurmctld and slurmd of the user who runs the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "sinfo")
SEARCH = os.environ["PATH"] + ":/usr/sbin:/sbin"

# Four processors whatever the machine has, which jobs may share; a job that is put back may start after cred_expire. A
# job of one minute, the shortest there is, has another one for its report: the signal comes on time nevertheless.
CONFIGURATION = """\
ClusterName=retrace-test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={daemon_port}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.sock,cred_expire=5
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=3
OverTimeLimit=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES OverSubscribe=FORCE:4 MaxTime=60 State=UP
"""


class CannotStart(Exception):
    """Why there is no Slurm here."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SlurmNode:
    def __init__(self, folder: Path) -> None:
        missing = [name for name in PROGRAMS if not shutil.which(name, path=SEARCH)]
        if missing:
            raise CannotStart(f"not installed: {', '.join(missing)} (Debian: slurmctld slurmd slurm-client munge)")
        self.folder = folder
        self.environment = {
            **os.environ,
            "PATH": SEARCH,
            "SLURM_CONF": str(folder / "slurm.conf"),
            "OMPI_MCA_mpi_yield_when_idle": "1",  # jobs share the machine's few processors
        }
        for name in ("state", "spool"):
            (folder / name).mkdir()
        text = CONFIGURATION.format(
            folder=folder,
            host=socket.gethostname().split(".")[0],
            user=subprocess.check_output(["id", "-un"], text=True).strip(),
            controller_port=free_port(),
            daemon_port=free_port(),
        )
        (folder / "slurm.conf").write_text(text)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        try:
            files = ("key-file=munge.key", "socket=munge.sock", "pid-file=munged.pid", "log-file=munged.log", "seed-file=seed")
            self._start("munged", "--force", *(f"--{file.replace('=', f'={folder}/')}" for file in files))
            self._start("slurmctld", "-c")
            self._start("slurmd", "-c")
            self._wait_for(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T", may_fail=True), 30, "a node at rest")
        except CannotStart:
            self.stop()
            raise

    def call(self, *words: str, cwd: Path | None = None, may_fail: bool = False) -> str:
        done = subprocess.run(
            words, cwd=cwd, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0 and not may_fail:
            raise AssertionError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def wait(self, jobs: list[str], seconds: float) -> None:
        """Until all of these jobs have left the queue."""
        self._wait_for(lambda: not self.call("squeue", "-h", "-j", ",".join(jobs), may_fail=True).strip(), seconds, "jobs")

    def stop(self) -> None:
        for name in ("slurmctld", "slurmd", "munged"):  # each by the id that it wrote down itself
            with suppress(FileNotFoundError, ProcessLookupError, ValueError):
                os.kill(int((self.folder / f"{name}.pid").read_text()), signal.SIGTERM)

    def _start(self, name: str, *options: str) -> None:
        done = subprocess.run([name, *options], env=self.environment, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise CannotStart(f"{name} does not start: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")

    def _wait_for(self, holds, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise CannotStart(f"{what}: not within {seconds:.0f} s")
            time.sleep(0.5)
