"""What does an error of 1e-k cost? Per line of points, and the cheapest line of each panel."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .points import Point, lines

DECADES = range(2, 11)  # k of 1e-k
COSTS = {"seconds": "time", "evaluations": "evaluations", "bytes": "peak bytes"}  # attribute of Point -> its name
CREDIBLE = ("pass", "inconclusive", "xfail")


@dataclass(frozen=True)
class Reach:
    """The cost at which a line reaches an error: `interpolated` between two cases, or else that of its cheapest."""

    cost: float
    interpolated: bool
    point: Point  # the cheapest measured case at or below the error


def staircase(line: list[Point], cost: str) -> list[Point]:
    """The cases of a line that no cheaper case beats, by rising cost and falling error."""
    usable = [p for p in line if p.status in CREDIBLE and math.isfinite(p.bound) and getattr(p, cost) > 0]
    steps: list[Point] = []
    for point in sorted(usable, key=lambda p: (getattr(p, cost), p.bound)):
        if not steps or point.bound < steps[-1].bound:
            steps.append(point)
    return steps


def front(points: list[Point], cost: str) -> list[Point]:
    """The cases that no other is better than in both cost and error as plotted, by rising cost."""
    usable = [p for p in points if p.status in CREDIBLE and math.isfinite(p.error) and getattr(p, cost) > 0]
    found: list[Point] = []
    for point in sorted(usable, key=lambda p: (getattr(p, cost), p.error)):
        if not found or point.error < found[-1].error:
            found.append(point)
    return found


def reach(line: list[Point], cost: str, target: float) -> Reach | None:
    """Log-log interpolation between the two neighbours on the staircase; None if no case is this accurate."""
    return reach_on(staircase(line, cost), cost, target)


def reach_on(steps: list[Point], cost: str, target: float) -> Reach | None:
    """As `reach`, of a line whose staircase is known."""
    index = next((i for i, point in enumerate(steps) if point.bound <= target), None)
    if index is None:
        return None
    point = steps[index]
    if index == 0:
        return Reach(getattr(point, cost), False, point)
    before = steps[index - 1]
    # A zero error is below any target: without a floor its logarithm would not be finite.
    low, high = math.log(max(point.bound, 1e-300)), math.log(before.bound)
    share = (high - math.log(target)) / (high - low)
    logarithm = (1 - share) * math.log(getattr(before, cost)) + share * math.log(getattr(point, cost))
    return Reach(math.exp(logarithm), True, point)


def cheapest(points: list[Point]) -> dict[str, dict[str, dict[int, Reach]]]:
    """cost -> panel -> k -> the cheapest way to an error of 1e-k. Decades that no line reaches are absent.

    An interpolated cost beats a measured one only if it is lower: the measured one is an upper bound.
    """
    by_line = lines(points)
    best: dict[str, dict[str, dict[int, Reach]]] = {cost: {} for cost in COSTS}
    for key, line in by_line.items():
        for cost in COSTS:
            decades = best[cost].setdefault(key.panel, {})
            steps = staircase(line, cost)
            for k in DECADES:
                found = reach_on(steps, cost, 10.0**-k)
                if found and (k not in decades or found.cost < decades[k].cost):
                    decades[k] = found
    return best
