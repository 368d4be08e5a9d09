"""Colours, dashes and markers: a method has a colour and a dash pattern, a solver has a marker.

The hues are those of Okabe and Ito (2008), told apart by all common kinds of colour blindness, shifted for contrast on
each background. Figures are drawn in the light colours; on the page each of them becomes a CSS variable, so that one
SVG serves light and dark. That is why no two variables share a light colour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from matplotlib.path import Path

Dash = tuple[float, ...]  # points drawn and left out by turns; empty: solid


@dataclass(frozen=True)
class Style:
    """How one method is drawn."""

    variable: str  # CSS variable of its colour
    light: str
    dark: str
    dash: Dash

    @property
    def line(self) -> str | tuple[int, Dash]:
        """As matplotlib wants a line style."""
        return (0, self.dash) if self.dash else "solid"


_KNOWN: dict[str, tuple[str, str, Dash]] = {
    "aca": ("#0a62a9", "#62b5f5", ()),
    "adjoint": ("#c24a10", "#f6925a", (6, 3)),
    "naive": ("#0b8465", "#45cda6", (1.6, 2.6)),
    "aca_stages": ("#5c6b8a", "#aebbd6", (7, 2)),
    "naive_detached": ("#3f6b2a", "#a5d48c", (4, 4)),
    "forward": ("#8b3f9e", "#d79aea", (8, 3, 1.6, 3)),
    "aca_budget": ("#7a6500", "#e3c53f", (3, 2)),
    "adjoint_seminorm": ("#a82a5e", "#f58ab3", (10, 3)),
    "adjoint_blocks": ("#94306f", "#ea9ccb", (10, 2, 1.6, 2)),
    "adjoint_reset": ("#9a4a32", "#eeab95", (8, 2, 1.6, 2, 1.6, 2)),
    "adjoint_interpolated": ("#5b4a3c", "#cdb8a4", (10, 3, 3, 3)),
    "reversible_rk": ("#12788f", "#5fd0e6", (1.6, 4)),
    "mali": ("#7a4a12", "#e0b070", (5, 1.5, 1.6, 1.5, 1.6, 1.5)),
    "symplectic_adjoint": ("#4b4fb0", "#a9acff", (5, 2, 1.6, 2)),
    "finite_difference": ("#5c636b", "#b3bac2", (1, 2)),
}
_SPARE = [
    ("#7d3b3b", "#e0a0a0", (9, 2)),
    ("#2f6f6a", "#8fd0c9", (4, 1.5)),
    ("#6a4f8f", "#c5b0e8", (7, 2, 1, 2)),
    ("#444444", "#cccccc", (2, 2)),
]  # for methods that this list does not know yet

MARKERS = ("o", "s", "^", "D", "v", "P", "p", ">")  # matplotlib's names, of about equal weight
CROSS = "x"  # failed
BLOWN = Path.make_compound_path(  # failed as expected: a cross in a circle
    Path.unit_circle(),
    Path([(-0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (0.5, -0.5)], [Path.MOVETO, Path.LINETO] * 2),
)

LIGHT_PAGE = {
    "ink": "#1d2126",
    "muted": "#5d6670",
    "grid": "#e4e7ea",
    "card": "#ffffff",
    "ok": "#17663f",
    "warn": "#7d5300",
    "bad": "#a4231d",
}
DARK_PAGE = {
    "ink": "#e7eaed",
    "muted": "#9aa5b0",
    "grid": "#343b43",
    "card": "#1c2126",
    "ok": "#74cf9c",
    "warn": "#ecc066",
    "bad": "#ff9a90",
}


PLAIN = Style("muted", LIGHT_PAGE["muted"], DARK_PAGE["muted"], (2, 2))  # what is no method's


class Palette:
    """The styles of the methods of one report, in order of appearance."""

    def __init__(self, methods: list[str]) -> None:
        spare = iter(_SPARE * (len(methods) // len(_SPARE) + 1))
        self.methods = methods
        self._styles: dict[str, Style] = {}
        for number, method in enumerate(methods):
            self._styles[method] = Style(f"m{number}", *(_KNOWN[method] if method in _KNOWN else next(spare)))

    def __getitem__(self, method: str) -> Style:
        return self._styles[method]

    def among(self, methods: Iterable[str]) -> list[str]:
        """Those of `methods`, once each, in the order in which every legend names them."""
        wanted = set(methods)
        return [method for method in self.methods if method in wanted]

    def marker(self, method: str) -> int:
        """Where marks are not joined by lines, a method has a shape as well as a colour."""
        return self.methods.index(method) % len(MARKERS)

    def colours(self, dark: bool = False) -> dict[str, str]:
        """CSS variable -> colour, of all colours of the figures."""
        page = DARK_PAGE if dark else LIGHT_PAGE
        return page | {style.variable: style.dark if dark else style.light for style in self._styles.values()}

    def css(self, dark: bool) -> str:
        return " ".join(f"--{name}: {colour};" for name, colour in self.colours(dark).items())
