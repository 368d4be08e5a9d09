"""Tables of the cheapest way to an error of 1e-k."""

from __future__ import annotations

from dataclasses import dataclass

from .frontier import COSTS, Reach, cheapest
from .points import Point, ordered, together
from .tables import DataTable, Field

MOST_SETTINGS = 60  # rows on the page


@dataclass(frozen=True)
class Cheapest:
    """One table: what reaching 1e-k costs, for one kind of cost."""

    name: str
    kind: str  # of tables.written
    decades: list[int]
    rows: dict[str, dict[int, Reach]]  # problem setting -> k -> cheapest
    left_out: int
    table: DataTable

    def cells(self, panel: str) -> list[tuple[Reach | None, int]]:
        """(way, decades that it spans): one measured case that serves several neighbouring decades is one cell."""
        cells: list[tuple[Reach | None, int]] = []
        for k in self.decades:
            way = self.rows[panel].get(k)
            before, span = cells[-1] if cells else (None, 0)
            same = before and way and not way.interpolated and not before.interpolated and way.point is before.point
            if same:
                cells[-1] = (before, span + 1)
            else:
                cells.append((way, 1))
        return cells


def cheapest_tables(all_points: list[Point]) -> list[Cheapest]:
    kinds = {"seconds": "seconds", "evaluations": "short_count", "bytes": "bytes"}
    panels = together(ordered([point.panel for point in all_points]))
    found = []
    for cost, by_panel in cheapest(all_points).items():
        rows = {panel: by_panel[panel] for panel in panels if by_panel.get(panel)}
        decades = sorted({k for row in rows.values() for k in row})
        # Every method reaches the loosest decades with its first case: they tell nothing, and cost width.
        while len(decades) > 1 and all(not row[decades[1]].interpolated for row in rows.values() if decades[1] in row):
            decades.pop(0)
        fields = [
            Field("problem", "problem"),
            Field("error", "error", "error"),
            Field("method", "method"),
            Field("solver", "solver"),
            Field(cost, COSTS[cost], kinds[cost]),
            Field("interpolated", "interpolated"),
            Field("case_id", "case"),
        ]
        table = DataTable(
            f"cheapest-{cost}",
            fields,
            [
                (panel, 10.0**-k, way.point.method, way.point.solver, way.cost, way.interpolated, way.point.case_id)
                for panel, row in rows.items()
                for k, way in sorted(row.items())
            ],
        )
        shown = dict(list(rows.items())[:MOST_SETTINGS])
        if shown:
            found.append(Cheapest(COSTS[cost], kinds[cost], decades, shown, len(rows) - len(shown), table))
    return found
