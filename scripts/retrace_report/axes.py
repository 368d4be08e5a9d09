"""Axes of the figures: what a number is (time, bytes, an error, a ratio), which ticks it gets, how they are written."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.axis import Axis as DrawnAxis
from matplotlib.ticker import Formatter, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from . import palette
from .drawing import TEXT
from .tables import binary_label, si_label

LEFT, RIGHT, TOP, BOTTOM = 54, 16, 30, 46  # pixels around the plotted field
_LEFT_OF_TIMES = 66  # "15.25 ms" is wider than "512 KiB"
MOST_TICKS = 6
_LEAST_SPAN = 1.0  # decades of a logarithmic axis: less would blow up differences that mean nothing
_MOST_DECADES = 200.0  # from 1: what lies beyond is no measurement, and would overflow in the arithmetic of the axes
_MARGIN = 0.07  # of the span, on both sides
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_FEW_DECADES = 2.5  # an axis that spans less has ticks between its powers of ten

Limits = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """`scale`: the logarithmic "power" (10⁻⁶), "count" (10 k), "seconds", "bytes", "factor" (0.1) and "doubling"
    (1, 2, 4), or the linear "ratio" and "time", and "place", which has no numbers."""

    label: str
    scale: str

    @property
    def left(self) -> int:
        """Pixels that its numbers need where it is upright."""
        return _LEFT_OF_TIMES if self.scale == "time" else LEFT

    @property
    def logarithmic(self) -> bool:
        return self.scale not in ("ratio", "time", "place")


def limits(values: Iterable[float], logarithmic: bool = True) -> Limits:
    """Around the finite (if logarithmic: the positive finite) values, with a margin; linear axes begin at zero."""
    if not logarithmic:
        return 0.0, max([1.0, *(1.08 * value for value in values if math.isfinite(value))])
    usable = [
        min(max(math.log10(value), -_MOST_DECADES), _MOST_DECADES)
        for value in values
        if value > 0 and math.isfinite(value)
    ]
    low, high = (min(usable), max(usable)) if usable else (-0.5, 0.5)
    if high - low < _LEAST_SPAN:
        middle = (low + high) / 2
        low, high = middle - _LEAST_SPAN / 2, middle + _LEAST_SPAN / 2
    pad = _MARGIN * (high - low)
    return 10 ** (low - pad), 10 ** (high + pad)


def dress(axes: Axes, x: Axis, y: Axis, x_limits: Limits, y_limits: Limits, x_ticks: int = MOST_TICKS) -> None:
    """Scales, limits, ticks and grid in the page's colours, and the label of x. That of y stands level above the field:
    the caller knows where."""
    _scale(axes.xaxis, axes.set_xscale, x, x_limits, x_ticks)
    _scale(axes.yaxis, axes.set_yscale, y, y_limits, MOST_TICKS)
    axes.set_xlim(*x_limits)
    axes.set_ylim(*y_limits)
    plain(axes)
    axes.set_xlabel(x.label, color=palette.LIGHT_PAGE["ink"], labelpad=7)


def plain(axes: Axes) -> None:
    """Grid and ticks in the page's colours, no tick marks."""
    page = palette.LIGHT_PAGE
    axes.grid(True, color=page["grid"], linewidth=1)
    axes.tick_params(length=0, colors=page["muted"], labelsize=TEXT, pad=6)
    axes.spines["bottom"].set(color=page["muted"], linewidth=1)


def _scale(axis: DrawnAxis, set_scale, what: Axis, bounds: Limits, most: int) -> None:
    if not what.logarithmic:
        axis.set_major_locator(MaxNLocator(most - 1))
        if what.scale == "time":
            axis.set_major_formatter(_formatter("time"))
        return
    base = 2 if what.scale in ("bytes", "doubling") else 10
    set_scale("log", base=base)
    span = math.log10(bounds[1] / bounds[0])
    between = base == 10 and span < _FEW_DECADES
    subs = ((1.0, 2.0, 5.0) if span < _FEW_DECADES / 2 else (1.0, 3.0)) if between else (1.0,)
    axis.set_major_locator(LogLocator(base=base, subs=subs, numticks=most))
    axis.set_major_formatter(_formatter(what.scale))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _formatter(scale: str) -> Formatter:
    write = {
        "power": power_label,
        "bytes": binary_label,
        "seconds": lambda value: si_label(value, "s"),
        "time": lambda value: si_label(value, "s", 4),
        "count": si_label,
        "factor": lambda value: f"{value:.4g}",
        "doubling": lambda value: f"{value:g}",
    }[scale]
    return FuncFormatter(lambda value, _: write(value))


def power_label(value: float) -> str:
    """10⁻⁶, or 2×10⁻⁶ between decades."""
    exponent = math.floor(math.log10(value) + 1e-9)
    digit = round(value / 10.0**exponent)
    decade = "10" + str(exponent).translate(_SUPERSCRIPT)
    return decade if digit == 1 else f"{digit}×{decade}"
