"""Several files of the same suite: what they are, and how each case moved from one to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from .axes import Axis, limits
from .blocks import MAX_PANELS, FigureBlock, Panel, Section, ShownTable
from .palette import Palette
from .panels import Guide, Mark, Series, View, panel
from .points import Point, ordered, together
from .points import points as points_of
from .reader import ResultFile, text_of
from .symbols import Entry, Legend, line
from .tables import DataTable, Field
from .verdict import verdict

_QUANTITIES = {
    "error": ("error", "error"),
    "evaluations": ("evaluations", "count"),
    "bytes": ("peak bytes", "bytes"),
    "seconds": ("time", "seconds"),
}
_SAME = 1e-9  # from 1: rounding of the ratio


def created(result: ResultFile) -> str:
    return text_of(result.attributes.get("created_utc", ""))


def trend_section(results: Sequence[ResultFile], palette: Palette, error: str) -> Section | None:
    """None for a single file."""
    if len(results) < 2:
        return None
    by_age = sorted(results, key=created)
    section = Section("trend", "Trend", "Trend", tables=[ShownTable("Files", "", _files(by_age))])
    block = _figure(by_age, palette, error)
    if block.panels:
        section.figures.append(block)
    elif block.table.rows:
        section.text.append("Nothing moved: errors, evaluations, bytes and times are the same in all files.")
    else:
        section.text.append("No case is in more than one file with the same ranks, threads and definition.")
    return section


def _files(results: Sequence[ResultFile]) -> DataTable:
    fields = [
        Field("number", "no.", "count"),
        Field("file", "file"),
        Field("created", "created (UTC)"),
        Field("verdict", "verdict"),
        Field("cases", "cases", "count"),
        Field("ranks", "ranks"),
        Field("threads", "threads"),
        Field("generator", "made by"),
    ]

    def values(result: ResultFile, column: str) -> str:
        return ", ".join(str(value) for value in sorted(set(result["cases"][column].tolist())) if value > 0)

    return DataTable(
        "files",
        fields,
        [
            (
                number,
                result.path.name,
                created(result).replace("T", " ").replace("Z", ""),
                verdict(result).word,
                result.rows("cases"),
                values(result, "ranks"),
                values(result, "threads"),
                text_of(result.attributes.get("generator", "")),
            )
            for number, result in enumerate(results, start=1)
        ],
    )


def histories(results: Sequence[ResultFile], error: str) -> dict[tuple, list[tuple[int, Point]]]:
    """(case, hash, ranks, threads) -> (number of the file, case) in files that hold it, where these are two or more."""
    found: dict[tuple, list[tuple[int, Point]]] = {}
    for number, result in enumerate(results):
        cases = result["cases"]
        for point in points_of(result, error):
            i = point.index
            key = (point.case_id, cases["case_hash"][i], int(cases["ranks"][i]), int(cases["threads"][i]))
            found.setdefault(key, []).append((number, point))
    return {key: history for key, history in found.items() if len({number for number, _ in history}) > 1}


def _figure(results: Sequence[ResultFile], palette: Palette, error: str) -> FigureBlock:
    found = histories(results, error)
    block = FigureBlock(
        "trend-lines",
        "Each file over the first",
        "Files from old to new, as numbered below. A line is the median over a method’s cases of what the case needs "
        "in that file over what it needed in the first that holds it; 1 is no change. Only what moved is drawn; every "
        "case is in the data.",
        [],
        _data(found),
    )
    panels = together(ordered([history[0][1].panel for history in found.values()]))
    drawn: set[str] = set()
    names = [str(number) for number in range(1, len(results) + 1)]
    for panel_name in panels[: MAX_PANELS // len(_QUANTITIES)]:
        members = [history for history in found.values() if history[0][1].panel == panel_name]
        for quantity, (word, _) in _QUANTITIES.items():
            series = _series(members, quantity, palette)
            if all(abs(mark.y - 1) < _SAME for one in series for mark in one.marks):
                continue
            drawn.update(history[0][1].method for history in members)
            view = View(
                Axis("file", "place"),
                Axis("over the first", "factor"),
                (-0.4, len(results) - 0.6),
                limits([1.0, *(mark.y for one in series for mark in one.marks)]),
                x_names=names,
                small=True,
                guides=[Guide([(-0.4, 1.0), (len(results) - 0.6, 1.0)], "", ())],
            )
            ident = f"trend-{len(block.panels)}"
            draw = partial(panel, series, view, ident, f"Trend of {panel_name}, {word}")
            block.panels.append(Panel(panel_name, word, draw, ident))
    block.headed = True
    block.legend = [Legend("method", [Entry(line(palette[m]), m) for m in palette.methods if m in drawn])]
    if len(panels) > MAX_PANELS // len(_QUANTITIES):
        block.notes.append(f"The first {MAX_PANELS // len(_QUANTITIES)} of {len(panels)} problems are drawn.")
    return block


def _series(members: list[list[tuple[int, Point]]], quantity: str, palette: Palette) -> list[Series]:
    ratios: dict[str, dict[int, list[float]]] = {}
    for history in members:
        first = getattr(history[0][1], quantity)
        for number, point in history:
            value = getattr(point, quantity)
            if first > 0 and value > 0 and math.isfinite(value / first):
                ratios.setdefault(point.method, {}).setdefault(number, []).append(value / first)
    found = []
    for method, by_file in ratios.items():
        marks = []
        for number, values in sorted(by_file.items()):
            middle = float(np.median(values))
            said = f"{method}, file {number + 1}: {middle:.3g} × in the median of {len(values)} cases"
            marks.append(Mark(number, middle, title=said))
        found.append(Series(palette[method], palette.marker(method), marks))
    return found


def _data(found: dict[tuple, list[tuple[int, Point]]]) -> DataTable:
    fields = [Field("case_id", "case", "case"), Field("file", "file", "count"), Field("status", "status")]
    fields += [Field(quantity, word, kind) for quantity, (word, kind) in _QUANTITIES.items()]
    return DataTable(
        "trend",
        fields,
        [
            (point.case_id, number + 1, point.status, *(getattr(point, quantity) for quantity in _QUANTITIES))
            for history in found.values()
            for number, point in history
        ],
    )
