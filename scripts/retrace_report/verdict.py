"""The verdict on a run, its failures with the command that repeats each, and the matrix of checks."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeVar

from . import schema
from .points import FAILED, ordered
from .reader import ResultFile

PLANNED_CASES = "planned_cases"  # root attribute
EXPECTED = "expected"  # a failed check of a case that the suite expects to fail
_SEVERITY = ("fail", "inconclusive", EXPECTED, "skipped", "pass")  # of outcomes, worst first


@dataclass(frozen=True)
class Verdict:
    word: str  # VALID, INVALID or INCOMPLETE
    sentence: str  # why
    counts: dict[str, int]  # by status, in the order of the schema, only those that occur
    cases: int
    progress: str = ""  # of an unfinished run without failures: "37 of 412", or "37 so far"

    @property
    def headline(self) -> str:
        """What the box says: an unfinished run is valid as far as it went."""
        return f"VALID, INCOMPLETE ({self.progress})" if self.progress else self.word


@dataclass(frozen=True)
class Failure:
    """One failed check, or the case itself where no check says more."""

    case_id: str
    status: str
    check: str
    value: float
    op: str
    threshold: float
    message: str
    command: str


@dataclass(frozen=True)
class Cell:
    """The verdicts of one check over a group of cases."""

    worst: str  # one of _SEVERITY
    counts: dict[str, int]


def verdict(result: ResultFile) -> Verdict:
    statuses = Counter(result["cases"]["status"])
    counts = {
        status: statuses[status]
        for status in (*schema.STATUS, *sorted(set(statuses) - set(schema.STATUS)))
        if statuses[status]
    }
    total, failed = sum(counts.values()), sum(counts.get(status, 0) for status in FAILED)
    ended = [word for word in result["runs"]["ended_by"] if word != "finished"]
    unfinished = _unfinished(result, ended)
    if failed:
        word, sentence = "INVALID", f"{failed} of {plural(total, 'case')} failed."
    elif not total:
        word, sentence = "INCOMPLETE", "The file holds no case."
    elif not counts.get("pass", 0) + counts.get("xfail", 0):
        word, sentence = "INCOMPLETE", f"None of {plural(total, 'case')} was verified."
    elif unfinished:
        word, sentence = "INCOMPLETE", f"{plural(total, 'case')} so far, none failed."
    else:
        word, sentence = "VALID", f"None of {plural(total, 'case')} failed."
    progress = _progress(result, total) if word == "INCOMPLETE" and counts.get("pass", 0) else ""
    return Verdict(word, " ".join(filter(None, [sentence, unfinished])), counts, total, progress)


def _progress(result: ResultFile, done: int) -> str:
    """How many cases the suite has is a root attribute that older files lack."""
    planned = result.attributes.get(PLANNED_CASES)
    return f"{done:,} so far" if planned is None else f"{done:,} of {int(planned):,}"


def _unfinished(result: ResultFile, ended: list[str]) -> str:
    if result.finalized:
        return ""
    how = f"ended by {ended[-1].replace('_', ' ')}" if ended else "not finalized: it still runs, or was killed"
    return f"The run is unfinished ({how})."


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rerun_command(case_id: str, cmdline: str, world_size: int) -> str:
    """The command line of the run, narrowed to one case and with an output file of its own."""
    try:
        words = shlex.split(cmdline)
    except ValueError:
        words = []
    dropped = {
        "-o",
        "--output",
        "-k",
        "--filter",
        "-x",
        "--exclude",
        "--shard",
        "--junit",
        "--json",
        "--csv",
        "--maxfail",
        "--time-limit",
        "--budget",
        "--log-file",
    }
    kept: list[str] = []
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in dropped:
            skip = True
        elif not (word.startswith("--resume") or word.split("=")[0] in dropped):
            kept.append(word)
    command = ["retrace", *(kept or ["run"]), "-k", case_id, "-o", "rerun.h5"]
    launcher = ["mpirun", "-n", str(world_size)] if world_size > 1 else []
    return shlex.join(launcher + command)


def failures(result: ResultFile) -> list[Failure]:
    """In the order of the file. An expected failure (xfail) is none; an unexpected pass (xpass) is one."""
    cases, checks, runs = result["cases"], result["checks"], result["runs"]
    failed = {i: [] for i, status in enumerate(cases["status"]) if status in FAILED}
    for row, (case, outcome) in enumerate(zip(checks["case"], checks["verdict"])):
        if outcome == "fail" and int(case) in failed:
            failed[int(case)].append(row)
    found = []
    for i, rows in failed.items():
        run = int(cases["run"][i])
        world = int(runs["world_size"][run]) if run >= 0 else 1
        command = rerun_command(cases["case_id"][i], runs["cmdline"][run] if run >= 0 else "", world)
        case = (cases["case_id"][i], cases["status"][i])
        for row in rows:
            found.append(
                Failure(
                    *case,
                    checks["check"][row],
                    float(checks["value"][row]),
                    checks["op"][row],
                    float(checks["threshold"][row]),
                    checks["message"][row] or cases["reason"][i],
                    command,
                )
            )
        if not rows:
            found.append(Failure(*case, "", math.nan, "", math.nan, cases["reason"][i], command))
    return found


def check_names(result: ResultFile) -> list[str]:
    return ordered(list(result["checks"]["check"]))


def outcomes(result: ResultFile) -> list[str]:
    """The verdict of every row of /checks, where a failure of an xfail case is an expected one."""
    status, checks = result["cases"]["status"], result["checks"]
    return [
        EXPECTED if outcome == "fail" and case >= 0 and status[case] == "xfail" else outcome
        for case, outcome in zip(checks["case"].tolist(), checks["verdict"])
    ]


def severity(outcome: str) -> int:
    """0 is worst; a word that is not known counts as a failure."""
    return _SEVERITY.index(outcome) if outcome in _SEVERITY else 0


Group = TypeVar("Group", bound=Hashable)


def matrix(result: ResultFile, groups: list[Group]) -> dict[Group, dict[str, Cell]]:
    """group -> check -> cell, where `groups` names the group of each case."""
    counts: dict[tuple[Group, str], Counter] = {}
    checks = result["checks"]
    for case, check, outcome in zip(checks["case"].tolist(), checks["check"], outcomes(result)):
        if case >= 0:
            counts.setdefault((groups[case], check), Counter())[outcome] += 1
    table: dict[Group, dict[str, Cell]] = {group: {} for group in dict.fromkeys(groups)}
    for (group, check), counter in counts.items():
        table[group][check] = Cell(min(counter, key=severity), dict(counter))
    return table
