"""Draws one panel: lines of points on logarithmic axes, as an SVG fragment that follows the page's colours."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field

import matplotlib

matplotlib.use("svg")
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator  # noqa: E402

from . import svg, ticks  # noqa: E402
from .palette import DASHES, Palette, sentinel  # noqa: E402

_USUAL, _SMALL = (372, 312), (284, 252)  # pixels of the view box; on the page a panel is about this wide
_DPI = 72
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 34, 44
_TEXT = 12.5
_MARKER, _SMALL_MARKER, _MANY = 5.6, 3.8, 14  # pixels; a line of more marks than this has small ones


@dataclass(frozen=True)
class Axis:
    """`scale` is "power" (10⁻⁶), "count" (10 k), "seconds" or "bytes"."""

    label: str
    scale: str

    def ticks(self, low: float, high: float, most: int) -> tuple[list[float], list[str]]:
        if self.scale == "bytes":
            values = ticks.binary_ticks(low, high, most)
            return values, [ticks.binary_label(value) for value in values]
        values = ticks.decimal_ticks(low, high, most)
        if self.scale == "power":
            return values, [ticks.power_label(value) for value in values]
        return values, [ticks.si_label(value, "s" if self.scale == "seconds" else "") for value in values]


@dataclass(frozen=True)
class Mark:
    """One drawn case. `y` may be infinite or NaN: then it stands on the upper edge."""

    x: float
    y: float
    hollow: bool = False
    failed: bool = False
    bar: tuple[float, float] | None = None  # interval of x
    title: str = ""


@dataclass
class Series:
    """One method with one solver; failed marks do not belong to its line."""

    method: str
    dash: int
    marks: list[Mark] = field(default_factory=list)


Limits = tuple[float, float]


def limits(values: list[float], margin: float = 0.07) -> Limits:
    """Of a logarithmic axis around the positive finite `values`; at least half a decade wide."""
    usable = [math.log10(value) for value in values if value > 0 and math.isfinite(value)]
    low, high = (min(usable), max(usable)) if usable else (-0.5, 0.5)
    if high - low < 0.5:
        middle = (low + high) / 2
        low, high = middle - 0.25, middle + 0.25
    pad = margin * (high - low)
    return 10 ** (low - pad), 10 ** (high + pad)


def draw(
    series: list[Series],
    x: Axis,
    y: Axis,
    x_limits: Limits,
    y_limits: Limits,
    palette: Palette,
    name: str,
    label: str,
    tooltips: bool,
    small: bool = False,
) -> str:
    """The panel as an inline SVG element. `name` is unique on the page; `label` is read to those who do not see it."""
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.size": _TEXT}):
        width, height = _SMALL if small else _USUAL
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
        axes = figure.add_axes(
            (_LEFT / width, _BOTTOM / height, (width - _LEFT - _RIGHT) / width, (height - _TOP - _BOTTOM) / height)
        )
        figure.patch.set_visible(False)
        _frame(axes, x, y, x_limits, y_limits, ticks.MOST - 2 if small else ticks.MOST)
        titles: dict[str, list[str]] = {}
        for number, one in enumerate(series):
            _series(axes, one, number, y_limits, palette, titles)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    raw = svg.coarse(stream.getvalue())
    if tooltips:
        for group, texts in titles.items():
            raw = svg.add_titles(raw, group, texts)
    return svg.fragment(raw, name, palette.variables(), label)


def _frame(axes, x: Axis, y: Axis, x_limits: Limits, y_limits: Limits, most_x: int) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(x_limits)
    axes.set_ylim(y_limits)
    axes.patch.set_visible(False)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(sentinel("muted"))
    for axis, kind, bounds, most in ((axes.xaxis, x, x_limits, most_x), (axes.yaxis, y, y_limits, ticks.MOST)):
        values, labels = kind.ticks(*bounds, most)
        axis.set_major_locator(FixedLocator(values))
        axis.set_major_formatter(FixedFormatter(labels))
        axis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", colors=sentinel("muted"), length=3, pad=4)
    axes.tick_params(axis="y", colors=sentinel("muted"), length=0, pad=5)
    axes.grid(axis="y", color=sentinel("grid"), linewidth=0.9)
    axes.set_axisbelow(True)
    axes.set_xlabel(x.label, color=sentinel("ink"), labelpad=5)
    axes.annotate(
        y.label,
        (0, 1),
        xycoords="axes fraction",
        xytext=(-_LEFT + 3, 17),
        textcoords="offset points",
        color=sentinel("ink"),
    )


def _series(
    axes, series: Series, number: int, y_limits: Limits, palette: Palette, titles: dict[str, list[str]]
) -> None:
    colour, marker = palette.sentinel(series.method), palette[series.method].marker
    whole = [mark for mark in series.marks if not mark.failed]
    line = {"color": colour, "linewidth": 1.5, "alpha": 0.85}
    if DASHES[series.dash]:
        line["dashes"] = DASHES[series.dash]
    if len(whole) > 1:
        axes.plot([mark.x for mark in whole], [mark.y for mark in whole], **line)
    bars = [mark for mark in whole if mark.bar]
    if bars:
        axes.hlines(
            [mark.y for mark in bars],
            [mark.bar[0] for mark in bars],
            [mark.bar[1] for mark in bars],
            color=colour,
            linewidth=2.4,
            alpha=0.45,
        )
    size = _MARKER if len(series.marks) <= _MANY else _SMALL_MARKER
    for hollow in (False, True):
        chosen = [mark for mark in whole if mark.hollow == hollow]
        _markers(
            axes,
            chosen,
            f"marks-{number}-{int(hollow)}",
            titles,
            marker=marker,
            markersize=size,
            markeredgecolor=colour,
            markeredgewidth=1.3,
            markerfacecolor=sentinel("card") if hollow else colour,
        )
    failed = [mark for mark in series.marks if mark.failed]
    edge = [
        Mark(mark.x, mark.y if math.isfinite(mark.y) and mark.y > 0 else y_limits[1], title=mark.title)
        for mark in failed
    ]
    _markers(
        axes,
        edge,
        f"crosses-{number}",
        titles,
        marker="x",
        markersize=7,
        color=colour,
        markeredgewidth=1.8,
        clip_on=False,
    )


def _markers(axes, marks: list[Mark], group: str, titles: dict[str, list[str]], **style) -> None:
    if marks:
        axes.plot([mark.x for mark in marks], [mark.y for mark in marks], linestyle="none", gid=group, **style)
        titles[group] = [mark.title for mark in marks]
