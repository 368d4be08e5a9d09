"""How close each case comes to what the machine can do: model counts against measured ceilings."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial

from . import symbols
from .axes import Axis, limits
from .blocks import MAX_PANELS, MAX_TOOLTIPS, FigureBlock, Panel, Section, ShownTable
from .facets import Facets
from .palette import Palette
from .panels import Guide, Mark, Series, View, panel
from .points import Point, lines
from .reader import ResultFile
from .symbols import Entry, Legend
from .tables import DataTable, Field

WIDE_SPREAD = 0.1  # of the ceilings' repetitions; above it others were at work and the rates are too low to be bounds
_GIGA = 1e9
_LEVELS = ("l1", "l2", "memory")


@dataclass(frozen=True)
class Ceilings:
    """Rates of one process in operations and bytes per second; missing ones are absent."""

    flops: dict[str, float]  # by precision
    bytes: dict[str, float]  # by level
    spread: float

    def of(self, precision: str) -> float:
        """The highest rate that a program in this precision could reach; mixed has single states."""
        return self.flops.get("f32" if precision == "mixed" else precision, math.nan)


def ceilings(result: ResultFile, run: int, threads: int) -> Ceilings:
    """Those of one thread for cases of one thread, else those of all threads."""
    environment = result["environment"]
    suffix = "1thread" if threads == 1 else "all_threads"
    flops, moved, spread = {}, {}, math.nan
    for at, key, value in zip(environment["run"], environment["key"], environment["value"]):
        if at != run or not key.startswith("ceiling_"):
            continue
        number = _number(value)
        rate = re.fullmatch(r"ceiling_fma_gflops_(\w+?)_(1thread|all_threads)", key)
        level = re.fullmatch(r"ceiling_triad_(\w+?)_gbytes_f64_(1thread|all_threads)", key)
        if rate and rate[2] == suffix:
            flops[rate[1]] = number * _GIGA
        elif level and level[2] == suffix:
            moved[level[1]] = number * _GIGA
        elif key == "ceiling_widest_spread":
            spread = number
    return Ceilings(flops, moved, spread)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


@dataclass(frozen=True)
class Bound:
    """One timed case against its bound."""

    point: Point
    flops: float
    bytes: float
    compute_seconds: float  # least time for the operations
    memory_seconds: float  # least time for the bytes, at the rate of main memory
    fraction: float  # the larger of the two over the measured median
    by: str  # "operations" or "bytes"


def bounds(result: ResultFile, points: list[Point]) -> list[Bound]:
    """The cases that have a time, a count and the ceiling that goes with it.

    Ranks are taken to multiply both rates, which ranks that share a memory do not: the bound is then lower than the
    true one, the fraction a lower bound.
    """
    cases, cost = result["cases"], result["cost"]
    known: dict[tuple[int, int], Ceilings] = {}
    found = []
    for point in points:
        i = point.index
        flops, moved = float(cost["flops_model"][i]), float(cost["bytes_moved_model"][i])
        if not point.seconds > 0 or not (flops > 0 or moved > 0):
            continue
        key = (int(cases["run"][i]), int(cases["threads"][i]))
        if key not in known:
            known[key] = ceilings(result, *key)
        rates = known[key]
        ranks = max(int(cases["ranks"][i]), 1)
        compute = flops / (ranks * rates.of(str(cases["precision"][i])))
        memory = moved / (ranks * rates.bytes.get("memory", math.nan))
        usable = [(seconds, by) for seconds, by in ((compute, "operations"), (memory, "bytes")) if seconds > 0]
        if usable:
            seconds, by = max(usable)
            found.append(Bound(point, flops, moved, compute, memory, seconds / point.seconds, by))
    return found


def bounds_section(result: ResultFile, points: list[Point], palette: Palette) -> Section:
    found = bounds(result, points)
    section = Section("bounds", "Distance from the machine’s bounds", "Bounds")
    if not found:
        section.text.append(_why_none(result))
        return section
    section.text.append(
        "Operations and bytes are model counts: formulas beside the kernels, not measured. The ceilings were measured "
        "on the machine right before the first case: multiply-adds in registers, and the triad a = b + s c through "
        "main memory. A fraction of 1 means that the case runs as fast as its tighter bound allows; above 1, its data "
        "stay in cache, where bytes are cheaper."
    )
    spread = ceilings(result, 0, 1).spread
    if spread > WIDE_SPREAD:
        section.text.append(
            f"The ceilings varied by {100 * spread:.0f} % while they were measured: others were at work, the rates are "
            "too low to be bounds, and the fractions too high."
        )
    section.figures = [_fractions(found, palette), _roofline(result, found, palette)]
    section.tables = [ShownTable("Fraction of the bound by problem and method", "", _summary(found))]
    return section


def _why_none(result: ResultFile) -> str:
    cost = result["cost"]
    if not any(value > 0 for value in (*cost["flops_model"], *cost["bytes_moved_model"])):
        return (
            "The file holds no model counts of operations or bytes, so no case can be set against the machine’s rates."
        )
    if not any(key.startswith("ceiling_") for key in result["environment"]["key"]):
        return "The file holds no ceilings of the machine (the run had --no-ceilings, or timed nothing), so no bounds."
    return "No case has a time, a model count and a ceiling of its precision, so no bounds."


def _fractions(found: list[Bound], palette: Palette) -> FigureBlock:
    block = FigureBlock(
        "fractions",
        "Fraction of the bound",
        "The least time that the case’s operations and bytes allow, over the measured median; 1 is the bound.",
        [],
        _table(found),
    )
    by_index = {one.point.index: one for one in found}
    facets = Facets([one.point for one in found])
    for number, (key, members) in enumerate(list(facets.groups.items())[:MAX_PANELS]):
        series = [
            Series(
                palette[line[0].method],
                facets.marker(line[0]),
                [
                    Mark(point.seconds, by_index[point.index].fraction, title=_said(by_index[point.index]))
                    for point in line
                ],
            )
            for line in lines(members).values()
        ]
        marks = [mark for one in series for mark in one.marks]
        xs = limits([mark.x for mark in marks])
        view = View(
            Axis("median time per gradient", "seconds"),
            Axis("fraction of the bound", "factor"),
            xs,
            limits([1.0, *(mark.y for mark in marks)]),
            guides=[Guide([(xs[0], 1.0), (xs[1], 1.0)], "bound")],
        )
        name = f"fractions-{number}"
        said = f"Fraction of the bound, {' '.join(key)}"
        draw = partial(panel, series, view, name, said, len(found) <= MAX_TOOLTIPS)
        block.panels.append(Panel(*key, draw, name))
    methods = palette.among(one.point.method for one in found)
    block.legend = [Legend("method", [Entry(symbols.line(palette[method]), method) for method in methods])]
    if facets.legend:
        block.legend.append(Legend("solver", [Entry(symbols.mark("filled", n), name) for name, n in facets.legend]))
    block.note_left_out(len(facets.groups))
    return block


def _roofline(result: ResultFile, found: list[Bound], palette: Palette) -> FigureBlock:
    """Rate against intensity, both per rank, below the roofs of one thread or of all."""
    cases = result["cases"]
    block = FigureBlock(
        "roofline",
        "Roofline",
        "Model operations per second and rank against model operations per byte. The roofs are the measured ceilings: "
        "slanted what L1, L2 and main memory can feed, level what the arithmetic units can do.",
        [],
        DataTable(
            "roofline",
            [
                Field("case_id", "case", "case"),
                Field("intensity", "operations per byte", "plain"),
                Field("rate", "operations per second and rank", "short_count"),
            ],
            [],
        ),
    )
    groups: dict[tuple[int, str], list[Bound]] = {}
    for one in found:
        if one.flops > 0 and one.bytes > 0:
            key = (int(cases["threads"][one.point.index]), str(cases["precision"][one.point.index]))
            groups.setdefault(key, []).append(one)
    for number, ((threads, precision), members) in enumerate(groups.items()):
        rates = ceilings(result, int(cases["run"][members[0].point.index]), threads)
        by_method: dict[str, list[Mark]] = {}
        for one in members:
            ranks = max(int(cases["ranks"][one.point.index]), 1)
            intensity, rate = one.flops / one.bytes, one.flops / one.point.seconds / ranks
            by_method.setdefault(one.point.method, []).append(Mark(intensity, rate, title=_said(one)))
            block.table.rows.append((one.point.case_id, intensity, rate))
        series = [
            Series(palette[method], palette.marker(method), marks, joined=False) for method, marks in by_method.items()
        ]
        name = f"roofline-{number}"
        view, tooltips = _roof_view(series, rates, precision), len(members) <= MAX_TOOLTIPS
        draw = partial(panel, series, view, name, f"Roofline of {precision}", tooltips)
        block.panels.append(Panel(f"{precision}, {threads} thread{'s' * (threads != 1)} per rank", "", draw, name))
    block.legend = [symbols.method_marks(palette.among(one.point.method for one in found), palette)]
    return block


def _roof_view(series: list[Series], rates: Ceilings, precision: str) -> View:
    marks, peak = [mark for one in series for mark in one.marks], rates.of(precision)
    ridges = [peak / rate for rate in rates.bytes.values() if rate > 0 and peak > 0]
    low, high = limits([*(mark.x for mark in marks), *ridges])
    low /= 2  # room for what the slanted roofs are called
    guides = []
    for level in _LEVELS:
        rate = rates.bytes.get(level, math.nan)
        if rate > 0:
            end = min(high, peak / rate) if peak > 0 else high
            words = level.upper() if level != "memory" else level
            guides.append(Guide([(low, low * rate), (end, end * rate)], words, words_first=True))
    if peak > 0:
        guides.append(Guide([(low, peak), (high, peak)], "multiply-adds", ()))
    ys = [y for guide in guides for _, y in guide.points]
    return View(
        Axis("operations per byte (model)", "factor"),
        Axis("operations per second and rank", "count"),
        (low, high),
        limits([*(mark.y for mark in marks), *ys]),
        guides=guides,
    )


def _said(one: Bound) -> str:
    return f"{one.point.case_id}: {one.fraction:.3g} of the bound by {one.by}"


def _table(found: list[Bound]) -> DataTable:
    fields = [
        Field("case_id", "case", "case"),
        Field("seconds", "median time", "seconds"),
        Field("flops", "operations (model)", "short_count"),
        Field("bytes", "bytes moved (model)", "bytes"),
        Field("compute_seconds", "least for operations", "seconds"),
        Field("memory_seconds", "least for bytes", "seconds"),
        Field("fraction", "fraction of the bound", "plain"),
        Field("by", "bound by"),
    ]
    return DataTable(
        "fractions",
        fields,
        [
            (
                one.point.case_id,
                one.point.seconds,
                one.flops,
                one.bytes,
                one.compute_seconds,
                one.memory_seconds,
                one.fraction,
                one.by,
            )
            for one in found
        ],
    )


def _summary(found: list[Bound]) -> DataTable:
    groups: dict[tuple[str, str], list[Bound]] = {}
    for one in found:
        groups.setdefault((one.point.panel, one.point.method), []).append(one)
    fields = [
        Field("problem", "problem", "setting"),
        Field("method", "method", "method"),
        Field("cases", "cases", "count"),
        Field("least", "least", "plain"),
        Field("median", "median", "plain"),
        Field("most", "most", "plain"),
        Field("by", "bound by"),
    ]
    rows = []
    for (panel_name, method), members in groups.items():
        values = sorted(one.fraction for one in members)
        kinds = dict.fromkeys(one.by for one in members)
        rows.append(
            (panel_name, method, len(members), values[0], values[len(values) // 2], values[-1], " or ".join(kinds))
        )
    return DataTable("bounds", fields, rows)
