"""Scaling: time against ranks, threads and batch, where one or several files hold the same work at several sizes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from . import symbols
from .axes import Axis, limits
from .blocks import MAX_PANELS, MAX_TOOLTIPS, FigureBlock, Panel, Section
from .palette import MARKERS, Palette
from .panels import Guide, Mark, Series, View, panel
from .points import STEADY
from .reader import ResultFile
from .symbols import Entry, Legend
from .tables import DataTable, Field, written
from .verdict import plural

_SIZES = ("n", "batch", "samples")  # arguments of a problem that say how many, not what


class Work(NamedTuple):
    """What is computed, whatever the number of trajectories, ranks and threads."""

    problem: str
    method: str
    solver: str
    control: str
    precision: str
    backend: str
    arguments: str


@dataclass(frozen=True)
class Timed:
    work: Work
    case_id: str
    batch: int
    ranks: int
    threads: int
    seconds: float
    lo: float
    hi: float
    imbalance: float
    steady: bool


@dataclass(frozen=True)
class _Kind:
    """One way of scaling: what grows, what stays, and what a perfect machine would do."""

    name: str
    title: str
    caption: str
    x_label: str
    x: Callable[[Timed], float]
    fixed: Callable[[Timed], tuple]
    y_label: str
    y: Callable[[Timed, Timed], float]  # of a case and the smallest of its line
    ideal: float  # of y; NaN if there is none


_KINDS = (
    _Kind(
        "strong",
        "Strong scaling over ranks",
        "The same work on more MPI ranks: efficiency is speed-up over the growth of the ranks, 1 is perfect.",
        "ranks",
        lambda one: one.ranks,
        lambda one: (one.batch, one.threads),
        "efficiency",
        lambda one, first: first.seconds * first.ranks / (one.seconds * one.ranks),
        1.0,
    ),
    _Kind(
        "weak",
        "Weak scaling over ranks",
        "As much work per MPI rank on more ranks: efficiency is the time on the fewest over the time, 1 is perfect.",
        "ranks",
        lambda one: one.ranks,
        lambda one: (one.batch / one.ranks, one.threads),
        "efficiency",
        lambda one, first: first.seconds / one.seconds,
        1.0,
    ),
    _Kind(
        "threads",
        "Scaling over threads",
        "The same work on more threads per rank: efficiency is speed-up over the growth of the threads, 1 is perfect.",
        "threads per rank",
        lambda one: one.threads,
        lambda one: (one.batch, one.ranks),
        "efficiency",
        lambda one, first: first.seconds * first.threads / (one.seconds * one.threads),
        1.0,
    ),
    _Kind(
        "batch",
        "Cost against batch",
        "Time per trajectory or sample against their number, on the same ranks and threads: where it falls, a larger "
        "batch hides latency; where it is flat, the machine is busy.",
        "batch",
        lambda one: one.batch,
        lambda one: (one.ranks, one.threads),
        "time per trajectory",
        lambda one, first: one.seconds / one.batch,
        math.nan,
    ),
)


def scaling_section(results: Sequence[ResultFile], palette: Palette) -> Section | None:
    """None unless some work was timed at two sizes."""
    timed = [one for result in results for one in timed_cases(result)]
    figures = [block for kind in _KINDS if (block := _figure(kind, timed, palette))]
    if not figures:
        return None
    text = [
        "Lines of equal colour, dash and marker are one method with one solver at different controls; times are "
        "medians. Ranks or threads that share a core, or cores that share a memory, cannot reach an efficiency of 1."
    ]
    return Section("scaling", "Scaling", "Scaling", text, figures)


def timed_cases(result: ResultFile) -> list[Timed]:
    cases, cost = result["cases"], result["cost"]
    found = []
    for i in range(result.rows("cases")):
        seconds, batch = float(cost["time_median"][i]), int(cases["batch"][i])
        if seconds > 0 and batch > 0 and cases["ranks"][i] > 0 and cases["threads"][i] > 0:
            work = Work(
                *(str(cases[name][i]) for name in ("problem", "method", "solver", "control", "precision", "backend")),
                _arguments(cases["case_json"][i]),
            )
            found.append(
                Timed(
                    work,
                    cases["case_id"][i],
                    batch,
                    int(cases["ranks"][i]),
                    int(cases["threads"][i]),
                    seconds,
                    float(cost["time_ci_lo"][i]),
                    float(cost["time_ci_hi"][i]),
                    float(cost["imbalance"][i]),
                    cost["timing_quality"][i] in STEADY,
                )
            )
    return found


def _arguments(case_json: str) -> str:
    """The problem's arguments without those that say how many; empty where they cannot be read."""
    try:
        given = json.loads(case_json).get("problem_args", {})
        return json.dumps({key: value for key, value in given.items() if key not in _SIZES}, sort_keys=True)
    except (ValueError, AttributeError):
        return ""


def lines_of(kind: _Kind, timed: Sequence[Timed]) -> list[list[Timed]]:
    """Cases that differ in x only, at two different x at least, by rising x; of equal x the fastest counts."""
    groups: dict[tuple, dict[float, Timed]] = {}
    for one in timed:
        group = groups.setdefault((one.work, kind.fixed(one)), {})
        x = kind.x(one)
        if x not in group or one.seconds < group[x].seconds:
            group[x] = one
    return [[group[x] for x in sorted(group)] for group in groups.values() if len(group) > 1]


def _figure(kind: _Kind, timed: Sequence[Timed], palette: Palette) -> FigureBlock | None:
    lines = lines_of(kind, timed)
    if not lines:
        return None
    block = FigureBlock(kind.name, kind.title, kind.caption, [], _table(kind, lines))
    solvers = {name: n % len(MARKERS) for n, name in enumerate(dict.fromkeys(line[0].work.solver for line in lines))}
    panels: dict[tuple[str, str], list[list[Timed]]] = {}
    for line in lines:
        panels.setdefault((line[0].work.problem, _subtitle(kind, line[0])), []).append(line)
    drawn, tooltips = list(panels.items())[:MAX_PANELS], sum(map(len, lines)) <= MAX_TOOLTIPS
    for number, ((problem, subtitle), members) in enumerate(drawn):
        series = [_series(kind, line, palette, solvers[line[0].work.solver]) for line in members]
        name = f"{kind.name}-{number}"
        said = f"{kind.title}, {problem}, {subtitle}"
        draw = partial(panel, series, _view(kind, series), name, said, tooltips)
        block.panels.append(Panel(problem, subtitle, draw, name))
    methods = palette.among(line[0].work.method for _, members in drawn for line in members)
    block.legend = [
        Legend("method", [Entry(symbols.line(palette[method]), method) for method in methods]),
        Legend("solver", [Entry(symbols.mark("filled", n), solver) for solver, n in solvers.items()]),
    ]
    unsteady = sum(not one.steady for line in lines for one in line)
    if unsteady:
        block.notes.append(f"{unsteady} of these times are not steady: hollow marks.")
        block.legend.append(Legend("marks", [Entry(symbols.mark("hollow"), "the times are not steady")]))
    block.note_left_out(len(panels))
    return block


def _subtitle(kind: _Kind, one: Timed) -> str:
    if kind.name == "strong":
        return f"batch {one.batch:,}"
    if kind.name == "weak":
        return f"batch {one.batch / one.ranks:,.0f} per rank"
    ranks = plural(one.ranks, "rank")
    return f"batch {one.batch:,}, {ranks}" if kind.name == "threads" else f"{ranks}, {plural(one.threads, 'thread')}"


def _series(kind: _Kind, line: list[Timed], palette: Palette, marker: int) -> Series:
    marks = []
    for one in line:
        y = kind.y(one, line[0])
        value = f"{y:.3g}" if math.isfinite(kind.ideal) else written(y, "seconds")
        said = f"{one.case_id} at {kind.x(one):g} {kind.x_label}: {kind.y_label} {value}"
        said += f", {written(one.seconds, 'seconds')}"
        marks.append(Mark(kind.x(one), y, hollow=not one.steady, title=said))
    return Series(palette[line[0].work.method], marker, marks)


def _view(kind: _Kind, series: list[Series]) -> View:
    xs = [mark.x for one in series for mark in one.marks]
    ys = [mark.y for one in series for mark in one.marks]
    x = Axis(kind.x_label, "count" if kind.name == "batch" else "doubling")
    if not math.isfinite(kind.ideal):
        return View(x, Axis(kind.y_label, "seconds"), limits(xs), limits(ys))
    low, high = min(xs), max(xs)
    guide = Guide([(low, 1.0), (high, 1.0)])
    return View(
        x,
        Axis(kind.y_label, "ratio"),
        (low / 1.12, high * 1.12),
        (0.0, max([1.15, *(1.08 * y for y in ys)])),
        guides=[guide],
    )


def _table(kind: _Kind, lines: list[list[Timed]]) -> DataTable:
    fields = [
        Field("case_id", "case", "case"),
        Field("batch", "batch", "count"),
        Field("ranks", "ranks", "count"),
        Field("threads", "threads", "count"),
        Field("seconds", "median time", "seconds"),
        Field("seconds_lo", "CI low", "seconds"),
        Field("seconds_hi", "CI high", "seconds"),
        Field("value", kind.y_label, "plain" if math.isfinite(kind.ideal) else "seconds"),
        Field("imbalance", "slowest rank over mean", "plain"),
    ]
    return DataTable(
        kind.name,
        fields,
        [
            (
                one.case_id,
                one.batch,
                one.ranks,
                one.threads,
                one.seconds,
                one.lo,
                one.hi,
                kind.y(one, line[0]),
                one.imbalance,
            )
            for line in lines
            for one in line
        ],
    )
