"""Which cases share a panel, and the markers that tell the solvers within it apart."""

from __future__ import annotations

from .palette import MARKERS
from .points import Point, ordered, together

_TOGETHER = 3  # solvers in one panel; with three methods these are nine lines, and more are hard to tell apart


class Facets:
    """One panel per problem setting as long as its solvers are few; else adaptive and fixed steps apart; else one panel
    per solver."""

    def __init__(self, points: list[Point]) -> None:
        solvers = ordered([solver_name(point) for point in points])
        stepping = {
            kind: ordered([solver_name(point) for point in points if point.stepping == kind])
            for kind in ordered([point.stepping for point in points])
        }
        asked = any(point.part for point in points)
        self.by_solver = not asked and max(map(len, stepping.values()), default=0) > _TOGETHER
        self._by_stepping = not asked and not self.by_solver and len(solvers) > _TOGETHER
        self._markers = {} if self.by_solver else {name: n % len(MARKERS) for n, name in enumerate(solvers)}
        self.legend = list(self._markers.items()) if len(self._markers) > 1 else []
        self._both = {point.panel for point in points if point.stepping == "fixed"} & {
            point.panel for point in points if point.stepping == "adaptive"
        }
        panels = together(ordered([point.panel for point in points]))
        found: dict[tuple[str, str], list[Point]] = {}
        for point in points:
            found.setdefault(self.key(point), []).append(point)
        rank = {panel: number for number, panel in enumerate(panels)}
        order = {name: number for number, name in enumerate(solvers)}
        self.groups = dict(sorted(found.items(), key=lambda item: (rank[item[0][0]], order[solver_name(item[1][0])])))

    def key(self, point: Point) -> tuple[str, str]:
        """Title and subtitle of the panel that the case belongs to."""
        if point.part:
            return point.panel, point.part
        if self.by_solver:
            return point.panel, solver_name(point)
        apart = self._by_stepping and point.panel in self._both
        return point.panel, f"{point.stepping} steps" if apart else ""

    def marker(self, point: Point) -> int:
        return self._markers.get(solver_name(point), 0)

    def comparable(self, key: tuple[str, str]) -> list[Point]:
        """The cases that set the limits of a panel's axes: its own, or with a panel per solver those of the setting."""
        if not self.by_solver:
            return self.groups[key]
        return [point for other, members in self.groups.items() if other[0] == key[0] for point in members]


def solver_name(point: Point) -> str:
    return point.solver if point.stepping == "adaptive" else f"{point.solver} (fixed steps)"
