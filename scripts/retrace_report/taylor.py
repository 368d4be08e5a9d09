"""Remainders of the Taylor test: does the error of the linear model fall with the square of the step?"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from . import symbols
from .axes import Axis, limits
from .blocks import MAX_PANELS, FigureBlock, Panel
from .palette import PLAIN, Palette, Style
from .panels import Guide, Mark, Series, View, panel
from .points import Point
from .reader import ResultFile
from .symbols import Entry, Legend
from .tables import DataTable, Field, written
from .verdict import severity

CHECK = "taylor"
_FIELDS = [
    Field("case_id", "case", "case"),
    Field("direction", "direction", "count"),
    Field("eps", "step", "error"),
    Field("remainder0", "without the gradient", "error"),
    Field("remainder1", "with the gradient", "error"),
    Field("noise_floor", "rounding noise", "error"),
    Field("rate", "slope", "plain"),
    Field("used", "fitted"),
]


def taylor_figure(result: ResultFile, points: list[Point], palette: Palette) -> FigureBlock | None:
    """One panel per problem setting and method, of the case with the worst verdict; None without remainders."""
    table = result.tables.get("taylor", {})
    if not result.rows("taylor"):
        return None
    rows_of: dict[int, list[int]] = {}
    for row, case in enumerate(table["case"].tolist()):
        rows_of.setdefault(case, []).append(row)
    block = FigureBlock(
        "taylor",
        "Taylor remainders",
        "Remainder of the loss along random directions against the step. Without the gradient it falls with the step, "
        "with it with the square of the step, until rounding takes over: the dashed line is the measured noise. "
        "Filled marks are the window that the slope was fitted to. Of each method on a problem the case with the worst "
        "verdict is drawn.",
        [],
        _data(result, points),
    )
    chosen = _worst_cases(result, points, rows_of)
    for number, (point, verdict) in enumerate(chosen[:MAX_PANELS]):
        series, view = _content(result, rows_of[point.index], palette[point.method])
        name, said = f"taylor-{number}", f"Taylor remainders of {point.case_id}"
        draw = partial(panel, series, view, name, said)
        subtitle = f"{point.method}, {point.solver}, {point.short_control}"
        block.panels.append(Panel(point.panel, subtitle, draw, name, "" if verdict == "pass" else f"Verdict: {verdict}"))
    methods = palette.among(point.method for point, _ in chosen[:MAX_PANELS])
    block.legend = [
        Legend("with the gradient", [Entry(symbols.line(palette[method]), method) for method in methods]),
        Legend(
            "others",
            [
                Entry(symbols.stroke(PLAIN.light, PLAIN.dash), "without the gradient"),
                Entry(symbols.stroke(PLAIN.light, (4, 3), 1), "measured noise"),
                Entry(symbols.mark("hollow"), "outside the fitted window"),
            ],
        ),
    ]
    block.note_left_out(len(chosen))
    return block


def _worst_cases(result: ResultFile, points: list[Point], rows_of: dict[int, list[int]]) -> list[tuple[Point, str]]:
    """(case, verdict), one per problem setting and method; of equal verdicts the one with the smallest slope."""
    checks = result["checks"]
    verdicts = {
        int(checks["case"][row]): str(checks["verdict"][row]) for row in np.flatnonzero(checks["check"] == CHECK)
    }
    rates, used = result["taylor"]["rate"], result["taylor"]["used"]

    def slope(case: int) -> float:
        found = [rates[row] for row in rows_of[case] if used[row] == "yes" and math.isfinite(rates[row])]
        return float(np.median(found)) if found else math.inf

    best: dict[tuple[str, str], int] = {}
    for case in rows_of:
        key = (points[case].panel, points[case].method)
        rank = (severity(verdicts.get(case, "pass")), slope(case))
        if key not in best or rank < (severity(verdicts.get(best[key], "pass")), slope(best[key])):
            best[key] = case
    return [(points[case], verdicts.get(case, "pass")) for case in best.values()]


def _content(result: ResultFile, rows: list[int], style: Style) -> tuple[list[Series], View]:
    table = result["taylor"]
    series, guides = [], []
    for direction in dict.fromkeys(table["direction"][rows].tolist()):
        own = sorted((row for row in rows if table["direction"][row] == direction), key=lambda row: -table["eps"][row])
        eps = table["eps"][own]
        without = [
            Mark(float(x), float(y), hollow=True, title=_title(x, y, "without"))
            for x, y in zip(eps, table["remainder0"][own])
        ]
        with_it = [
            Mark(float(x), float(y), hollow=used != "yes", title=_title(x, y, "with"))
            for x, y, used in zip(eps, table["remainder1"][own], table["used"][own])
        ]
        series += [Series(PLAIN, 0, _positive(without)), Series(style, 0, _positive(with_it))]
        noise = [(float(x), float(y)) for x, y in zip(eps, table["noise_floor"][own]) if y > 0 and math.isfinite(y)]
        if len(noise) > 1:
            guides.append(Guide(noise))
    values = [mark.y for one in series for mark in one.marks] + [y for guide in guides for _, y in guide.points]
    steps = [mark.x for one in series for mark in one.marks]
    view = View(Axis("step", "power"), Axis("remainder", "power"), limits(steps), limits(values), guides=guides)
    return series, view


def _positive(marks: list[Mark]) -> list[Mark]:
    """A remainder of exactly zero has no place on a logarithmic axis; the table has it."""
    return [mark for mark in marks if mark.x > 0 and mark.on_axis]


def _title(eps: float, remainder: float, how: str) -> str:
    return f"step {written(float(eps), 'error')}: {written(float(remainder), 'error')} {how} the gradient"


def _data(result: ResultFile, points: list[Point]) -> DataTable:
    table = result["taylor"]
    numbers = ("eps", "remainder0", "remainder1", "noise_floor", "rate")
    return DataTable(
        "taylor",
        _FIELDS,
        [
            (points[case].case_id, direction, *values, used)
            for case, direction, *values, used in zip(
                table["case"].tolist(),
                table["direction"].tolist(),
                *(table[name].tolist() for name in numbers),
                table["used"].tolist(),
            )
            if case >= 0
        ],
    )
