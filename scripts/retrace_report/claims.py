"""What the numbers say, in a few plain sentences. Computed: no method is named here but by the file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from .frontier import CREDIBLE, DECADES, reach_on, staircase
from .points import STEADY, Line, Point, lines, ordered
from .tables import ratio
from .verdict import plural

_PREFERRED = "aca"  # compared with the others if it is there; else the file's first method is
_Lines = dict[Line, list[Point]]
_NO_GRADIENT = ("nonfinite", "fail", "xfail")  # not those that memory, time or a crash ended
_MOST_OTHERS = 3  # a sentence with more comparisons is not read


@dataclass(frozen=True)
class _Comparison:
    """The subject's cost over each other method's, both interpolated at an error of 1e-k on lines of the same kind."""

    line: Line
    k: int
    evaluations: dict[str, float]
    seconds: dict[str, float]


def claims(points: list[Point]) -> list[str]:
    methods = ordered([point.method for point in points])
    if len(methods) < 2:
        only = f" ({methods[0]})" if methods else ""
        return [f"The file holds {plural(len(methods), 'method')}{only}, so nothing can be compared."]
    subject = _PREFERRED if _PREFERRED in methods else methods[0]
    others = [method for method in methods if method != subject][:_MOST_OTHERS]
    found = [
        _equal_error(points, subject, others),
        _equal_control_errors(points, subject, others),
        _equal_control_bytes(points, subject, others),
        _useless(points, methods),
    ]
    return [sentence for sentence in found if sentence] or [
        "No two methods share a setting in which both were measured."
    ]


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _equal_error(points: list[Point], subject: str, others: list[str]) -> str:
    """A typical problem and solver at the tightest decade that all reach, then the range over all of them."""
    by_line = lines(points)
    steady = lines([point for point in points if point.quality in STEADY])
    found = [one for line in by_line if line.method == subject and (one := _tightest(by_line, steady, line, others))]
    if not found:
        return ""
    most = max(len(one.evaluations) for one in found)
    found = [one for one in found if len(one.evaluations) == most]
    adaptive = [one for one in found if one.line.stepping == "adaptive"]
    names = list(found[0].evaluations)
    # The example is the one in the middle, not the most flattering one.
    candidates = sorted(adaptive or found, key=lambda one: next(iter(one.evaluations.values())))
    example = candidates[len(candidates) // 2]
    parts = [
        f"{ratio(value)} × the evaluations{_time(example, other)} of {other}"
        for other, value in example.evaluations.items()
    ]
    text = f"{example.line.panel} with {example.line.solver} at error 1e-{example.k}: {subject} needs {_join(parts)}."
    if len(found) < 3:
        return text
    ranges = [
        f"{ratio(min(values))} to {ratio(max(values))} × {other}'s"
        for other in names
        if (values := [one.evaluations[other] for one in found if other in one.evaluations])
    ]
    return f"{text} Over {len(found)} pairs of problem and solver the evaluations are {_join(ranges)}."


def _time(one: _Comparison, other: str) -> str:
    return f" and {ratio(one.seconds[other])} × the time" if other in one.seconds else ""


def _tightest(by_line: _Lines, steady: _Lines, line: Line, others: list[str]) -> _Comparison | None:
    evaluations = _staircases(by_line, line, others, "evaluations")
    seconds = _staircases(steady, line, others, "seconds")
    best = None
    for k in DECADES[1:]:  # an error of a tenth is no gradient
        ratios = _costs_at(evaluations, line.method, "evaluations", 10.0**-k)
        if ratios and (best is None or len(ratios) >= len(best.evaluations)):
            best = _Comparison(line, k, ratios, _costs_at(seconds, line.method, "seconds", 10.0**-k))
    return best


def _staircases(by_line: _Lines, line: Line, others: list[str], cost: str) -> dict[str, list[Point]]:
    """Method -> staircase, of `line` and of the other methods' lines of the same kind."""
    found = {line.method: staircase(by_line.get(line, []), cost)}
    for other in others:
        # A method with a checkpoint budget has a line per budget: the first stands for it.
        match = next((one for one in by_line if one[:-1] == line._replace(method=other)[:-1]), None)
        if match:
            found[other] = staircase(by_line[match], cost)
    return found


def _costs_at(steps: dict[str, list[Point]], subject: str, cost: str, target: float) -> dict[str, float]:
    """The subject's cost over each other method's, where both are interpolated at this error."""
    reached = {method: reach_on(own, cost, target) for method, own in steps.items()}
    costs = {method: one.cost for method, one in reached.items() if one and one.interpolated}
    if subject not in costs:
        return {}
    return {method: costs[subject] / value for method, value in costs.items() if method != subject}


def _ratios(
    points: list[Point], subject: str, other: str, quantity: Callable[[Point], float]
) -> list[tuple[float, Point]]:
    """other / subject in every setting (problem, solver, control) that both passed with a positive number."""

    def usable(method: str) -> dict[tuple[str, str, str], Point]:
        return {
            (p.panel, p.solver, p.control): p
            for p in points
            if p.method == method and p.status in CREDIBLE and math.isfinite(quantity(p)) and quantity(p) > 0
        }

    own, theirs = usable(subject), usable(other)
    return [(quantity(theirs[key]) / quantity(own[key]), theirs[key]) for key in own if key in theirs]


def _equal_control_errors(points: list[Point], subject: str, others: list[str]) -> str:
    # Where the reference decides, a ratio of errors says nothing about the methods.
    sharp = [point for point in points if not point.reference_limited]
    parts = []
    for other in others:
        ratios = _ratios(sharp, subject, other, lambda point: point.error)
        if ratios:
            low, high = min(ratios, key=lambda one: one[0]), max(ratios, key=lambda one: one[0])
            middle = ratio(median(value for value, _ in ratios))
            parts.append(
                f"{other}'s error is {middle} × {subject}'s in the median of {plural(len(ratios), 'pair')} "
                f"({ratio(low[0])} to {ratio(high[0])}, most on {high[1].panel})"
            )
    return f"At the same tolerance or step count, {_join(parts)}." if parts else ""


def _useless(points: list[Point], methods: list[str]) -> str:
    """Cases whose gradient is lost: not finite, or off by more than its own size."""
    run = [point for point in points if point.status != "skipped"]
    parts = []
    for method in methods:
        own = [point for point in run if point.method == method]
        blown = [point for point in own if not math.isfinite(point.error) and point.status in _NO_GRADIENT]
        wrong = [point for point in own if math.isfinite(point.error) and point.error >= 1]
        if blown or wrong:
            where = ordered([point.panel for point in blown + wrong])
            more = f" and {len(where) - _MOST_OTHERS} more" if len(where) > _MOST_OTHERS else ""
            kinds = [f"{len(blown)} not finite"] * bool(blown) + [f"{len(wrong)} off by 100 % or more"] * bool(wrong)
            places = ", ".join(where[:_MOST_OTHERS]) + more
            parts.append(f"{method} {_join(kinds)} of {plural(len(own), 'case')} ({places})")
    return f"Gradients of no use: {'; '.join(parts)}." if parts else ""


def _equal_control_bytes(points: list[Point], subject: str, others: list[str]) -> str:
    parts = []
    for other in others:
        ratios = _ratios(points, subject, other, lambda point: point.bytes)
        if ratios:
            parts.append(f"{ratio(median(1 / value for value, _ in ratios))} × that of {other}")
    return (
        f"At the same tolerance or step count, {subject}'s peak memory is {_join(parts)} in the median."
        if parts
        else ""
    )
