"""One `Point` per case: what the plots, the frontier and the claims need of it, joined from the tables."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .choices import DEFAULT_ERROR
from .reader import ResultFile

FAILED = ("fail", "error", "timeout", "nonfinite", "oom", "xpass", "crashed")  # statuses that make a run invalid
STEADY = ("good", "noisy")  # timing qualities whose medians may be compared
REFERENCE_LIMIT = 0.1  # a reference known to worse than this share of the error limits what the error says


class Line(NamedTuple):
    """What cases on one line of a plot have in common: they differ in their control only."""

    panel: str
    method: str
    solver: str
    stepping: str  # "adaptive" or "fixed"
    budget: str  # of checkpoints, empty if the control sets none


@dataclass(frozen=True)
class Point:
    """One case. Costs are NaN where not measured."""

    index: int  # row of /cases
    case_id: str
    panel: str  # problem and what else tells its settings apart: the plots' unit of comparison
    method: str
    solver: str
    stepping: str  # "adaptive" or "fixed"
    budget: str  # of checkpoints, as in the control; empty if it sets none
    control: str
    looseness: float  # orders a line along its control axis: rtol, or 1 / steps
    status: str
    error: float  # relative gradient error, l2
    uncertainty: float  # of the reference, same scale
    seconds: float  # median per gradient
    seconds_lo: float  # confidence interval of the median
    seconds_hi: float
    quality: str  # of the times
    evaluations: float  # f forward + f backward + vector-Jacobian and Jacobian-vector products
    bytes: float  # peak above baseline, largest space, slowest rank's maximum
    space: str  # the memory space of `bytes`
    steps: float  # accepted
    checkpoints: float = math.nan  # the budget, where the control sets one
    part: str = ""  # what tells panels of one problem setting apart, where the user asked for it

    @property
    def failed(self) -> bool:
        return self.status in FAILED

    @property
    def expected(self) -> bool:
        """Failed as the suite says it must: a known limit of the method."""
        return self.status == "xfail"

    @property
    def reference_limited(self) -> bool:
        return math.isfinite(self.error) and self.uncertainty > REFERENCE_LIMIT * self.error

    @property
    def bound(self) -> float:
        """The error together with the doubt about its reference."""
        return self.error + (self.uncertainty if math.isfinite(self.uncertainty) else 0.0)

    @property
    def short_control(self) -> str:
        """For headings: "1e-6" without its atol where that is the same, "64 steps"."""
        tolerances = re.fullmatch(r"adaptive:rtol=([^,]+),atol=([^,]+)(.*)", self.control)
        if tolerances and tolerances[1] == tolerances[2]:
            return f"tolerance {tolerances[1]}{tolerances[3]}".replace(",", ", ")
        steps = re.fullmatch(r"fixed:n=(\d+)", self.control)
        return f"{steps[1]} steps" if steps else self.control

    @property
    def line(self) -> Line:
        return Line(self.panel, self.method, self.solver, self.stepping, self.budget)


def points(result: ResultFile, error: str = DEFAULT_ERROR, group: str = "problem") -> list[Point]:
    """All cases in the order of the file; `error` is a column of /accuracy, `group` one of /cases."""
    cases, accuracy, cost = result["cases"], result["accuracy"], result["cost"]
    names = panel_names(result)
    parts = [""] * len(names) if group == "problem" else [_group(group, value) for value in cases[group]]
    peaks = solver_peaks(result)
    evaluations = _total(cost["nfe_fwd"], cost["nfe_bwd"], cost["n_vjp"], np.maximum(cost["n_jvp"], 0))
    steps = np.where(cost["steps_accepted"] > 0, cost["steps_accepted"], np.nan).astype(float)
    found = []
    for i in range(result.rows("cases")):
        rtol, requested = float(cases["rtol"][i]), int(cases["steps_requested"][i])
        fixed = requested > 0 and not rtol > 0
        space, peak = peaks.get(i, ("", math.nan))
        found.append(
            Point(
                index=i,
                case_id=cases["case_id"][i],
                panel=names[i],
                method=cases["method"][i],
                solver=cases["solver"][i],
                stepping="fixed" if fixed else "adaptive",
                budget=(budget := _budget(cases["control"][i] + "/" + cases["case_id"][i])),
                checkpoints=float(budget) if budget else math.nan,
                control=cases["control"][i],
                looseness=1.0 / requested if fixed else rtol,
                status=cases["status"][i],
                part=parts[i],
                error=float(accuracy[error][i]),
                # Known for the gradient's relative errors only.
                uncertainty=float(accuracy["ref_uncertainty"][i]) if error.startswith("grad_") else math.nan,
                seconds=float(cost["time_median"][i]),
                seconds_lo=float(cost["time_ci_lo"][i]),
                seconds_hi=float(cost["time_ci_hi"][i]),
                quality=cost["timing_quality"][i],
                evaluations=float(evaluations[i]),
                bytes=peak,
                space=space,
                steps=float(steps[i]),
            )
        )
    return found


def _group(column: str, value: int | str) -> str:
    if column in ("ranks", "threads"):
        return f"{column} unknown" if value <= 0 else f"{value} {column[:-1] if value == 1 else column}"
    return f"batch {value}" if column == "batch" else str(value)


def _budget(text: str) -> str:
    match = re.search(r"ckpt=?(\d+)", text)
    return match[1] if match else ""


def panel_names(result: ResultFile) -> list[str]:
    """Per case: the problem, and size, precision, backend, ranks and threads where that problem has several."""
    cases = result["cases"]
    problems, sizes = [], []
    for i, case_id in enumerate(cases["case_id"]):
        parts = case_id.split("/")
        problems.append(parts[0] if len(parts) >= 7 else cases["problem"][i])
        sizes.append(parts[4] if len(parts) >= 7 else f"n{cases['state_dim'][i]}-b{cases['batch'][i]}")
    settings = [
        sizes,
        cases["precision"],
        cases["backend"],
        _counted(problems, cases["ranks"], "rank"),
        _counted(problems, cases["threads"], "thread"),
    ]
    varied = [
        {problem for problem, count in Counter(p for p, _ in set(zip(problems, values))).items() if count > 1}
        for values in settings
    ]
    return [
        " · ".join([problem, *(str(values[i]) for values, several in zip(settings, varied) if problem in several)])
        for i, problem in enumerate(problems)
    ]


def _counted(problems: list[str], numbers: np.ndarray, noun: str) -> list[str]:
    """"1 rank", "2 ranks". A case that ended too early to say (-1) stands with the first of its problem that did."""
    known: dict[str, int] = {}
    for problem, number in zip(problems, numbers.tolist()):
        if number > 0:
            known.setdefault(problem, number)
    counts = [n if n > 0 else known.get(problem, 0) for problem, n in zip(problems, numbers.tolist())]
    return [f"{n} {noun}{'' if n == 1 else 's'}" for n in counts]


def solver_peaks(result: ResultFile) -> dict[int, tuple[str, float]]:
    """Case -> (space, bytes): the solver's peak above its baseline on the worst rank, in the space that holds most."""
    memory = result["memory"]
    chosen = np.flatnonzero(
        (memory["kind"] == "solver")
        & (memory["stat"] == "max_rank")
        & (memory["peak_above_baseline"] >= 0)
        & (memory["case"] >= 0)
    )
    peaks: dict[int, tuple[str, float]] = {}
    for row in chosen:
        case, peak = int(memory["case"][row]), float(memory["peak_above_baseline"][row])
        if case not in peaks or peak > peaks[case][1]:
            peaks[case] = (memory["space"][row], peak)
    return peaks


def _total(*columns: np.ndarray) -> np.ndarray:
    """Sum of counters; NaN where one is missing (-1) or nothing was counted."""
    stacked = np.stack([column.astype(float) for column in columns])
    total = stacked.sum(axis=0)
    return np.where((stacked < 0).any(axis=0) | (total <= 0), np.nan, total)


def lines(all_points: list[Point]) -> dict[Line, list[Point]]:
    """Points by line, each ordered from loose to tight."""
    grouped: dict[Line, list[Point]] = {}
    for point in all_points:
        grouped.setdefault(point.line, []).append(point)
    for line in grouped.values():
        line.sort(key=lambda point: -point.looseness)
    return grouped


def ordered(values: list[str]) -> list[str]:
    """Without repetition, in order of first appearance."""
    return list(dict.fromkeys(values))


def together(panels: list[str]) -> list[str]:
    """Settings of one problem side by side, problems in order of first appearance."""
    problems = ordered([panel.split(" · ")[0] for panel in panels])
    return sorted(panels, key=lambda panel: problems.index(panel.split(" · ")[0]))
