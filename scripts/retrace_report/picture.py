"""One picture for a README: work-precision of a few problems side by side, as an SVG file of its own."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import IdentityTransform

from . import palette as colours
from .content import Report
from .drawing import PIXELS, Titles, new_figure, standalone, to_svg, write_text
from .errors import ReportError
from .facets import Facets
from .figures import SHEETS, Content, contents, drawable
from .panels import FRONT_ALPHA, USUAL, draw, mark_style

_WIDTH, _HEIGHT, _TOP, _GAP, _MARGIN = *USUAL, 92, 6, 14  # of a panel; of what stands above it; pixels


def picture(report: Report, figure: str, problems: Sequence[str], most: int = 3) -> str:
    """The panels of `problems` (all settings of each, or one of its panels; without any: the first few), one legend."""
    sheet = next(sheet for sheet in SHEETS if sheet.name == figure)
    facets = Facets([point for point in report.points if drawable(sheet, point)])
    chosen = _chosen(contents(sheet, facets, report.palette), problems)[:most]
    width = 2 * _MARGIN + len(chosen) * _WIDTH + (len(chosen) - 1) * _GAP
    drawing = new_figure(width, _TOP + _HEIGHT + _MARGIN)
    _card(drawing)
    _legend(drawing, report, facets, chosen)
    titles: Titles = {}
    for number, one in enumerate(chosen):
        left, ink = _MARGIN + number * (_WIDTH + _GAP), colours.LIGHT_PAGE["ink"]
        write_text(drawing, left + 4, _TOP - 6, one.heading, size=14.5, weight="semibold", color=ink)
        place = (left, _TOP, _WIDTH, _HEIGHT)
        titles |= draw(drawing, place, one.series, one.view, f"p{number}")
    said = f"Gradient error against cost on {', '.join(one.heading for one in chosen)}"
    return standalone(to_svg(drawing, "picture", said, titles))


def _chosen(found: list[Content], problems: Sequence[str]) -> list[Content]:
    def panels(asked: str) -> list[Content]:
        """All of a problem; of a problem and a setting ("lorenz63 dormand_prince54") the first."""
        problem, _, setting = asked.partition(" ")
        own = [one for one in found if asked == one.key[0] or problem == one.key[0].split(" · ")[0]]
        exact = [one for one in own if asked == one.key[0]]
        return exact or ([one for one in own if setting in one.heading.split()][:1] if setting else own)

    chosen: list[Content] = [] if problems else found
    for asked in problems:
        if not (own := panels(asked)):
            known = ", ".join(dict.fromkeys(one.key[0] for one in found))
            raise ReportError(f"no panel of {asked!r}; there are: {known}")
        chosen += own
    if not chosen:
        raise ReportError("no case has both an error and this cost, so there is no picture")
    return chosen


def _card(drawing: Figure) -> None:
    """An opaque ground with round corners: readable on a page of either theme."""
    width, height = drawing.get_size_inches() * PIXELS
    page = colours.LIGHT_PAGE
    drawing.add_artist(
        FancyBboxPatch(
            (0.5, 0.5),
            width - 1,
            height - 1,
            boxstyle="round,pad=0,rounding_size=10",
            transform=IdentityTransform(),
            facecolor=page["card"],
            edgecolor=page["grid"],
            zorder=-1,
        )
    )


def _legend(drawing: Figure, report: Report, facets: Facets, chosen: list[Content]) -> None:
    """Methods on the first line, solvers and special marks on the second; only what the panels show."""
    points, muted = [point for one in chosen for point in one.members], colours.LIGHT_PAGE["muted"]
    methods = [method for method in report.palette.methods if any(point.method == method for point in points)]
    lines = [
        Line2D([], [], color=report.palette[m].light, linestyle=report.palette[m].line, linewidth=2.4) for m in methods
    ]
    front = Line2D([], [], color=muted, linewidth=7, alpha=FRONT_ALPHA)
    _row(drawing, 12, [*lines, front], [*methods, "Pareto front"], 2.4)
    shown = {facets.marker(point) for point in points}
    marks = [("filled", number, name) for name, number in facets.legend if number in shown]
    if any(point.failed for point in points):
        marks.append(("failed", 0, "failed"))
    if any(point.expected for point in points):
        marks.append(("expected", 0, "failed as expected"))
    if marks:
        handles = [Line2D([], [], **mark_style(kind, number, muted)) for kind, number, _ in marks]
        _row(drawing, 36, handles, [words for *_, words in marks], 0.8)


def _row(drawing: Figure, top: float, handles: list[Line2D], words: list[str], length: float) -> None:
    width, height = drawing.get_size_inches() * PIXELS
    drawing.legend(
        handles,
        words,
        loc="upper left",
        bbox_to_anchor=((_MARGIN + 4) / width, 1 - top / height),
        ncol=len(words),
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=length,
        handletextpad=0.5,
        columnspacing=1.4,
        labelcolor=colours.LIGHT_PAGE["ink"],
        fontsize=13,
    )
