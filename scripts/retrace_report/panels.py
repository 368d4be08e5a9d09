"""Draws one panel: lines of points on logarithmic axes, as an SVG element in the page's colours (CSS variables)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from . import ticks
from .palette import BLOWN, CROSS, MARKERS, Palette

_USUAL, _SMALL = (372, 306), (284, 250)  # pixels of the view box; on the page a panel is about this wide
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 16, 36, 46
_TEXT = 12.5
_BELOW_BAND = 9
_BAND = 20  # height of the band that holds marks without a finite y
_MANY = 14  # a line of more marks than this has small ones
_LEAST_SPAN = 1.0  # decades of an axis: less would blow up differences that mean nothing


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
    """One drawn case. `y` may be infinite or NaN: then it stands in a band above the axis."""

    x: float
    y: float
    hollow: bool = False
    failed: bool = False
    expected: bool = False  # failed as the suite says it must
    bar: tuple[float, float] | None = None  # interval of x
    title: str = ""

    @property
    def on_line(self) -> bool:
        return not self.failed and math.isfinite(self.y) and self.y > 0


@dataclass
class Series:
    """One method with one solver; failed marks do not belong to its line."""

    method: str
    marker: int
    marks: list[Mark] = field(default_factory=list)


Limits = tuple[float, float]


def limits(values: list[float], margin: float = 0.07) -> Limits:
    """Of a logarithmic axis around the positive finite `values`; at least _LEAST_SPAN wide."""
    usable = [math.log10(value) for value in values if value > 0 and math.isfinite(value)]
    low, high = (min(usable), max(usable)) if usable else (-0.5, 0.5)
    if high - low < _LEAST_SPAN:
        middle = (low + high) / 2
        low, high = middle - _LEAST_SPAN / 2, middle + _LEAST_SPAN / 2
    pad = margin * (high - low)
    return 10 ** (low - pad), 10 ** (high + pad)


class _Frame:
    """Where numbers stand in the view box."""

    def __init__(self, x_limits: Limits, y_limits: Limits, small: bool, band: bool) -> None:
        self.width, self.height = _SMALL if small else _USUAL
        self.left, self.right, self.bottom = _LEFT, self.width - _RIGHT, self.height - _BOTTOM
        self.band = _BAND if band else 0
        self.top = _TOP + (self.band + _BELOW_BAND if band else 0)
        self._x = [math.log10(value) for value in x_limits]
        self._y = [math.log10(value) for value in y_limits]

    def x(self, value: float) -> str:
        share = (math.log10(value) - self._x[0]) / (self._x[1] - self._x[0])
        return pixels(self.left + share * (self.right - self.left))

    def y(self, value: float) -> str:
        if not (math.isfinite(value) and value > 0):
            return pixels(self.top - _BELOW_BAND - self.band / 2)
        share = (math.log10(value) - self._y[0]) / (self._y[1] - self._y[0])
        return pixels(self.bottom - share * (self.bottom - self.top))


def pixels(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def draw(
    series: Sequence[Series],
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
    band = any(not (math.isfinite(mark.y) and mark.y > 0) for one in series for mark in one.marks)
    frame = _Frame(x_limits, y_limits, small, band)
    parts = [
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {frame.width} {frame.height}" '
        f'style="font-size: {_TEXT}px">',
        _shapes(series, name),
        *_axes(frame, x, y, x_limits, y_limits, ticks.MOST - 2 if small else ticks.MOST),
        *(_line(frame, one, palette) for one in series),
        *(_marks(frame, one, palette, name, tooltips) for one in series),
        "</svg>",
    ]
    return "".join(parts)


def _shapes(series: Sequence[Series], name: str) -> str:
    """The marker shapes that the panel uses, once each."""
    used = {one.marker: MARKERS[one.marker] for one in series}
    shapes = {f"s{number}": path for number, path in sorted(used.items())}
    marks = [mark for one in series for mark in one.marks]
    if any(mark.failed for mark in marks):
        shapes["cross"] = CROSS
    if any(mark.expected for mark in marks):
        shapes["blown"] = BLOWN
    return "<defs>" + "".join(f'<path id="{name}-{key}" d="{path}"/>' for key, path in shapes.items()) + "</defs>"


def _axes(frame: _Frame, x: Axis, y: Axis, x_limits: Limits, y_limits: Limits, most_x: int) -> list[str]:
    x_values, x_labels = x.ticks(*x_limits, most_x)
    y_values, y_labels = y.ticks(*y_limits, ticks.MOST)
    left, right, bottom = pixels(frame.left), pixels(frame.right), pixels(frame.bottom)
    rules = "".join(f"M{left} {frame.y(value)}H{right}" for value in y_values)
    rules += "".join(f"M{frame.x(value)} {pixels(frame.top)}V{bottom}" for value in x_values)
    below = pixels(frame.bottom + 17)
    return [
        _band(frame),
        f'<path d="{rules}" style="fill: none; stroke: var(--grid); stroke-width: 1"/>',
        f'<path d="M{left} {bottom}H{right}" style="fill: none; stroke: var(--muted); stroke-width: 1"/>',
        '<g style="fill: var(--muted); text-anchor: end">',
        *(
            f'<text x="{pixels(frame.left - 7)}" y="{pixels(float(frame.y(value)) + 4)}">{text}</text>'
            for value, text in zip(y_values, y_labels)
        ),
        '</g><g style="fill: var(--muted); text-anchor: middle">',
        *(f'<text x="{frame.x(value)}" y="{below}">{text}</text>' for value, text in zip(x_values, x_labels)),
        f'</g><text x="4" y="17" style="fill: var(--ink)">{escape(y.label)}</text>',
        f'<text x="{pixels((frame.left + frame.right) / 2)}" y="{pixels(frame.height - 9)}" '
        f'style="fill: var(--ink); text-anchor: middle">{escape(x.label)}</text>',
    ]


def _band(frame: _Frame) -> str:
    """For marks that have no y: apart from the axis, so that their height is not read as a number."""
    if not frame.band:
        return ""
    top, middle = frame.top - _BELOW_BAND - frame.band, frame.top - _BELOW_BAND - frame.band / 2
    return (
        f'<rect x="{frame.left}" y="{pixels(top)}" width="{frame.right - frame.left}" height="{frame.band}" rx="3" '
        f'style="fill: var(--grid); fill-opacity: .6"/>'
        f'<text x="{frame.left - 7}" y="{pixels(middle + 4)}" style="fill: var(--muted); text-anchor: end">none</text>'
    )


def _line(frame: _Frame, series: Series, palette: Palette) -> str:
    whole = [mark for mark in series.marks if mark.on_line]
    style = palette[series.method]
    text = ""
    if len(whole) > 1:
        path = "L".join(f"{frame.x(mark.x)} {frame.y(mark.y)}" for mark in whole)
        dash = f"; stroke-dasharray: {style.dash}" if style.dash else ""
        text += (
            f'<path d="M{path}" style="fill: none; stroke: var(--{style.variable}); stroke-width: 1.5; '
            f'stroke-opacity: .8{dash}"/>'
        )
    bars = [mark for mark in whole if mark.bar]
    if bars:
        path = "".join(f"M{frame.x(mark.bar[0])} {frame.y(mark.y)}H{frame.x(mark.bar[1])}" for mark in bars)
        text += (
            f'<path d="{path}" style="fill: none; stroke: var(--{style.variable}); stroke-width: 3; '
            f'stroke-opacity: .4"/>'
        )
    return text


def _marks(frame: _Frame, series: Series, palette: Palette, name: str, tooltips: bool) -> str:
    """Filled, hollow and failed marks of one line, a group each."""
    variable = palette[series.method].variable
    scale = "1" if len(series.marks) <= _MANY else ".72"
    groups: dict[tuple[str, str], list[Mark]] = {}
    for mark in series.marks:
        if mark.failed:
            key = ("cross", f"fill: none; stroke: var(--{variable}); stroke-width: 2")
        elif mark.expected:
            key = ("blown", f"fill: var(--card); stroke: var(--{variable}); stroke-width: 1.5")
        else:
            inside = "card" if mark.hollow else variable
            key = (
                f"s{series.marker}",
                f"fill: var(--{inside}); stroke: var(--{variable if mark.hollow else 'card'}); "
                f"stroke-width: {1.5 if mark.hollow else 0.6}",
            )
        groups.setdefault(key, []).append(mark)
    drawn = (
        (style, "".join(_use(frame, mark, f"{name}-{shape}", scale, tooltips) for mark in marks))
        for (shape, style), marks in groups.items()
    )
    return "".join(f'<g style="{style}">{uses}</g>' for style, uses in drawn)


def _use(frame: _Frame, mark: Mark, shape: str, scale: str, tooltips: bool) -> str:
    x, y = frame.x(mark.x), frame.y(mark.y)
    # A scaled marker keeps its place: SVG scales about the origin, so it is moved there first.
    small = "" if scale == "1" else f' transform="translate({x} {y}) scale({scale}) translate(-{x} -{y})"'
    use = f'<use href="#{shape}" x="{x}" y="{y}"{small}'
    return f"{use}><title>{escape(mark.title)}</title></use>" if tooltips else f"{use}/>"
