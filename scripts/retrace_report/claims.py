"""What the numbers say, in at most three plain sentences. Computed: no method is named here but by the file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from .frontier import DECADES, reach
from .points import Point, lines, ordered
from .tables import ratio
from .verdict import plural

_PREFERRED = "aca"  # compared with the others if it is there; else the file's first method is
_CREDIBLE = ("pass", "inconclusive", "xfail")


@dataclass(frozen=True)
class _Ratio:
    value: float
    at: Point


def claims(points: list[Point]) -> list[str]:
    methods = ordered([point.method for point in points])
    if len(methods) < 2:
        only = f" ({methods[0]})" if methods else ""
        return [f"The file holds {plural(len(methods), 'method')}{only}, so nothing can be compared."]
    subject = _PREFERRED if _PREFERRED in methods else methods[0]
    others = [method for method in methods if method != subject]
    found = [_equal_error(points, subject, others), _equal_control_errors(points, subject, others),
             _equal_control_bytes(points, subject, others)]
    return [sentence for sentence in found if sentence] or ["No two methods share a setting in which both were measured."]


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _equal_error(points: list[Point], subject: str, others: list[str]) -> str:
    """Evaluations and time at the tightest decade that the subject and another method both bracket, anywhere."""
    by_line = lines(points)
    best: tuple[int, int, tuple, str] | None = None
    for key, line in by_line.items():
        if key[1] != subject:
            continue
        for k in DECADES:
            costs = _costs_at(by_line, key, others, 10.0**-k, "evaluations")
            if costs and (best is None or (len(costs), k) > best[:2]):
                best = (len(costs), k, key, "")
    if best is None:
        return ""
    _, k, key, _ = best
    parts = []
    evaluations = _costs_at(by_line, key, others, 10.0**-k, "evaluations")
    times = _costs_at(by_line, key, others, 10.0**-k, "seconds")
    for other, value in evaluations.items():
        time = f" and {ratio(times[other])} × the time" if other in times else ""
        parts.append(f"{ratio(value)} × the evaluations{time} of {other}")
    return f"{key[0]} with {key[2]} at error 1e-{k}: {subject} needs {_join(parts)}."


def _costs_at(by_line: dict, key: tuple, others: list[str], target: float, cost: str) -> dict[str, float]:
    """Other method -> cost of the line `key` over that of the other's line, where both are interpolated at `target`."""
    own = reach(by_line[key], cost, target)
    if not own or not own.interpolated:
        return {}
    found = {}
    for other in others:
        match = next((line for name, line in by_line.items() if name[1] == other and name[0] == key[0] and name[2:4] == key[2:4]),
                     None)
        theirs = reach(match, cost, target) if match else None
        if theirs and theirs.interpolated:
            found[other] = own.cost / theirs.cost
    return found


def _pairs(points: list[Point], subject: str, other: str, quantity: Callable[[Point], float]) -> list[_Ratio]:
    """other / subject in every setting (problem, solver, control) that both passed with a positive number."""
    def usable(method: str) -> dict[tuple, Point]:
        return {(p.panel, p.solver, p.control): p for p in points if p.method == method and p.status in _CREDIBLE
                and math.isfinite(quantity(p)) and quantity(p) > 0}

    own, theirs = usable(subject), usable(other)
    return [_Ratio(quantity(theirs[key]) / quantity(own[key]), theirs[key]) for key in own if key in theirs]


def _equal_control_errors(points: list[Point], subject: str, others: list[str]) -> str:
    parts, pairs_total = [], 0
    for other in others:
        # Where the reference decides, a ratio of errors says nothing about the methods.
        sharp = [point for point in points if not point.reference_limited]
        pairs = _pairs(sharp, subject, other, lambda p: p.error)
        if pairs:
            low, high = min(pairs, key=lambda r: r.value), max(pairs, key=lambda r: r.value)
            parts.append(f"{other}'s error is {ratio(median(r.value for r in pairs))} × {subject}'s in the median "
                         f"({ratio(low.value)} to {ratio(high.value)}, most on {high.at.panel})")
            pairs_total += len(pairs)
    return f"At the same control, {_join(parts)}; {plural(pairs_total, 'pair')} of cases." if parts else ""


def _equal_control_bytes(points: list[Point], subject: str, others: list[str]) -> str:
    parts = []
    for other in others:
        pairs = _pairs(points, subject, other, lambda p: p.bytes)
        if pairs:
            value = median(1 / pair.value for pair in pairs)
            parts.append(f"{ratio(value)} × that of {other}")
    return f"At the same control, {subject}'s peak memory is {_join(parts)} in the median." if parts else ""
