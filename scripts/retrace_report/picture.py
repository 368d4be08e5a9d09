"""One picture for a README: work-precision of a few problems side by side, as an SVG file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .content import Report
from .errors import ReportError
from .figures import Panel
from .palette import BLOWN, CROSS, MARKERS
from .svg import FONT, NAMESPACE, plain

_WIDTH, _HEIGHT, _TOP, _GAP, _MARGIN = 372, 306, 70, 6, 14  # of a panel; of what stands above it
_BETWEEN, _CHARACTER = 16, 7.7  # pixels between legend entries, and of a character in them


def picture(report: Report, figure: str, problems: Sequence[str], most: int = 3) -> str:
    """The panels of `problems` (all settings of each; without any: the first few) with one legend."""
    panels = _chosen(report, figure, problems)[:most]
    width = 2 * _MARGIN + len(panels) * _WIDTH + (len(panels) - 1) * _GAP
    height = _TOP + 20 + _HEIGHT + _MARGIN
    said = f"Gradient error against cost on {', '.join(panel.title for panel in panels)}"
    parts = [
        f'<svg {NAMESPACE} {FONT} role="img" aria-label="{escape(said)}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-size="13">',
        # An opaque card: readable on a page of either theme.
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="10" '
        'style="fill: var(--card); stroke: var(--grid)"/>',
        _legend(report, figure, panels),
        *(_place(panel, _MARGIN + number * (_WIDTH + _GAP)) for number, panel in enumerate(panels)),
        "</svg>",
    ]
    return f'<?xml version="1.0" encoding="utf-8"?>\n{plain("".join(parts), report.palette.colours())}\n'


def _chosen(report: Report, figure: str, problems: Sequence[str]) -> list[Panel]:
    panels = report.figures[figure].panels
    for problem in problems:
        if not any(problem in (panel.title, panel.title.split(" · ")[0]) for panel in panels):
            known = ", ".join(dict.fromkeys(panel.title for panel in panels))
            raise ReportError(f"no panel of {problem!r}; there are: {known}")
    found = [
        panel for problem in problems for panel in panels if problem in (panel.title, panel.title.split(" · ")[0])
    ] or panels
    if not found:
        raise ReportError("no case has both an error and this cost, so there is no picture")
    return found


def _place(panel: Panel, x: int) -> str:
    """The panel at its place, its title above it."""
    inner = panel.svg.replace("<svg ", f'<svg x="{x}" y="{_TOP + 20}" width="{_WIDTH}" height="{_HEIGHT}" ', 1)
    title = escape(" ".join(filter(None, [panel.title, panel.subtitle])))
    style = 'font-size="14.5" font-weight="600" style="fill: var(--ink)"'
    return f'<text x="{x + 4}" y="{_TOP + 14}" {style}>{title}</text>{inner}'


def _legend(report: Report, figure: str, panels: list[Panel]) -> str:
    """Methods on the first line, solvers and special marks on the second; only what the panels show."""
    drawn, palette = "".join(panel.svg for panel in panels), report.palette
    methods = [method for method in palette.methods if f"var(--{palette[method].variable})" in drawn]
    solvers = [(name, n) for name, n in report.figures[figure].markers if f'-s{n}"' in drawn]
    first = [(_stroke(palette[m].variable, palette[m].dash), 32, m) for m in methods]
    second = [(_shape(MARKERS[n], "fill: var(--muted)"), 14, name) for name, n in solvers]
    outline = "fill: none; stroke: var(--muted); stroke-width: 1.5"
    for key, path, words in (("-cross", CROSS, "failed"), ("-blown", BLOWN, "no finite gradient, as expected")):
        if f'{key}"' in drawn:
            second.append((_shape(path, outline), 16, words))
    return _row(first, 24) + _row(second, 50)


def _row(entries: list[tuple[str, int, str]], y: int) -> str:
    x, text = _MARGIN + 4.0, ""
    for symbol, width, words in entries:
        text += f'<g transform="translate({x:.1f} {y})">{symbol}<text x="{width + 4}" y="4.5" style="fill: var(--ink)">'
        text += f"{escape(words)}</text></g>"
        x += width + 4 + _CHARACTER * len(words) + _BETWEEN
    return text


def _stroke(variable: str, dash: str) -> str:
    style = f"stroke: var(--{variable}); stroke-width: 2.4; stroke-dasharray: {dash or 'none'}"
    return f'<path d="M0 0H30" style="{style}"/>'


def _shape(path: str, style: str) -> str:
    return f'<path transform="translate(6 0)" d="{path}" style="{style}"/>'
