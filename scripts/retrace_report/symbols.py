"""The symbols of the legends, drawn as the figures draw them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from matplotlib.axes import Axes
from matplotlib.markers import MarkerStyle
from matplotlib.patches import PathPatch
from matplotlib.transforms import Affine2D

from . import palette as colours
from .drawing import add_axes, new_figure, to_svg
from .palette import Dash, Palette, Style
from .panels import FRONT_ALPHA, mark_style

_WIDE, _HIGH = 34, 12  # pixels of a line's symbol; that of a mark is square


@dataclass(frozen=True)
class Entry:
    """One entry of a legend; the symbol is an SVG element in the light colours, or empty."""

    symbol: str
    words: str


@dataclass(frozen=True)
class Legend:
    """One row: what its entries tell apart, and the entries."""

    heading: str
    entries: list[Entry]


def line(style: Style) -> str:
    """A stretch of line in colour and dash pattern of a method."""
    return stroke(style.light, style.dash, 2.4)


@cache
def mark(kind: str, marker: int = 0, colour: str = colours.LIGHT_PAGE["muted"]) -> str:
    """A mark, `kind` as in `panels.mark_style`; in grey where its colour in a figure is the method's."""
    style = mark_style(kind, marker, colour)
    shape = MarkerStyle(style["marker"])
    place = Affine2D().scale(style["markersize"]).translate(_HIGH / 2, _HIGH / 2)
    # As a patch and not as a marker: a marker has an id, and a symbol stands on the page more than once.
    return _drawn(
        _HIGH,
        lambda axes: axes.add_patch(
            PathPatch(
                shape.get_path(),
                transform=shape.get_transform() + place + axes.transData,
                clip_on=False,
                facecolor=style.get("markerfacecolor", "none"),
                edgecolor=style["markeredgecolor"],
                linewidth=style["markeredgewidth"],
            )
        ),
    )


def front() -> str:
    return stroke(colours.LIGHT_PAGE["muted"], width=7, alpha=FRONT_ALPHA)


@cache
def stroke(colour: str, dash: Dash = (), width: float = 1.5, alpha: float = 1.0) -> str:
    """A stretch of line."""
    return _drawn(
        _WIDE,
        lambda axes: axes.plot(
            [2, _WIDE - 2],
            [_HIGH / 2] * 2,
            color=colour,
            linestyle=(0, dash) if dash else "solid",
            linewidth=width,
            alpha=alpha,
            clip_on=False,
        ),
    )


def method_marks(methods: Iterable[str], palette: Palette) -> Legend:
    """Methods told apart by shape and colour of marks that no line joins."""
    return Legend("method", [Entry(mark("filled", palette.marker(m), palette[m].light), m) for m in methods])


def _drawn(width: int, draw: Callable[[Axes], object]) -> str:
    figure = new_figure(width, _HIGH)
    axes = add_axes(figure, 0, 0, width, _HIGH)
    axes.axis("off")
    axes.set(xlim=(0, width), ylim=(0, _HIGH), autoscale_on=False)
    draw(axes)
    # Decoration beside the words that say the same: not read aloud.
    svg = to_svg(figure, "symbol", "").replace('role="img" aria-label=""', 'aria-hidden="true"')
    return svg.replace("<svg ", f'<svg class="symbol" width="{width}" height="{_HIGH}" ', 1)
