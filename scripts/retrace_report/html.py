"""Puts the page together: everything computed here and in the other modules, everything worded in the templates."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from . import glossary, surroundings, tables
from .content import Report
from .palette import BLOWN, CROSS, MARKERS
from .points import FAILED

_TEMPLATES = Path(__file__).parent / "templates"
FAILURES_OPEN = 12  # shown at once; the rest unfolds
FAILURE_ROWS = 200  # on the page; the CSV has them all
OPERATORS = {"<=": "≤", ">=": "≥", "==": "="}
SYMBOLS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "expected": "✗", "skipped": "–"}


def render(report: Report) -> str:
    """The whole report as one HTML document without external assets or script."""
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    palette = report.palette
    return _environment().get_template("report.html.j2").render(
        report=report,
        style=Markup(style),
        light=Markup(palette.css(dark=False)),
        dark=Markup(palette.css(dark=True)),
        swatch=lambda method: swatch(report, method),
        marks={
            "marker": marker,
            "stroke": lambda method: stroke(report, method),
            "cross": shape(CROSS),
            "blown": shape(BLOWN),
            "circle": shape(MARKERS[0]),
        },
        symbols=SYMBOLS,
        operators=OPERATORS,
        failed_statuses=FAILED,
        failure_rows=FAILURE_ROWS,
        failures_open=FAILURES_OPEN,
        glossary=glossary,
        surroundings=surroundings,
    )


@cache
def _environment() -> jinja2.Environment:
    """The templates, compiled once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"written": tables.written, "breakable": breakable, "svg": Markup}
    return environment


def breakable(text: str) -> Markup:
    """A long name that may wrap after its slashes, underscores and double colons."""
    broken = str(escape(text)).replace("/", "/<wbr>").replace("::", "::<wbr>").replace("_", "_<wbr>")
    return Markup(broken)


def swatch(report: Report, method: str) -> Markup:
    """A spot in the method's colour."""
    if method not in report.palette.methods:
        return Markup("")
    return Markup('<i class="swatch" style="background: var(--{})"></i>').format(report.palette[method].variable)


def stroke(report: Report, method: str) -> Markup:
    """A stretch of line in the colour and dash pattern of a method."""
    style = report.palette[method]
    return Markup(
        '<svg class="stroke" viewBox="0 0 34 8" aria-hidden="true"><path d="M1 4H33" '
        'style="stroke: var(--{}); stroke-dasharray: {}"/></svg>'
    ).format(style.variable, style.dash or "none")


def shape(path: str, filled: bool = False) -> Markup:
    kind = "symbol filled" if filled else "symbol"
    return Markup('<svg class="{}" viewBox="-6 -6 12 12" aria-hidden="true"><path d="{}"/></svg>').format(kind, path)


def marker(number: int) -> Markup:
    """The marker of a solver, in grey: its colour in a figure is the method's."""
    return shape(MARKERS[number], filled=True)
