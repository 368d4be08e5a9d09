"""The timed samples: how they scatter per launch, how wide they spread, what the first launch costs."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from . import palette as colours
from . import symbols
from .axes import BOTTOM, LEFT, RIGHT, TOP, Axis, plain
from .blocks import FigureBlock, Panel
from .drawing import add_axes, new_figure, to_svg, write_text
from .palette import PLAIN, Palette
from .panels import USUAL, Mark, Series, View, panel
from .points import Point
from .reader import ResultFile
from .symbols import Entry, Legend
from .tables import DataTable, Field, written

_STRIPS = 8  # cases whose samples are drawn one by one: the least steady ones
_POOLED = 3000  # samples of the pooled strip plot
_SPREADS = np.geomspace(1e-3, 1.0, 25)  # classes of the histogram of spreads
_FIELDS = [
    Field("case_id", "case", "case"),
    Field("launch", "launch", "count"),
    Field("rep", "sample", "count"),
    Field("seconds", "time", "seconds"),
    Field("ratio", "over the median", "plain"),
    Field("is_warmup", "warm-up"),
    Field("flagged", "outlier"),
]


def sample_figures(result: ResultFile, points: list[Point], palette: Palette) -> list[FigureBlock]:
    """Strip plots and the histogram of spreads; empty where nothing was timed."""
    rows = _rows(result, points)
    if not rows:
        return []
    return [_strips(result, points, palette, rows), _histogram(points, result)]


def _rows(result: ResultFile, points: list[Point]) -> list[tuple]:
    """(case, launch, rep, seconds, seconds over the case's median, warm-up, outlier) of every sample of the whole."""
    table = result["samples"]
    chosen = np.flatnonzero((table["phase"] == "total") & (table["case"] >= 0) & (table["seconds"] > 0))
    medians = result["cost"]["time_median"]
    found = []
    for row in chosen:
        case, seconds = int(table["case"][row]), float(table["seconds"][row])
        median = float(medians[case])
        if median > 0:
            found.append(
                (
                    case,
                    int(table["launch"][row]),
                    int(table["rep"][row]),
                    seconds,
                    seconds / median,
                    str(table["is_warmup"][row]),
                    str(table["flagged"][row]),
                )
            )
    return found


def _strips(result: ResultFile, points: list[Point], palette: Palette, rows: list[tuple]) -> FigureBlock:
    block = FigureBlock(
        "samples",
        "Samples by launch",
        "Every timed sample over the median of its case: all cases together by launch, then the cases that spread "
        "most, each sample at its time. Samples of one launch stand side by side in the order in which they were "
        "taken: a slope within a launch is drift, a step between launches is a launch that was lucky or unlucky.",
        [],
        DataTable("samples", _FIELDS, [(points[row[0]].case_id, *row[1:]) for row in rows]),
    )
    thinned = rows
    if len(rows) > _POOLED:  # a random choice: every n-th would favour some repetitions
        chosen = np.sort(np.random.default_rng(1).choice(len(rows), _POOLED, replace=False))
        thinned = [rows[i] for i in chosen]
    block.panels.append(_strip("all cases", "", thinned, [PLAIN] * len(thinned), "samples-0", ratio=True))
    if len(thinned) < len(rows):
        block.notes.append(f"Of all cases together {_POOLED:,} of {len(rows):,} samples are drawn.")
    spread = result["cost"]["time_cv"]
    timed = sorted({row[0] for row in rows if math.isfinite(spread[row[0]])}, key=lambda case: -spread[case])
    for number, case in enumerate(timed[:_STRIPS], start=1):
        own, point = [row for row in rows if row[0] == case], points[case]
        style = palette[point.method]
        subtitle = f"{point.method}, {point.solver}, {point.short_control}"
        block.panels.append(_strip(point.panel, subtitle, own, [style] * len(own), f"samples-{number}", ratio=False))
    marks = [Entry(symbols.mark("filled"), "counted in the statistics")]
    if any(row[5] == "yes" for row in rows):
        marks.append(Entry(symbols.mark("hollow"), "warm-up, left out of the statistics"))
    if any(row[6] == "yes" for row in rows):
        marks.append(Entry(symbols.mark("failed"), "outlier, kept in the statistics"))
    block.legend = [Legend("samples", marks)]
    return block


def _strip(title: str, subtitle: str, rows: list[tuple], styles: list, name: str, ratio: bool) -> Panel:
    launches = sorted({row[1] for row in rows})
    longest = {launch: max(row[2] for row in rows if row[1] == launch) + 1 for launch in launches}
    marks = []
    for _, launch, rep, seconds, over, warm, flagged in rows:
        place = launches.index(launch) + 0.7 * ((rep + 0.5) / longest[launch] - 0.5)
        said = f"launch {launch}, sample {rep}: {written(seconds, 'seconds')}, {over:.3f} of the median"
        value = over if ratio else seconds
        marks.append(Mark(place, value, hollow=warm == "yes", failed=flagged == "yes", title=said))
    y = Axis("sample over median", "ratio") if ratio else Axis("time per gradient", "time")
    values = [mark.y for mark in marks]
    low, high = min(values), max(values)
    pad = 0.08 * (high - low) or 0.05 * high
    names = [str(launch) for launch in launches]
    view = View(Axis("launch", "place"), y, (-0.6, len(launches) - 0.4), (low - pad, high + pad), x_names=names)
    draw = partial(
        panel,
        [Series(styles[0], 0, marks, joined=False)],
        view,
        name,
        f"Samples of {title} {subtitle}".strip(),
        tooltips=not ratio,
    )
    return Panel(title, subtitle, draw, name)


def _histogram(points: list[Point], result: ResultFile) -> FigureBlock:
    spread = result["cost"]["time_cv"]
    known = [(point, float(spread[point.index])) for point in points if math.isfinite(spread[point.index])]
    block = FigureBlock(
        "spread",
        "Spread of the samples",
        "Coefficient of variation of each case's samples: standard deviation over mean.",
        [],
        DataTable(
            "spread",
            [
                Field("case_id", "case", "case"),
                Field("cv", "coefficient of variation", "plain"),
                Field("quality", "quality"),
                Field("reason", "why not better"),
                Field("n_samples", "samples", "count"),
                Field("n_launches", "launches", "count"),
            ],
            [
                (
                    point.case_id,
                    cv,
                    point.quality,
                    str(result["cost"]["timing_reason"][point.index]),
                    int(result["cost"]["n_samples"][point.index]),
                    int(result["cost"]["n_launches"][point.index]),
                )
                for point, cv in known
            ],
        ),
    )
    if known:
        draw = partial(_bars, [cv for _, cv in known])
        block.panels.append(Panel("all timed cases", "", draw, "spread-0"))
    return block


def _bars(values: list[float]) -> str:
    width, height = USUAL
    figure = new_figure(width, height)
    axes = add_axes(figure, LEFT, TOP, width - LEFT - RIGHT, height - TOP - BOTTOM)
    clipped = np.clip(values, _SPREADS[0], _SPREADS[-1])
    counts, _ = np.histogram(clipped, _SPREADS)
    axes.set_xscale("log")
    axes.bar(
        _SPREADS[:-1],
        counts,
        np.diff(_SPREADS),
        align="edge",
        color=colours.LIGHT_PAGE["muted"],
        alpha=0.55,
        edgecolor=colours.LIGHT_PAGE["card"],
        linewidth=1,
    )
    axes.set_xlim(_SPREADS[0], _SPREADS[-1])
    axes.set_ylim(0, 1.08 * max(counts.max(), 1))
    axes.minorticks_off()
    axes.set_xticks([1e-3, 1e-2, 1e-1, 1.0], ["0.1 %", "1 %", "10 %", "100 %"])
    plain(axes)
    axes.set_xlabel("coefficient of variation", color=colours.LIGHT_PAGE["ink"], labelpad=7)
    write_text(figure, 4, 17, "cases", color=colours.LIGHT_PAGE["ink"])
    said = "; ".join(
        f"{low:.2%} to {high:.2%}: {count}" for low, high, count in zip(_SPREADS, _SPREADS[1:], counts) if count
    )
    return to_svg(figure, "spread-0", f"Cases by coefficient of variation: {said}")


def launch_table(result: ResultFile, points: list[Point]) -> DataTable | None:
    """Per launch: the median over cases of its median over the case's; None with a single launch."""
    groups: dict[tuple[int, int], list[float]] = {}
    firsts: dict[int, list[float]] = {}
    for case, launch, rep, _, over, warm, _ in _rows(result, points):
        if warm != "yes":
            groups.setdefault((launch, case), []).append(over)
        if rep == 0:
            firsts.setdefault(launch, []).append(over)
    launches = sorted({launch for launch, _ in groups})
    if len(launches) < 2:
        return None
    fields = [
        Field("launch", "launch", "count"),
        Field("cases", "cases", "count"),
        Field("over", "its median over that of all launches", "plain"),
        Field("first", "its first sample over the median", "plain"),
    ]
    rows = []
    for launch in launches:
        own = [float(np.median(values)) for (at, _), values in groups.items() if at == launch]
        rows.append((launch, len(own), float(np.median(own)), float(np.median(firsts.get(launch, [math.nan])))))
    return DataTable("launches", fields, rows)
