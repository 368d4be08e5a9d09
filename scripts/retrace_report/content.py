"""Everything that a report says, computed once from a result file; HTML, Markdown, CSV and SVG only write it down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from . import memory, timing
from .claims import claims
from .figures import FigureBlock, figures
from .frontier import COSTS, Reach, cheapest
from .limits import Limit, limits
from .palette import Palette
from .points import Point, ordered, points, together
from .reader import ResultFile
from .tables import DataTable, Field
from .verdict import Cell, Failure, Verdict, check_names, failures, matrix, outcomes, severity, verdict

MATRIX_CASES = 300  # cases of the detailed matrix, worst first
MOST_SETTINGS = 60  # rows of the cheapest-method tables and of the summary matrix

_CASE_ORDER = {
    "fail": 0,
    "error": 0,
    "timeout": 0,
    "nonfinite": 0,
    "oom": 0,
    "xpass": 0,
    "crashed": 0,
    "xfail": 1,
    "inconclusive": 2,
    "skipped": 3,
    "pass": 4,
}


@dataclass(frozen=True)
class CaseRow:
    case_id: str
    status: str
    cells: dict[str, Cell]
    tips: dict[str, str]


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


@dataclass
class Report:
    result: ResultFile
    title: str
    palette: Palette
    points: list[Point]
    verdict: Verdict
    failures: list[Failure]
    failure_table: DataTable
    limits: list[Limit]
    claims: list[str]
    figures: dict[str, FigureBlock]
    cheapest: list[Cheapest]
    checks: list[str]
    summary: dict[tuple[str, str], dict[str, Cell]]
    summary_left_out: int
    case_rows: list[CaseRow]
    check_table: DataTable
    model_table: DataTable
    model_summaries: list[memory.ModelSummary]
    holdings: list[memory.Holding]
    timing: timing.Timing
    noted: list[tuple[str, str, str]]  # (case, status, reason) of xfail and skipped cases

    def data_tables(self) -> list[DataTable]:
        found = [
            self.failure_table,
            self.check_table,
            *(block.table for block in self.figures.values()),
            *(one.table for one in self.cheapest),
            self.model_table,
        ]
        return [table for table in found if table.rows]


def build(result: ResultFile, title: str = "") -> Report:
    all_points = points(result)
    palette = Palette(sorted({point.method for point in all_points}))
    names = check_names(result)
    problems = failures(result)
    groups = [f"{point.panel}\t{point.method}" for point in all_points]
    summary = {tuple(group.split("\t")): cells for group, cells in matrix(result, groups).items()}
    ranked = sorted(
        summary, key=lambda group: min((severity(cell.worst) for cell in summary[group].values()), default=9)
    )
    kept = set(ranked[:MOST_SETTINGS])
    cases = result["cases"]
    return Report(
        result=result,
        title=title or result.title or result.path.name,
        palette=palette,
        points=all_points,
        verdict=verdict(result),
        failures=problems,
        failure_table=_failure_table(problems),
        limits=limits(result, all_points),
        claims=claims(all_points),
        figures=figures(all_points, palette),
        cheapest=_cheapest(all_points),
        checks=names,
        summary={group: cells for group, cells in summary.items() if group in kept},
        summary_left_out=len(summary) - len(kept),
        case_rows=_case_rows(result),
        check_table=_check_table(result),
        model_table=memory.model_table(result, all_points),
        model_summaries=memory.model_summaries(result, all_points),
        holdings=memory.holdings(result, all_points),
        timing=timing.timing(result),
        noted=[
            (cases["case_id"][i], status, cases["reason"][i])
            for i, status in enumerate(cases["status"])
            if status in ("xfail", "skipped")
        ],
    )


def _failure_table(problems: list[Failure]) -> DataTable:
    fields = [
        Field("case_id", "case"),
        Field("status", "status"),
        Field("check", "check"),
        Field("value", "value", "plain"),
        Field("op", "op"),
        Field("threshold", "threshold", "plain"),
        Field("message", "message"),
        Field("command", "command"),
    ]
    return DataTable("failures", fields, [tuple(getattr(one, f.name) for f in fields) for one in problems])


def _check_table(result: ResultFile) -> DataTable:
    checks, ids = result["checks"], result["cases"]["case_id"]
    fields = [
        Field("case_id", "case"),
        Field("check", "check"),
        Field("verdict", "verdict"),
        Field("value", "value", "plain"),
        Field("op", "op"),
        Field("threshold", "threshold", "plain"),
        Field("message", "message"),
    ]
    rows = [
        (ids[case], check, outcome, float(value), op, float(threshold), message)
        for case, check, outcome, value, op, threshold, message in zip(
            checks["case"],
            checks["check"],
            checks["verdict"],
            checks["value"],
            checks["op"],
            checks["threshold"],
            checks["message"],
        )
        if case >= 0
    ]
    return DataTable("checks", fields, rows)


def _case_rows(result: ResultFile) -> list[CaseRow]:
    """The worst MATRIX_CASES cases; within one status in the order of the file."""
    cases, checks = result["cases"], result["checks"]
    order = sorted(range(result.rows("cases")), key=lambda i: (_CASE_ORDER.get(cases["status"][i], 0), i))[
        :MATRIX_CASES
    ]
    chosen = set(order)
    cells: dict[int, dict[str, Cell]] = {i: {} for i in order}
    tips: dict[int, dict[str, str]] = {i: {} for i in order}
    for row, (case, outcome) in enumerate(zip(checks["case"].tolist(), outcomes(result))):
        if case in chosen:
            name = checks["check"][row]
            before = cells[case].get(name)
            counts = Counter(before.counts if before else {}) + Counter([outcome])
            worst = outcome if not before or severity(outcome) < severity(before.worst) else before.worst
            cells[case][name] = Cell(worst, dict(counts))
            if not before or worst == outcome:
                tips[case][
                    name
                ] = f"{outcome}: {checks['value'][row]:.3g} {checks['op'][row]} {checks['threshold'][row]:.3g}"
    return [CaseRow(cases["case_id"][i], cases["status"][i], cells[i], tips[i]) for i in order]


def _cheapest(all_points: list[Point]) -> list[Cheapest]:
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
