"""Colours, dashes and markers: a method has a colour and a dash pattern, a solver has a marker.

The hues are those of Okabe and Ito (2008), told apart by all common kinds of colour blindness, shifted for contrast on
each background. Figures name them by CSS variables: one SVG for light and dark.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """How one method is drawn: colours, and the dash pattern of its lines (empty: solid)."""

    variable: str  # CSS variable of its colour
    light: str
    dark: str
    dash: str


_KNOWN: dict[str, tuple[str, str, str]] = {
    "aca": ("#0a62a9", "#62b5f5", ""),
    "adjoint": ("#c24a10", "#f6925a", "6 3"),
    "naive": ("#0b8465", "#45cda6", "1.6 2.6"),
    "forward": ("#8b3f9e", "#d79aea", "8 3 1.6 3"),
    "aca_budget": ("#7a6500", "#e3c53f", "3 2"),
    "adjoint_seminorm": ("#a82a5e", "#f58ab3", "10 3"),
    "adjoint_interpolated": ("#5b4a3c", "#cdb8a4", "10 3 3 3"),
    "reversible": ("#12788f", "#5fd0e6", "1.6 4"),
    "symplectic_adjoint": ("#4b4fb0", "#a9acff", "5 2 1.6 2"),
    "finite_difference": ("#5c636b", "#b3bac2", "1 2"),
}
_SPARE = [
    ("#7d3b3b", "#e0a0a0", "7 2"),
    ("#3f6b2a", "#a5d48c", "4 4"),
    ("#6a4f8f", "#c5b0e8", "7 2 1 2"),
    ("#444444", "#cccccc", "2 2"),
]  # for methods that this list does not know yet

# Shapes in a box of -5…5, of about equal weight; filled, or hollow where the reference limits the error.
MARKERS = (
    "M-3.9 0a3.9 3.9 0 1 0 7.8 0a3.9 3.9 0 1 0 -7.8 0z",  # circle
    "M-3.5 -3.5H3.5V3.5H-3.5z",  # square
    "M0 -4.6L4.5 3.4H-4.5z",  # triangle
    "M0 -4.8L4.8 0L0 4.8L-4.8 0z",  # diamond
    "M0 4.6L4.5 -3.4H-4.5z",  # triangle upside down
    "M-1.5 -4.4H1.5V-1.5H4.4V1.5H1.5V4.4H-1.5V1.5H-4.4V-1.5H-1.5z",  # plus
    "M0 -4.7L4.5 -1.5L2.8 3.8H-2.8L-4.5 -1.5z",  # pentagon
    "M4.6 0L-3.4 4.5V-4.5z",  # triangle to the right
)
CROSS = "M-3.8 -3.8L3.8 3.8M-3.8 3.8L3.8 -3.8"  # failed
BLOWN = "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0zM-2.4 -2.4L2.4 2.4M-2.4 2.4L2.4 -2.4"  # failed as expected

LIGHT_PAGE = {"ink": "#1d2126", "muted": "#5d6670", "grid": "#e4e7ea", "card": "#ffffff"}
DARK_PAGE = {"ink": "#e7eaed", "muted": "#9aa5b0", "grid": "#343b43", "card": "#1c2126"}


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

    def colours(self, dark: bool = False) -> dict[str, str]:
        """CSS variable -> colour, of all colours of the figures."""
        page = DARK_PAGE if dark else LIGHT_PAGE
        return page | {style.variable: style.dark if dark else style.light for style in self._styles.values()}

    def css(self, dark: bool) -> str:
        return " ".join(f"--{name}: {colour};" for name, colour in self.colours(dark).items())
