"""What neither passed nor failed: expected failures and weak witnesses, by method and problem setting."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .points import Point
from .reader import ResultFile

_STATUSES = ("xfail", "inconclusive")


@dataclass(frozen=True)
class Limit:
    status: str
    method: str
    panel: str
    cases: int
    of: int  # cases of this method and setting
    reason: str  # of the first one


def limits(result: ResultFile, points: list[Point]) -> list[Limit]:
    totals = Counter((point.method, point.panel) for point in points)
    groups: dict[tuple[str, str, str], list[Point]] = {}
    for point in points:
        if point.status in _STATUSES:
            groups.setdefault((point.status, point.method, point.panel), []).append(point)
    reasons = result["cases"]["reason"]
    found = [
        Limit(status, method, panel, len(members), totals[method, panel], reasons[members[0].index])
        for (status, method, panel), members in groups.items()
    ]
    return sorted(found, key=lambda one: _STATUSES.index(one.status))
