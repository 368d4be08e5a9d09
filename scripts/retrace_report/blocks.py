"""What the report is made of: sections of text, figures and tables; a figure has panels, a legend and its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from .symbols import Legend
from .tables import DataTable

MAX_PANELS = 36  # per figure; above it the CSV alone has the rest

MAX_TOOLTIPS = 1500  # marks of a figure; above it the page would grow for little


@dataclass(frozen=True)
class Panel:
    title: str
    subtitle: str
    draw: Callable[[], str]  # makes `svg`
    name: str  # unique in the report; names the SVG file
    note: str = ""  # what could not be drawn

    @cached_property
    def svg(self) -> str:
        """In the light colours, see `drawing.themed`; drawn when first asked for: Markdown, CSV and JSON never do."""
        return self.draw()


@dataclass
class FigureBlock:
    name: str
    title: str
    caption: str
    panels: list[Panel]
    table: DataTable
    notes: list[str] = field(default_factory=list)
    legend: list[Legend] = field(default_factory=list)
    headed: bool = False  # panels of one title stand in a row of their own below it

    @property
    def rows(self) -> list[tuple[str, list[Panel]]]:
        """(heading, panels): all in one, or one per title."""
        if not self.headed:
            return [("", self.panels)]
        titles = dict.fromkeys(panel.title for panel in self.panels)
        return [(title, [panel for panel in self.panels if panel.title == title]) for title in titles]

    def note_left_out(self, groups: int) -> None:
        if groups > MAX_PANELS:
            self.notes.append(f"The first {MAX_PANELS} of {groups} panels are drawn; the data table has every number.")


@dataclass
class ShownTable:
    """A table that stands open on the page, with its CSV; the page has its first `most` rows."""

    title: str
    text: str
    table: DataTable
    most: int = 40


@dataclass
class Section:
    name: str  # id on the page
    title: str
    link: str  # its name in the list of sections
    text: list[str] = field(default_factory=list)
    figures: list[FigureBlock] = field(default_factory=list)
    tables: list[ShownTable] = field(default_factory=list)

    def data_tables(self) -> list[DataTable]:
        return [*(block.table for block in self.figures), *(one.table for one in self.tables)]
