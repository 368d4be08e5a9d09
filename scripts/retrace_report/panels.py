"""One panel of points: lines of cases on two axes, with bars, hollow and failed marks, a front, and a band for what has
no number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import palette as colours
from .axes import BOTTOM, MOST_TICKS, RIGHT, TOP, Axis, Limits, dress
from .drawing import TEXT, Titles, add_axes, new_figure, to_svg, write_text
from .palette import BLOWN, CROSS, MARKERS, Dash, Style

USUAL, SMALL = (372, 300), (284, 246)  # pixels of a panel; on the page it is about this wide
_BAND, _BELOW_BAND = 20, 9  # the band that holds marks without a finite y, and the gap below it
FRONT_ALPHA = 0.16
_MANY = 14  # a line of more marks than this has small ones
_SIZE = 7.6  # of a marker, pixels across
_WEIGHT = {"D": 0.86, "^": 1.06, "v": 1.06, "p": 1.12, "P": 1.08, ">": 1.06, "s": 0.92}  # so that all look alike large


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
    def on_axis(self) -> bool:
        return math.isfinite(self.y) and self.y > 0

    @property
    def on_line(self) -> bool:
        return not self.failed and self.on_axis


@dataclass
class Series:
    """One line of marks, for example a method with a solver; failed marks do not belong to its line."""

    style: Style
    marker: int
    marks: list[Mark] = field(default_factory=list)
    joined: bool = True


@dataclass(frozen=True)
class Guide:
    """A line that is no measurement: a bound, a slope, a floor. Its words stand at its end, or below its start."""

    points: Sequence[tuple[float, float]]
    words: str = ""
    dash: Dash = (4, 3)
    words_first: bool = False


@dataclass(frozen=True)
class View:
    """Axes, limits and what else all series of a panel share."""

    x: Axis
    y: Axis
    x_limits: Limits
    y_limits: Limits
    front: Sequence[tuple[float, float]] = ()  # corners of the Pareto front, by rising x
    small: bool = False
    guides: Sequence[Guide] = ()
    x_names: Sequence[str] = ()  # of the places 0, 1, 2 … of an axis without numbers


def panel(series: Sequence[Series], view: View, name: str, label: str, tooltips: bool = True) -> str:
    """The panel as an SVG element in the light colours, see `drawing.to_svg`."""
    width, height = SMALL if view.small else USUAL
    figure = new_figure(width, height)
    titles = draw(figure, (0, 0, width, height), series, view, name)
    return to_svg(figure, name, label, titles if tooltips else None)


def draw(
    figure: Figure, place: tuple[float, float, float, float], series: Sequence[Series], view: View, name: str
) -> Titles:
    """Draws at `place` (left, top, width, height in pixels) and returns the titles of the marks."""
    left, top, width, height = place
    band = any(not mark.on_axis for one in series for mark in one.marks)
    field_top = top + TOP + (_BAND + _BELOW_BAND if band else 0)
    axes = add_axes(figure, left + view.y.left, field_top, width - view.y.left - RIGHT, top + height - BOTTOM - field_top)
    dress(axes, view.x, view.y, view.x_limits, view.y_limits, MOST_TICKS - 2 if view.small else MOST_TICKS)
    write_text(figure, left + 4, top + 17, view.y.label, color=colours.LIGHT_PAGE["ink"])
    if view.x_names:
        axes.set_xticks(range(len(view.x_names)), view.x_names)
    nowhere = axes
    if band:
        nowhere = add_axes(figure, left + view.y.left, top + TOP, width - view.y.left - RIGHT, _BAND, sharex=axes)
        _dress_band(nowhere)
    if len(view.front) > 1:
        _front(axes, view.front)
    for guide in view.guides:
        _guide(axes, guide)
    titles: Titles = {}
    for number, alike in enumerate(_alike(series)):
        _lines(axes, alike)
        titles |= _marks(axes, nowhere, alike, f"{name}-l{number}")
    return titles


def _alike(series: Sequence[Series]) -> list[list[Series]]:
    """Series that look the same together: a panel of hundreds of lines then has a few artists, not thousands."""
    found: dict[tuple, list[Series]] = {}
    for one in series:
        found.setdefault((one.style, one.marker, one.joined, len(one.marks) > _MANY), []).append(one)
    return list(found.values())


def _dress_band(axes: Axes) -> None:
    """For marks that have no y: apart from the axis, so that their height is not read as a number."""
    page = colours.LIGHT_PAGE
    axes.patch.set(visible=True, facecolor=page["grid"], alpha=0.6)
    axes.set_ylim(0, 1)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", which="both", bottom=False, labelbottom=False)
    axes.set_yticks([0.5], ["none"])
    axes.tick_params(axis="y", length=0, colors=page["muted"], labelsize=TEXT, pad=6)


def _front(axes: Axes, corners: Sequence[tuple[float, float]]) -> None:
    """A broad soft step line behind everything: nothing measured lies below it or to its left."""
    axes.step(*zip(*corners), where="post", color=colours.LIGHT_PAGE["muted"], linewidth=7, alpha=FRONT_ALPHA)


def _guide(axes: Axes, guide: Guide) -> None:
    muted = colours.LIGHT_PAGE["muted"]
    xs, ys = zip(*guide.points)
    axes.plot(xs, ys, color=muted, linewidth=1, linestyle=(0, guide.dash) if guide.dash else "solid", alpha=0.9)
    if guide.words:
        above = xs[-1] >= xs[0] and not guide.words_first
        axes.annotate(
            guide.words,
            (xs[0], ys[0]) if guide.words_first else (xs[-1], ys[-1]),
            xytext=(-2, 4) if above else (10, -2),
            textcoords="offset points",
            ha="right" if above else "left",
            va="bottom" if above else "top",
            color=muted,
            fontsize=11,
            annotation_clip=False,
        )


def _lines(axes: Axes, alike: Sequence[Series]) -> None:
    """The lines of series that look the same, as one path with gaps, and the bars of their marks."""
    style, whole = alike[0].style, [[mark for mark in one.marks if mark.on_line] for one in alike]
    lines = [[(mark.x, mark.y) for mark in marks] for marks in whole if len(marks) > 1 and alike[0].joined]
    if lines:
        axes.plot(*_with_gaps(lines), color=style.light, linestyle=style.line, linewidth=1.5, alpha=0.8)
    bars = [[(x, mark.y) for x in mark.bar] for marks in whole for mark in marks if mark.bar]
    if bars:
        axes.plot(*_with_gaps(bars), color=style.light, linewidth=3, alpha=0.4, solid_capstyle="butt")


def _with_gaps(lines: Sequence[Sequence[tuple[float, float]]]) -> tuple[list[float], list[float]]:
    """x and y of all lines as one, interrupted between them."""
    gap = (math.nan, math.nan)
    xs, ys = zip(*(point for line in lines for point in (*line, gap)))
    return list(xs), list(ys)


def _marks(axes: Axes, nowhere: Axes, alike: Sequence[Series], name: str) -> Titles:
    """Filled, hollow and failed marks of series that look the same, one artist each, in the field and in the band."""
    groups: dict[tuple[str, bool], list[Mark]] = {}
    for mark in (mark for one in alike for mark in one.marks):
        kind = "failed" if mark.failed else "expected" if mark.expected else "hollow" if mark.hollow else "filled"
        groups.setdefault((kind, mark.on_axis), []).append(mark)
    titles: Titles = {}
    for (kind, on_axis), marks in groups.items():
        gid = f"{name}-{kind}{'' if on_axis else '-band'}"
        (artist,) = (axes if on_axis else nowhere).plot(
            [mark.x for mark in marks],
            [mark.y if on_axis else 0.5 for mark in marks],
            gid=gid,
            clip_on=on_axis,
            **mark_style(kind, alike[0].marker, alike[0].style.light),
        )
        if len(alike[0].marks) > _MANY:
            artist.set_markersize(0.72 * artist.get_markersize())
        titles[gid] = [mark.title for mark in marks]
    return titles


def mark_style(kind: str, marker: int, colour: str) -> dict[str, object]:
    """How matplotlib draws a mark: `kind` is filled, hollow, failed or expected."""
    shape, card = MARKERS[marker], colours.LIGHT_PAGE["card"]
    style: dict[str, object] = {"color": colour, "linestyle": "none", "marker": shape}
    style["markersize"] = _SIZE * _WEIGHT.get(shape, 1.0)
    if kind == "filled":
        return style | {"markerfacecolor": colour, "markeredgecolor": card, "markeredgewidth": 0.6}
    if kind == "hollow":
        return style | {"markerfacecolor": card, "markeredgecolor": colour, "markeredgewidth": 1.5}
    if kind == "failed":
        return style | {"marker": CROSS, "markersize": _SIZE, "markeredgecolor": colour, "markeredgewidth": 2}
    return style | {
        "marker": BLOWN,
        "markersize": 1.3 * _SIZE,
        "markerfacecolor": card,
        "markeredgecolor": colour,
        "markeredgewidth": 1.5,
    }
