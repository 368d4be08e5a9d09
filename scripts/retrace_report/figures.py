"""The figures of the report: work-precision against three costs, and memory against steps. One panel per problem."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from .facets import Facets
from .palette import Palette
from .panels import Axis, Limits, Mark, Series, draw, limits
from .points import STEADY, Point, lines, ordered
from .tables import DataTable, Field, written
from .verdict import plural

MAX_PANELS = 36  # per figure; above it the CSV alone has the rest
MAX_TOOLTIPS = 1500  # cases; above it the page would grow for little
SMALLEST_ERROR = 1e-17  # an error of exactly 0 is drawn here

ERROR = Axis("relative gradient error (l2)", "power")


@dataclass(frozen=True)
class Sheet:
    """What a figure shows: two quantities of a Point, with their axes and words."""

    name: str
    title: str
    caption: str
    x: str  # attributes of Point
    y: str
    x_axis: Axis
    y_axis: Axis
    x_kind: str  # how tables write them
    y_kind: str
    bars: bool = False  # of the confidence interval of x


@dataclass(frozen=True)
class Panel:
    title: str
    subtitle: str
    svg: str
    name: str
    note: str = ""  # cases that could not be drawn


@dataclass
class FigureBlock:
    name: str
    title: str
    caption: str
    panels: list[Panel]
    table: DataTable
    notes: list[str] = field(default_factory=list)
    markers: list[tuple[str, int]] = field(default_factory=list)  # legend of solvers: name, number of the marker
    by_solver: bool = False  # one panel per problem setting and solver
    hollow: bool = False
    crosses: bool = False
    blown: bool = False
    band: bool = False  # a panel has marks without an error

    @property
    def rows(self) -> list[tuple[str, list[Panel]]]:
        """(heading, panels): all in one, or one per problem setting where each solver has its panel."""
        if not self.by_solver:
            return [("", self.panels)]
        titles = ordered([panel.title for panel in self.panels])
        return [(title, [panel for panel in self.panels if panel.title == title]) for title in titles]


SHEETS = (
    Sheet(
        "time",
        "Error against time",
        "Relative error of the gradient (l2) against the median time of one gradient; a bar spans the 95 % confidence "
        "interval of the median. Lower and further left is better.",
        "seconds",
        "error",
        Axis("median time per gradient", "seconds"),
        ERROR,
        "seconds",
        "error",
        bars=True,
    ),
    Sheet(
        "evaluations",
        "Error against evaluations",
        "Relative error of the gradient (l2) against evaluations: right-hand sides forward and backward plus "
        "vector-Jacobian products, summed over trajectories. Exact counts, the same on every machine.",
        "evaluations",
        "error",
        Axis("f + VJP evaluations", "count"),
        ERROR,
        "count",
        "error",
    ),
    Sheet(
        "bytes",
        "Error against peak memory",
        "Relative error of the gradient (l2) against the solver's peak bytes above its baseline, from allocation "
        "callbacks; the largest memory space, on the rank that needs most.",
        "bytes",
        "error",
        Axis("peak bytes above baseline", "bytes"),
        ERROR,
        "bytes",
        "error",
    ),
    Sheet(
        "memory",
        "Peak memory against steps",
        "The solver's peak bytes above its baseline against accepted steps. A method that stores its trajectory rises "
        "with the steps; one that does not stays flat.",
        "steps",
        "bytes",
        Axis("accepted steps", "count"),
        Axis("peak bytes above baseline", "bytes"),
        "count",
        "bytes",
    ),
)


def figures(points: list[Point], palette: Palette) -> dict[str, FigureBlock]:
    return {sheet.name: figure(sheet, points, palette) for sheet in SHEETS}


def figure(sheet: Sheet, points: list[Point], palette: Palette) -> FigureBlock:
    wanted = [point for point in points if _drawable(sheet, point)]
    facets = Facets(wanted)
    block = FigureBlock(
        sheet.name,
        sheet.title,
        sheet.caption,
        [],
        _table(sheet, points),
        markers=facets.legend,
        by_solver=facets.by_solver,
    )
    tooltips = len(points) <= MAX_TOOLTIPS
    absent: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if not _drawable(sheet, point):
            absent.setdefault(facets.key(point), []).append(point)
    for number, (key, members) in enumerate(list(facets.groups.items())[:MAX_PANELS]):
        x_limits, y_limits = _extents(sheet, facets.comparable(key))
        name, label = (
            f"{sheet.name}-{number}",
            f"{sheet.title}, {' '.join(filter(None, key))}: {plural(len(members), 'case')}",
        )
        drawing = draw(
            _series(sheet, members, facets),
            sheet.x_axis,
            sheet.y_axis,
            x_limits,
            y_limits,
            palette,
            name,
            label,
            tooltips,
            facets.by_solver,
        )
        block.panels.append(Panel(*key, drawing, name, _absence(absent.get(key, []))))
    _notes(block, sheet, points, wanted, list(facets.groups.values()))
    return block


def _absence(absent: list[Point]) -> str:
    """Who is missing from a panel: a line that is not there must not look like one that was not asked for."""
    counts = Counter((point.method, point.status) for point in absent if point.status != "skipped")
    return ", ".join(f"{method} {count} × {status}" for (method, status), count in counts.items())


def _x(sheet: Sheet, point: Point) -> float:
    return getattr(point, sheet.x)


def _y(sheet: Sheet, point: Point) -> float:
    value = getattr(point, sheet.y)
    return max(value, SMALLEST_ERROR) if sheet.y == "error" and value >= 0 else value


def _drawable(sheet: Sheet, point: Point) -> bool:
    if not (math.isfinite(_x(sheet, point)) and _x(sheet, point) > 0) or point.status == "skipped":
        return False
    known = math.isfinite(_y(sheet, point)) and _y(sheet, point) > 0
    # A gradient that blew up has no error: it stands in a band above the axis.
    return known or (sheet.y == "error" and (point.failed or point.expected))


def _extents(sheet: Sheet, members: list[Point]) -> tuple[Limits, Limits]:
    xs = [_x(sheet, point) for point in members]
    if sheet.bars:
        xs += [value for point in members for value in (point.seconds_lo, point.seconds_hi)]
    return limits(xs), limits([_y(sheet, point) for point in members])


def _series(sheet: Sheet, members: list[Point], facets: Facets) -> list[Series]:
    found = []
    for line in lines(members).values():
        marks = []
        for point in line:
            known = sheet.bars and point.seconds_lo > 0 and point.seconds_hi > 0
            bar = (point.seconds_lo, point.seconds_hi) if known else None
            title = (
                f"{point.method}, {point.solver}, {point.control}: {written(_y(sheet, point), sheet.y_kind)} at "
                f"{written(_x(sheet, point), sheet.x_kind)} ({point.status})"
            )
            marks.append(
                Mark(
                    _x(sheet, point),
                    _y(sheet, point),
                    sheet.y == "error" and point.reference_limited,
                    point.failed,
                    point.expected,
                    bar,
                    title,
                )
            )
        found.append(Series(line[0].method, facets.marker(line[0]), marks))
    return found


def _table(sheet: Sheet, points: list[Point]) -> DataTable:
    """Every case, drawn or not."""
    fields = [
        Field("case_id", "case"),
        Field("method", "method"),
        Field("solver", "solver"),
        Field("control", "control"),
        Field(sheet.x, sheet.x_axis.label, sheet.x_kind),
    ]
    if sheet.bars:
        fields += [Field("seconds_lo", "CI low", "seconds"), Field("seconds_hi", "CI high", "seconds")]
    fields.append(Field(sheet.y, sheet.y_axis.label, sheet.y_kind))
    if sheet.y == "error":
        fields.append(Field("uncertainty", "of the reference", "error"))
    if "bytes" in (sheet.x, sheet.y):
        fields.append(Field("space", "space"))
    fields.append(Field("status", "status"))
    return DataTable(sheet.name, fields, [tuple(getattr(point, column.name) for column in fields) for point in points])


def _notes(
    block: FigureBlock, sheet: Sheet, points: list[Point], wanted: list[Point], groups: list[list[Point]]
) -> None:
    shown = {id(point) for members in groups[:MAX_PANELS] for point in members}
    block.hollow = sheet.y == "error" and any(point.reference_limited for point in wanted if id(point) in shown)
    block.band = any(not math.isfinite(_y(sheet, point)) for point in wanted if id(point) in shown)
    block.blown = any(point.expected for point in wanted if id(point) in shown)
    block.crosses = any(point.failed for point in wanted if id(point) in shown)
    if len(groups) > MAX_PANELS:
        block.notes.append(f"The first {MAX_PANELS} of {len(groups)} panels are drawn; the data table has every case.")
    missing = len([point for point in points if point.status != "skipped"]) - len(wanted)
    if missing:
        one, many = ("was not timed", "were not timed") if sheet.bars else ("has no such number", "have no such number")
        block.notes.append(f"{plural(missing, 'case')} {one if missing == 1 else many}, so not drawn.")
    unsteady = sum(point.quality not in STEADY for point in wanted)
    if sheet.bars and unsteady:
        block.notes.append(f"The times of {plural(unsteady, 'case')} are not steady: see “How far to trust the times”.")
    if sheet.y == "error" and any(point.error == 0 for point in wanted):
        block.notes.append("An error of exactly 0 is drawn at 10⁻¹⁷.")
