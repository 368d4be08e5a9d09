"""Puts the page together: everything computed here and in the other modules, everything worded in the templates."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from . import glossary, surroundings, tables
from .content import Report
from .drawing import themed
from .points import FAILED

_TEMPLATES = Path(__file__).parent / "templates"
NO_BREAK, JOINER = "\u00a0", "\u2060"
FAILURES_OPEN = 12  # shown at once; the rest unfolds
FAILURE_ROWS = 200  # on the page; the CSV has them all
OPERATORS = {"<=": "≤", ">=": "≥", "==": "="}
SHADES = (1, 0.72, 0.5, 0.34, 0.22, 0.14)  # opacity of the labels of a stacked bar, largest first
SYMBOLS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "expected": "✗", "skipped": "–"}


def render(report: Report) -> str:
    """The whole report as one HTML document without external assets or script."""
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    palette = report.palette
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            style=Markup(style),
            light=Markup(palette.css(dark=False)),
            dark=Markup(palette.css(dark=True)),
            swatch=lambda method: swatch(report, method),
            svg=lambda drawing: Markup(themed(drawing, palette.colours())),
            symbols=SYMBOLS,
            shades=SHADES,
            operators=OPERATORS,
            failed_statuses=FAILED,
            failure_rows=FAILURE_ROWS,
            failures_open=FAILURES_OPEN,
            glossary=glossary,
            surroundings=surroundings,
        )
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
    environment.filters |= {"written": tables.written, "breakable": breakable, "tied": tied, "whole": whole}
    return environment


def tied(text: str) -> str:
    """A number stays on the line of its × or %."""
    return text.replace(" ×", NO_BREAK + "×").replace(" %", NO_BREAK + "%")


def whole(text: str) -> str:
    """A heading whose numbers do not break behind the minus of their exponent; not for what is copied."""
    return re.sub(r"(?<=\de)-(?=\d)", "-" + JOINER, tied(text))


def breakable(text: str) -> Markup:
    """A long name that may wrap after its slashes, underscores and double colons."""
    broken = str(escape(text)).replace("/", "/<wbr>").replace("::", "::<wbr>").replace("_", "_<wbr>")
    return Markup(broken)


def swatch(report: Report, method: str) -> Markup:
    """A spot in the method's colour."""
    if method not in report.palette.methods:
        return Markup("")
    return Markup('<i class="swatch" style="background: var(--{})"></i>').format(report.palette[method].variable)
