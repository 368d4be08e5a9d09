"""Which cases share a panel, and what tells the solvers within it apart."""

from __future__ import annotations

from .palette import DASHES
from .points import Point, ordered, together

_TOGETHER = len(DASHES) - 1  # solvers in one panel; more dash patterns than this are hard to tell apart


class Facets:
    """One panel per problem setting as long as its solvers have a dash pattern each; else adaptive and fixed steps
    apart; else one panel per solver."""

    def __init__(self, points: list[Point]) -> None:
        solvers = ordered([solver_name(point) for point in points])
        stepping = {
            kind: ordered([solver_name(point) for point in points if point.stepping == kind])
            for kind in ordered([point.stepping for point in points])
        }
        self.by_solver = max(map(len, stepping.values()), default=0) > _TOGETHER
        self._by_stepping = not self.by_solver and len(solvers) > _TOGETHER
        families = list(stepping.values()) if self._by_stepping else [solvers]
        self._dashes = (
            {} if self.by_solver else {name: number for family in families for number, name in enumerate(family)}
        )
        self.legend = list(self._dashes.items()) if len(self._dashes) > 1 else []
        both = {point.panel for point in points if point.stepping == "fixed"} & {
            point.panel for point in points if point.stepping == "adaptive"
        }
        panels = together(ordered([point.panel for point in points]))
        found: dict[tuple[str, str], list[Point]] = {}
        for point in points:
            found.setdefault((point.panel, self._subtitle(point, both)), []).append(point)
        rank = {panel: number for number, panel in enumerate(panels)}
        order = {name: number for number, name in enumerate(solvers)}
        self.groups = dict(sorted(found.items(), key=lambda item: (rank[item[0][0]], order[solver_name(item[1][0])])))

    def _subtitle(self, point: Point, both: set[str]) -> str:
        if self.by_solver:
            return solver_name(point)
        return f"{point.stepping} steps" if self._by_stepping and point.panel in both else ""

    def dash(self, point: Point) -> int:
        return self._dashes.get(solver_name(point), 0)

    def comparable(self, key: tuple[str, str]) -> list[Point]:
        """The cases that set the limits of a panel's axes: its own, or with a panel per solver those of the setting."""
        if not self.by_solver:
            return self.groups[key]
        return [point for other, members in self.groups.items() if other[0] == key[0] for point in members]


def solver_name(point: Point) -> str:
    return point.solver if point.stepping == "adaptive" else f"{point.solver} (fixed steps)"
