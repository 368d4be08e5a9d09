"""Everything that a report says, computed once from result files; HTML, Markdown, CSV, SVG, JSON only write it down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import memory, orders, timing
from .baseline import comparison_section, judged_section
from .blocks import FigureBlock, Section, ShownTable
from .bounds import bounds_section
from .cheapest import MOST_SETTINGS, Cheapest, cheapest_tables
from .check_tables import CaseRow, case_rows, check_table, failure_table
from .choices import Choices
from .claims import claims
from .figures import figures
from .limits import Limit, limits
from .palette import Palette
from .pareto import pareto_table
from .points import Point, points
from .reader import ResultFile
from .samples import launch_table, sample_figures
from .scaling import scaling_section
from .tables import DataTable
from .taylor import taylor_figure
from .trend import trend_section
from .verdict import Cell, Failure, Verdict, check_names, failures, matrix, severity, verdict


@dataclass
class Report:
    result: ResultFile
    title: str
    choices: Choices
    palette: Palette
    points: list[Point]
    verdict: Verdict
    failures: list[Failure]
    failure_table: DataTable
    limits: list[Limit]
    claims: list[str]
    figures: dict[str, FigureBlock]  # work-precision and memory
    cheapest: list[Cheapest]
    pareto: ShownTable
    pareto_table: DataTable
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
    remainders: Section | None  # Taylor remainders and orders
    times: Section  # figures and tables of the samples
    scaling: Section | None
    bounds: Section
    comparisons: list[Section]  # with a baseline: shown, and as judged by `retrace compare`
    trend: Section | None
    baseline: ResultFile | None
    others: list[ResultFile] = field(default_factory=list)  # of a series

    @property
    def sections(self) -> list[Section]:
        """Those that are made of figures and tables alone, in the order of the page."""
        found = [self.remainders, self.times, self.scaling, self.bounds, *self.comparisons, self.trend]
        return [section for section in found if section]

    def blocks(self) -> list[FigureBlock]:
        return [*self.figures.values(), *(block for section in self.sections for block in section.figures)]

    def data_tables(self) -> list[DataTable]:
        found = [
            self.failure_table,
            self.check_table,
            *(block.table for block in self.figures.values()),
            *(one.table for one in self.cheapest),
            self.pareto_table,
            self.model_table,
            *(table for section in self.sections for table in section.data_tables()),
        ]
        return [table for table in found if table.rows]


def build(
    result: ResultFile,
    title: str = "",
    choices: Choices = Choices(),
    others: Sequence[ResultFile] = (),
    baseline: ResultFile | None = None,
    judged: Path | None = None,
) -> Report:
    """The report of `result`. `others` are further files of its series (scaling, trend), `judged` is what
    `retrace compare --format json` wrote."""
    all_points = points(result, choices.y, choices.group)
    as_judged = [judged_section(judged)] if judged else []  # first: what is no comparison is refused at once
    series = [result, *others]
    palette = Palette(sorted({str(m) for one in (*series, *filter(None, [baseline])) for m in one["cases"]["method"]}))
    summary = matrix(result, [(point.panel, point.method) for point in all_points])
    ranked = sorted(
        summary, key=lambda group: min((severity(cell.worst) for cell in summary[group].values()), default=9)
    )
    kept, problems, cases = set(ranked[:MOST_SETTINGS]), failures(result), result["cases"]
    shown, undominated = pareto_table(all_points)
    comparisons = [comparison_section(result, baseline, palette, choices.y)] if baseline else []
    return Report(
        result=result,
        title=title or result.title or result.path.name,
        choices=choices,
        palette=palette,
        points=all_points,
        verdict=verdict(result),
        failures=problems,
        failure_table=failure_table(problems),
        limits=limits(result, all_points),
        claims=claims(all_points),
        figures=figures(all_points, palette, choices),
        cheapest=cheapest_tables(all_points),
        pareto=shown,
        pareto_table=undominated,
        checks=check_names(result),
        summary={group: cells for group, cells in summary.items() if group in kept},
        summary_left_out=len(summary) - len(kept),
        case_rows=case_rows(result),
        check_table=check_table(result),
        model_table=memory.model_table(result, all_points),
        model_summaries=memory.model_summaries(result, all_points),
        holdings=memory.holdings(result, all_points),
        timing=timing.timing(result),
        noted=[
            (cases["case_id"][i], status, cases["reason"][i])
            for i, status in enumerate(cases["status"])
            if status in ("xfail", "skipped")
        ],
        remainders=_remainders(result, all_points, palette),
        times=_times(result, all_points, palette),
        scaling=scaling_section(series, palette),
        bounds=bounds_section(result, all_points, palette),
        comparisons=comparisons + as_judged,
        trend=trend_section(series, palette, choices.y),
        baseline=baseline,
        others=list(others),
    )


def _remainders(result: ResultFile, all_points: list[Point], palette: Palette) -> Section | None:
    blocks = [taylor_figure(result, all_points, palette), orders.order_figure(result, all_points, palette)]
    found = [block for block in blocks if block]
    if not found:
        return None
    section = Section("remainders", "Remainders and orders", "Orders", figures=found)
    if result.rows("convergence"):
        section.tables.append(ShownTable("Observed orders", "", orders.summary(result, all_points)))
    return section


def _times(result: ResultFile, all_points: list[Point], palette: Palette) -> Section:
    section = Section(
        "times", "How far to trust the times", "Times", figures=sample_figures(result, all_points, palette)
    )
    launches = launch_table(result, all_points)
    if launches:
        text = (
            "Medians over the cases. A first launch well above 1 paid for cold caches or clocks that were still rising."
        )
        section.tables.append(ShownTable("Launches", text, launches))
    return section
