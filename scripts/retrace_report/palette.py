"""Colours and markers. Figures are drawn in sentinel colours that become CSS variables: one SVG for light and dark.

The hues are those of Okabe and Ito (2008), told apart by all common kinds of colour blindness, shifted for contrast on
each background; each method also has a marker of its own, and each solver a dash pattern.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """How one method is drawn: `marker` is Matplotlib's letter, `path` the same shape in a box of -5…5 for legends."""

    variable: str  # CSS variable of its colour
    light: str
    dark: str
    marker: str
    path: str


_CIRCLE = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
_KNOWN: dict[str, tuple[str, str, str, str]] = {
    "aca": ("#0a62a9", "#62b5f5", "o", _CIRCLE),
    "adjoint": ("#c24a10", "#f6925a", "s", "M-3.6 -3.6h7.2v7.2h-7.2z"),
    "naive": ("#0b8465", "#45cda6", "^", "M0 -4.4L4.4 3.8H-4.4z"),
    "forward": ("#8b3f9e", "#d79aea", "D", "M0 -4.6L4.6 0L0 4.6L-4.6 0z"),
    "aca_budget": ("#7a6500", "#e3c53f", "v", "M0 4.4L4.4 -3.8H-4.4z"),
    "adjoint_seminorm": ("#a82a5e", "#f58ab3", "P", "M-1.5 -4.4h3v2.9h2.9v3h-2.9v2.9h-3v-2.9h-2.9v-3h2.9z"),
    "adjoint_interpolated": ("#5b4a3c", "#cdb8a4", "p", "M0 -4.5L4.3 -1.4L2.6 3.6H-2.6L-4.3 -1.4z"),
    "reversible": ("#12788f", "#5fd0e6", ">", "M4.4 0L-3.8 4.4V-4.4z"),
    "symplectic_adjoint": ("#4b4fb0", "#a9acff", "<", "M-4.4 0L3.8 4.4V-4.4z"),
    "finite_difference": ("#5c636b", "#b3bac2", "h", "M0 -4.5L3.9 -2.2V2.2L0 4.5L-3.9 2.2V-2.2z"),
}
_SPARE = [
    ("#7d3b3b", "#e0a0a0", "8", "M-1.7 -4.2H1.7L4.2 -1.7V1.7L1.7 4.2H-1.7L-4.2 1.7V-1.7z"),
    ("#3f6b2a", "#a5d48c", "H", "M-4.4 0L-2.2 -3.9H2.2L4.4 0L2.2 3.9H-2.2z"),
    ("#6a4f8f", "#c5b0e8", "d", "M0 -4.8L2.9 0L0 4.8L-2.9 0z"),
    ("#444444", "#cccccc", "*", "M0 -4.8L1.2 -1.6L4.6 -1.5L1.9 .6L2.8 3.9L0 2L-2.8 3.9L-1.9 .6L-4.6 -1.5L-1.2 -1.6z"),
]  # for methods that this list does not know yet

# Names of the page's own colours and the sentinels that Matplotlib draws them in.
_PAGE = ("ink", "muted", "grid", "card")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2.2), (1.3, 1.9), (6, 2, 1.3, 2))  # by solver; () is solid
LIGHT_PAGE = {"ink": "#1d2126", "muted": "#5d6670", "grid": "#e4e7ea", "card": "#ffffff"}
DARK_PAGE = {"ink": "#e7eaed", "muted": "#9aa5b0", "grid": "#343b43", "card": "#1c2126"}


def sentinel(name: str) -> str:
    """The colour that stands for a page colour while Matplotlib draws."""
    return f"#fe00{_PAGE.index(name):02x}"


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

    def sentinel(self, method: str) -> str:
        return f"#fe01{self.methods.index(method):02x}"

    def variables(self) -> dict[str, str]:
        """Sentinel -> CSS variable."""
        pairs = {sentinel(name): f"var(--{name})" for name in _PAGE}
        return pairs | {self.sentinel(method): f"var(--{style.variable})" for method, style in self._styles.items()}

    def plain(self) -> dict[str, str]:
        """Sentinel -> its light colour, for SVG files that stand alone."""
        pairs = {sentinel(name): LIGHT_PAGE[name] for name in _PAGE}
        return pairs | {self.sentinel(method): style.light for method, style in self._styles.items()}

    def css(self, dark: bool) -> str:
        """Declarations of all colour variables of the figures."""
        page = DARK_PAGE if dark else LIGHT_PAGE
        methods = {style.variable: style.dark if dark else style.light for style in self._styles.values()}
        return " ".join(f"--{name}: {colour};" for name, colour in (page | methods).items())
