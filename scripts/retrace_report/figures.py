"""The figures of the report: work-precision against three costs, and memory against steps. One panel per problem."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

from . import symbols
from .axes import Axis, Limits, limits
from .blocks import MAX_PANELS, MAX_TOOLTIPS, FigureBlock, Panel
from .choices import ERRORS, Choices
from .facets import Facets
from .frontier import front as front_of
from .palette import Palette
from .panels import Mark, Series, View, panel
from .points import STEADY, Point, lines
from .symbols import Entry, Legend
from .tables import DataTable, Field, written
from .verdict import plural

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
        "vector-Jacobian and Jacobian-vector products, summed over trajectories. Exact counts, the same on every machine.",
        "evaluations",
        "error",
        Axis("f + VJP + JVP evaluations", "count"),
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
    Sheet(
        "checkpoints",
        "Peak memory against checkpoints",
        "The solver's peak bytes above its baseline against the number of checkpoints that the method may keep; a line "
        "is one tolerance or step count.",
        "checkpoints",
        "bytes",
        Axis("checkpoints allowed", "count"),
        Axis("peak bytes above baseline", "bytes"),
        "count",
        "bytes",
    ),
)


def figures(points: list[Point], palette: Palette, choices: Choices = Choices()) -> dict[str, FigureBlock]:
    """The work-precision figures chosen, then memory against steps and, where methods have a budget, checkpoints."""
    error = Axis(ERRORS[choices.y], "power")
    sheets = {sheet.name: sheet if sheet.y != "error" else replace(sheet, y_axis=error) for sheet in SHEETS}
    memory = ("memory", "checkpoints") if any(point.budget for point in points) else ("memory",)
    return {name: figure(sheets[name], points, palette) for name in (*choices.x, *memory)}


@dataclass(frozen=True)
class Content:
    """What one panel shows."""

    key: tuple[str, str]  # title and subtitle
    members: list[Point]
    series: list[Series]
    view: View

    @property
    def heading(self) -> str:
        return " ".join(filter(None, self.key))


def contents(sheet: Sheet, facets: Facets, palette: Palette) -> list[Content]:
    return [
        Content(key, members, _series(sheet, members, facets, palette), _view(sheet, facets, key))
        for key, members in facets.groups.items()
    ]


def figure(sheet: Sheet, points: list[Point], palette: Palette) -> FigureBlock:
    wanted = [point for point in points if drawable(sheet, point)]
    facets = Facets(wanted)
    block = FigureBlock(sheet.name, sheet.title, sheet.caption, [], _table(sheet, points), headed=facets.by_solver)
    absent: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if not drawable(sheet, point):
            absent.setdefault(facets.key(point), []).append(point)
    everything = contents(sheet, facets, palette)
    for number, one in enumerate(everything[:MAX_PANELS]):
        label = f"{sheet.title}, {one.heading}: {plural(len(one.members), 'case')}"
        name, tooltips = f"{sheet.name}-{number}", len(points) <= MAX_TOOLTIPS
        draw = partial(panel, one.series, one.view, name, label, tooltips)
        block.panels.append(Panel(*one.key, draw, name, _absence(sheet, absent.get(one.key, []))))
    shown = [point for one in everything[:MAX_PANELS] for point in one.members]
    block.legend = legend(sheet, shown, facets, palette)
    _notes(block, sheet, points, wanted, len(everything))
    return block


def _view(sheet: Sheet, facets: Facets, key: tuple[str, str]) -> View:
    comparable = facets.comparable(key)
    front = front_of(facets.groups[key], sheet.x) if sheet.y == "error" else []
    corners = [(_x(sheet, point), _y(sheet, point)) for point in front]
    return View(sheet.x_axis, sheet.y_axis, *_extents(sheet, comparable), corners, facets.by_solver)


def legend(sheet: Sheet, shown: list[Point], facets: Facets, palette: Palette) -> list[Legend]:
    """Only what the panels show."""
    methods = [method for method in palette.methods if any(point.method == method for point in shown)]
    found = [Legend("method", [Entry(symbols.line(palette[method]), method) for method in methods])]
    if facets.legend:
        found.append(Legend("solver", [Entry(symbols.mark("filled", n), name) for name, n in facets.legend]))
    marks = []
    if sheet.y == "error":
        marks.append(Entry(symbols.front(), "Pareto front: nothing measured is better in both"))
        if any(point.reference_limited for point in shown):
            marks.append(Entry(symbols.mark("hollow"), "hollow: the reference limits the error"))
    if any(point.failed for point in shown):
        marks.append(Entry(symbols.mark("failed"), "failed"))
    if any(point.expected for point in shown):
        marks.append(Entry(symbols.mark("expected"), "failed as expected (xfail)"))
    if any(not math.isfinite(_y(sheet, point)) for point in shown):
        marks.append(Entry("", "in the band “none”: no finite gradient, so no error"))
    return found + [Legend("marks", marks)] * bool(marks)


def _absence(sheet: Sheet, absent: list[Point]) -> str:
    """Who is missing from a panel: a line that is not there must not look like one that was not asked for."""
    counts = Counter((point.method, point.status) for point in absent if point.status != "skipped")
    who = ", ".join(f"{method} {count} × {status}" for (method, status), count in counts.items())
    return who and f"{'Not timed' if sheet.bars else 'Not drawn for want of a number'}: {who}"


def _x(sheet: Sheet, point: Point) -> float:
    return getattr(point, sheet.x)


def _y(sheet: Sheet, point: Point) -> float:
    value = getattr(point, sheet.y)
    return max(value, SMALLEST_ERROR) if sheet.y == "error" and value >= 0 else value


def drawable(sheet: Sheet, point: Point) -> bool:
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


def _lines(sheet: Sheet, members: list[Point]) -> list[list[Point]]:
    """Along the control axis; against checkpoints along the budget, at one tolerance or step count each."""
    if sheet.x != "checkpoints":
        return list(lines(members).values())
    found: dict[tuple, list[Point]] = {}
    for point in sorted(members, key=lambda point: point.checkpoints):
        found.setdefault((point.line._replace(budget=""), point.looseness), []).append(point)
    return list(found.values())


def _series(sheet: Sheet, members: list[Point], facets: Facets, palette: Palette) -> list[Series]:
    found = []
    for line in _lines(sheet, members):
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
        found.append(Series(palette[line[0].method], facets.marker(line[0]), marks))
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


def _notes(block: FigureBlock, sheet: Sheet, points: list[Point], wanted: list[Point], groups: int) -> None:
    block.note_left_out(groups)
    missing = len([point for point in points if point.status != "skipped"]) - len(wanted)
    if missing:
        one, many = ("was not timed", "were not timed") if sheet.bars else ("has no such number", "have no such number")
        block.notes.append(f"{plural(missing, 'case')} {one if missing == 1 else many}, so not drawn.")
    unsteady = sum(point.quality not in STEADY for point in wanted)
    if sheet.bars and unsteady:
        block.notes.append(f"The times of {plural(unsteady, 'case')} are not steady: see “How far to trust the times”.")
    if sheet.y == "error" and any(point.error == 0 for point in wanted):
        block.notes.append("An error of exactly 0 is drawn at 10⁻¹⁷.")
