"""Order plots: the error of the gradient over refinement, beside the slope that is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from . import symbols
from .axes import Axis, limits
from .blocks import MAX_PANELS, FigureBlock, Panel
from .palette import MARKERS, PLAIN, Palette
from .panels import Guide, Mark, Series, View, panel
from .points import Point
from .reader import ResultFile
from .symbols import Entry, Legend
from .tables import DataTable, Field, written
from .verdict import severity

CHECK = "order"
_FIELDS = [
    Field("case_group", "cases", "case"),
    Field("error_norm", "error of"),
    Field("level", "level", "count"),
    Field("h", "step size or tolerance", "error"),
    Field("error", "error", "error"),
    Field("observed_order", "slope to the level before", "plain"),
]
_APART = 0.4  # of the coarsest error: a reference slope stands so far below the line that it belongs to
_REFINED = {"fixed": "step size", "adaptive": "tolerance"}


@dataclass(frozen=True)
class Group:
    """Cases that differ in their refinement only. The file names it after its case, or in words of its own."""

    name: str
    norm: str
    problem: str  # the setting, as in other figures
    method: str
    solver: str
    stepping: str  # "fixed" or "adaptive"
    slope: float  # the least that the check accepts; else the order of a scheme with fixed steps; else NaN
    verdict: str  # of the check; empty if there is none
    rows: list[int]  # coarse to fine


def order_figure(result: ResultFile, points: list[Point], palette: Palette) -> FigureBlock | None:
    """One panel per problem setting, kind of steps and kind of error; None without levels."""
    if not result.rows("convergence"):
        return None
    groups = groups_of(result, points)
    panels: dict[tuple[str, str, str], list[Group]] = {}
    for group in _worst(groups):
        panels.setdefault((group.problem, group.stepping, group.norm), []).append(group)
    block = FigureBlock(
        "order",
        "Order of the gradient",
        "Error of the gradient over refinement levels: of each method and scheme on a problem the case with the worst "
        "verdict. Dashed: the least slope that the check accepts. A line that is flatter has lost order, or has met "
        "its reference or rounding.",
        [],
        _data(result, groups),
    )
    solvers = {name: n % len(MARKERS) for n, name in enumerate(dict.fromkeys(group.solver for group in groups))}
    drawn = list(panels.items())[:MAX_PANELS]
    for number, ((problem, stepping, norm), members) in enumerate(drawn):
        series = [_series(result, group, palette, solvers[group.solver]) for group in members]
        marks = [mark for one in series for mark in one.marks]
        guides = _slopes(result, members)
        view = View(
            Axis(_REFINED[stepping], "power"),
            Axis(f"error ({norm})" if norm else "error", "power"),
            limits([mark.x for mark in marks]),
            limits([*(mark.y for mark in marks), *(y for guide in guides for _, y in guide.points)]),
            guides=guides,
        )
        name = f"order-{number}"
        draw = partial(panel, series, view, name, f"Order of {problem}, {stepping} steps")
        block.panels.append(Panel(problem, f"{stepping} steps", draw, name, _note(members)))
    methods = palette.among(group.method for _, members in drawn for group in members if group.method)
    block.legend = [
        Legend("method", [Entry(symbols.line(palette[method]), method) for method in methods]),
        Legend("scheme", [Entry(symbols.mark("filled", n), name) for name, n in solvers.items() if name]),
    ]
    block.note_left_out(len(panels))
    return block


def groups_of(result: ResultFile, points: list[Point]) -> list[Group]:
    table, cases, checks = result["convergence"], result["cases"], result["checks"]
    by_id = {point.case_id: point for point in points}
    judged = {
        int(checks["case"][row]): (float(checks["threshold"][row]), str(checks["verdict"][row]))
        for row in np.flatnonzero(checks["check"] == CHECK)
    }
    words = {kind: set(cases[kind]) for kind in ("problem", "method", "solver")}
    rows_of: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(table["case_group"], table["error_norm"])):
        rows_of.setdefault(key, []).append(row)
    found = []
    for (name, norm), rows in rows_of.items():
        rows.sort(key=lambda row: table["level"][row])
        point = by_id.get(name)
        if point:
            threshold, verdict = judged.get(point.index, (math.nan, ""))
            fixed = point.stepping == "fixed"
            slope = threshold if math.isfinite(threshold) else float(cases["order"][point.index]) if fixed else math.nan
            found.append(
                Group(name, norm, point.panel, point.method, point.solver, point.stepping, slope, verdict, rows)
            )
        else:
            parts = name.split("/")
            problem, method, solver = (next((part for part in parts if part in known), "") for known in words.values())
            found.append(Group(name, norm, problem or parts[0], method, solver, "fixed", math.nan, "", rows))
    return found


def _worst(groups: list[Group]) -> list[Group]:
    """One group per problem setting, kind of steps, error, method and scheme."""
    best: dict[tuple, Group] = {}
    for group in groups:
        key = (group.problem, group.stepping, group.norm, group.method, group.solver)
        if key not in best or severity(group.verdict or "pass") < severity(best[key].verdict or "pass"):
            best[key] = group
    return list(best.values())


def _note(groups: list[Group]) -> str:
    """What did not pass."""
    found = [
        f"{group.method} {group.solver} {group.verdict}"
        for group in groups
        if group.verdict not in ("", "pass", "skipped")
    ]
    return f"Verdict: {', '.join(found)}" if found else ""


def observed(result: ResultFile, group: Group) -> float:
    """The slope of the whole line by least squares; NaN with fewer than two usable levels."""
    table = result["convergence"]
    h, error = table["h"][group.rows], table["error"][group.rows]
    good = (h > 0) & (error > 0) & np.isfinite(h) & np.isfinite(error)
    if good.sum() < 2 or np.ptp(np.log(h[good])) == 0:
        return math.nan
    return float(np.polyfit(np.log(h[good]), np.log(error[good]), 1)[0])


def _series(result: ResultFile, group: Group, palette: Palette, marker: int) -> Series:
    table = result["convergence"]
    style = palette[group.method] if group.method else PLAIN
    marks = [
        Mark(h, error, title=f"{group.name}, level {level}: {written(error, 'error')} at {written(h, 'error')}")
        for h, error, level in zip(
            table["h"][group.rows].tolist(), table["error"][group.rows].tolist(), table["level"][group.rows].tolist()
        )
        if h > 0
    ]
    return Series(style, marker, marks)


def _slopes(result: ResultFile, groups: list[Group]) -> list[Guide]:
    """One reference per slope asked for, below the lowest line of that slope, over the levels of that line."""
    table, found = result["convergence"], []
    for slope in sorted({group.slope for group in groups if group.slope > 0}):
        lines = []
        for group in groups:
            h, error = table["h"][group.rows], table["error"][group.rows]
            good = np.flatnonzero((h > 0) & (error > 0) & np.isfinite(error))
            if group.slope == slope and len(good) > 1:
                lines.append((float(error[good[0]]), float(h[good].max()), float(h[good].min())))
        if lines:
            error, coarse, fine = min(lines)
            start = _APART * error
            found.append(Guide([(coarse, start), (fine, start * (fine / coarse) ** slope)], f"slope {slope:.3g}"))
    return found


def _data(result: ResultFile, groups: list[Group]) -> DataTable:
    table = result["convergence"]
    return DataTable(
        "order",
        _FIELDS,
        [
            (
                group.name,
                group.norm,
                int(table["level"][row]),
                float(table["h"][row]),
                float(table["error"][row]),
                float(table["observed_order"][row]),
            )
            for group in groups
            for row in group.rows
        ],
    )


def summary(result: ResultFile, points: list[Point]) -> DataTable:
    """One row per group: the slope of its line beside what is asked for; what did not pass comes first."""
    fields = [
        Field("case_group", "cases", "case"),
        Field("error_norm", "error of"),
        Field("levels", "levels", "count"),
        Field("observed", "slope over all levels", "plain"),
        Field("slope", "asked for", "plain"),
        Field("verdict", "verdict"),
    ]
    groups = sorted(groups_of(result, points), key=lambda group: severity(group.verdict or "pass"))
    return DataTable(
        "orders",
        fields,
        [
            (group.name, group.norm, len(group.rows), observed(result, group), group.slope, group.verdict or "–")
            for group in groups
        ],
    )
