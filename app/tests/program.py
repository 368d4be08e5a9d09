"""Runs the program as a user does, alone or on several ranks, and reads what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py

PROGRAM = os.environ["RETRACE_PROGRAM"]
MPIEXEC = (os.environ["RETRACE_MPIEXEC"], os.environ["RETRACE_NUMPROC_FLAG"])
NO_HANG = 60.0  # seconds; nothing here takes a tenth of it on a free machine

SUITE = """\
schema = 1
title = "Acceptance"

[run]
repeat = 1
warmup = 0
min_time = "1ms"
case_timeout = "1min"

[[matrix]]
name = "m"
problem = "linear"
problem_args = { T = 1.0, n = 3 }
method = "aca"
solver = "dormand_prince54"
control = { adaptive = { rtol = 1e-6 } }
"""


def matrix(name: str, problem: str, arguments: str, control: str, method: str = '"aca"') -> str:
    """One more [[matrix]] for a suite."""
    return (
        f'\n[[matrix]]\nname = "{name}"\nproblem = "{problem}"\nproblem_args = {{ {arguments} }}\n'
        f'method = {method}\nsolver = "dormand_prince54"\ncontrol = {{ {control} }}\n'
    )


def checks_off(*names: str) -> str:
    """The section [checks] without these."""
    return "\n[checks]\n" + "".join(f"{name} = {{ enable = false }}\n" for name in names)


SLOW_CHECKS = (
    "dual",
    "program_dual",
    "program_complex_step",
    "difference_frozen",
    "difference_program",
    "invariants",
    "consistency",
    "reference",
)


@dataclass(frozen=True)
class Done:
    """How a run ended; on several ranks, `code` is that of each of them."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The program's own lines on stderr; a launcher adds some of its own."""
        return [line for line in self.err.splitlines() if line.startswith("retrace: ")]

    @property
    def last_line(self) -> str:
        return self.out.rstrip("\n").rpartition("\n")[2]


def run(*arguments: str, cwd: Path, **environment: str) -> Done:
    """Without a launcher."""
    return plain([PROGRAM, *arguments], cwd, environment)


def plain(words: list[str], cwd: Path, environment: Mapping[str, str] | None = None) -> Done:
    """Any command, whose own exit code counts."""
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=NO_HANG,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


# Launchers end a job at the first code that is not 0, so each rank notes its own and ends with 0.
NOTING = (
    "rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-${PMIX_RANK:?no rank}}}; "
    '"$@" & echo $! > "$RETRACE_NOTES/pid.$rank"; wait $!; echo $? > "$RETRACE_NOTES/code.$rank"'
)


def noted(ranks: int, *arguments: str) -> list[str]:
    """Words for the launcher; the run needs RETRACE_NOTES, a folder."""
    return [*MPIEXEC[1:], str(ranks), "sh", "-c", NOTING, "sh", PROGRAM, *arguments]


def run_ranks(ranks: int, *arguments: str, cwd: Path, prefix: Sequence[str] = (), **environment: str) -> Done:
    """On so many ranks, all of which must end with the same code."""
    return run_parts(noted(ranks, *arguments), cwd=cwd, ranks=ranks, prefix=prefix, **environment)


def run_parts(words: list[str], cwd: Path, ranks: int, prefix: Sequence[str] = (), **environment: str) -> Done:
    """As run_ranks with the launcher's words given, which may start different commands on different ranks."""
    with tempfile.TemporaryDirectory() as notes:
        done = plain([*prefix, MPIEXEC[0], *words], cwd, {**environment, "RETRACE_NOTES": notes})
        codes = codes_of(Path(notes))
    assert len(codes) == ranks and len(set(codes)) == 1, (codes, done)
    assert done.code == 0, done
    return Done(codes[0], done.out, done.err)


def codes_of(notes: Path) -> list[int]:
    return [int(file.read_text()) for file in sorted(notes.glob("code.*"))]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@dataclass(frozen=True)
class Case:
    id: str
    status: str
    reason: str
    digest: str


@dataclass(frozen=True)
class Result:
    finalized: bool
    exit_code: int
    ended_by: str
    cases: list[Case]

    @property
    def statuses(self) -> list[str]:
        return [case.status for case in self.cases]


def read(path: Path) -> Result:
    with h5py.File(path, "r") as file:

        def words(table: str, column: str) -> list[str]:
            data = file[table][column]
            if "flag_meanings" in data.attrs:
                meanings = data.attrs["flag_meanings"].split()
                return [meanings[code] for code in data[:]]
            return list(data.asstr()[:])

        cases = zip(
            words("cases", "case_id"),
            words("cases", "status"),
            words("cases", "reason"),
            words("accuracy", "grad_digest"),
            strict=True,
        )
        return Result(
            bool(file.attrs["finalized"]),
            int(file["runs/exit_code"][-1]),
            words("runs", "ended_by")[-1],
            [Case(*case) for case in cases],
        )


def assert_valid(path: Path) -> None:
    done = run("inspect", "--validate", path.name, cwd=path.parent)
    assert (done.code, done.err) == (0, ""), done
