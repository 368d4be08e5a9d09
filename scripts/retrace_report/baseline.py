"""The file beside a baseline: shown, not judged. What fails a gate is for `retrace compare` to say."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from .axes import Axis, limits
from .blocks import MAX_TOOLTIPS, FigureBlock, Panel, Section, ShownTable
from .errors import ReportError
from .palette import Palette
from .panels import Guide, Mark, Series, View, panel
from .points import Point
from .points import points as points_of
from .reader import ResultFile
from .symbols import method_marks
from .tables import DataTable, Field, written

_QUANTITIES = {
    "error": ("error", "error"),
    "evaluations": ("evaluations", "count"),
    "bytes": ("peak bytes", "bytes"),
    "seconds": ("time", "seconds"),
}
_SAME = 0.02  # a ratio within this of 1 is no change worth a row


@dataclass(frozen=True)
class Pair:
    new: Point
    old: Point

    def ratio(self, quantity: str) -> float:
        new, old = getattr(self.new, quantity), getattr(self.old, quantity)
        return new / old if old > 0 and new >= 0 else math.nan


@dataclass(frozen=True)
class Comparison:
    """Cases matched by id; `changed` are ids whose definition (hash) differs: their numbers are not compared."""

    pairs: list[Pair]
    added: list[str]
    removed: list[str]
    changed: list[str]
    same_hardware: bool


def compare(new: ResultFile, old: ResultFile, error: str) -> Comparison:
    hashes = [dict(zip(result["cases"]["case_id"], result["cases"]["case_hash"])) for result in (new, old)]
    by_id = [{point.case_id: point for point in points_of(result, error)} for result in (new, old)]
    common = [name for name in by_id[0] if name in by_id[1]]
    changed = [name for name in common if hashes[0][name] != hashes[1][name]]
    return Comparison(
        [Pair(by_id[0][name], by_id[1][name]) for name in common if name not in set(changed)],
        [name for name in by_id[0] if name not in by_id[1]],
        [name for name in by_id[1] if name not in by_id[0]],
        changed,
        bool(_hardware(new) & _hardware(old)),
    )


def _hardware(result: ResultFile) -> set[str]:
    return {str(value) for value in result["runs"]["fingerprint_hw"] if value}


def comparison_section(new: ResultFile, old: ResultFile, palette: Palette, error: str) -> Section:
    found = compare(new, old, error)
    section = Section("comparison", "Against the baseline", "Baseline", [_summary(found, old)])
    if not found.same_hardware:
        section.text.append(
            "The two ran on different hardware, or do not say on which: their times are not comparable."
        )
    if found.pairs:
        section.figures.append(_figure(found, palette))
    moved = _moved(found)
    if moved.rows:
        text = (
            f"Matched cases whose status changed, or with a number more than {100 * _SAME:.0f} % away, largest first."
        )
        section.tables.append(ShownTable("What moved", text, moved))
    lists = [
        (name, what)
        for names, what in (
            (found.changed, "definition changed: not compared"),
            (found.added, "new"),
            (found.removed, "only in the baseline"),
        )
        for name in names
    ]
    if lists:
        table = DataTable("unmatched", [Field("case_id", "case", "case"), Field("what", "what")], lists)
        section.tables.append(ShownTable("Not matched", "", table))
    return section


def _summary(found: Comparison, old: ResultFile) -> str:
    statuses = Counter((pair.old.status, pair.new.status) for pair in found.pairs if pair.old.status != pair.new.status)
    words = [f"{count} from {before} to {after}" for (before, after), count in statuses.most_common()]
    ratios = []
    for quantity, (name, _) in _QUANTITIES.items():
        values = [value for pair in found.pairs if (value := pair.ratio(quantity)) > 0 and math.isfinite(value)]
        if values and (quantity != "seconds" or found.same_hardware):
            ratios.append(f"{name} {np.median(values):.3g} ×")
    text = f"{len(found.pairs):,} cases matched with {old.path.name}. "
    text += f"Status changed: {', '.join(words)}. " if words else "No status changed. "
    return text + (f"Medians over the baseline’s: {', '.join(ratios)}." if ratios else "")


def _figure(found: Comparison, palette: Palette) -> FigureBlock:
    """New over old per quantity: cases above the line got worse."""
    fields = [Field("case_id", "case", "case"), Field("old_status", "baseline"), Field("new_status", "now")]
    for quantity, (name, kind) in _QUANTITIES.items():
        fields += [Field(f"old_{quantity}", f"{name}, baseline", kind), Field(f"new_{quantity}", f"{name}, now", kind)]
    rows = [
        (
            pair.new.case_id,
            pair.old.status,
            pair.new.status,
            *(getattr(point, quantity) for quantity in _QUANTITIES for point in (pair.old, pair.new)),
        )
        for pair in found.pairs
    ]
    block = FigureBlock(
        "ratios",
        "Now over baseline",
        "Each matched case: its number now over the baseline’s, against the baseline’s. Above the line is worse, below "
        "it better.",
        [],
        DataTable("comparison", fields, rows),
    )
    for quantity, (name, kind) in _QUANTITIES.items():
        by_method: dict[str, list[Mark]] = {}
        for pair in found.pairs:
            ratio, old = pair.ratio(quantity), getattr(pair.old, quantity)
            if ratio > 0 and math.isfinite(ratio):
                said = f"{pair.new.case_id}: {ratio:.3g} × {written(old, kind)}"
                by_method.setdefault(pair.new.method, []).append(Mark(old, ratio, title=said))
        if by_method:
            series = [
                Series(palette[method], palette.marker(method), marks, joined=False)
                for method, marks in by_method.items()
            ]
            block.panels.append(_ratio_panel(name, kind, series, f"ratios-{quantity}"))
    block.legend = [method_marks(palette.among(pair.new.method for pair in found.pairs), palette)]
    return block


def _ratio_panel(name: str, kind: str, series: list[Series], ident: str) -> Panel:
    marks = [mark for one in series for mark in one.marks]
    xs = limits([mark.x for mark in marks])
    scale = {"error": "power", "count": "count", "bytes": "bytes", "seconds": "seconds"}[kind]
    view = View(
        Axis(f"{name}, baseline", scale),
        Axis("now over baseline", "factor"),
        xs,
        limits([1.0, *(m.y for m in marks)]),
        guides=[Guide([(xs[0], 1.0), (xs[1], 1.0)], "", ())],
    )
    said = f"{name}: now over baseline, {len(marks)} cases"
    return Panel(name, "", partial(panel, series, view, ident, said, len(marks) <= MAX_TOOLTIPS), ident)


def _moved(found: Comparison) -> DataTable:
    rows = []
    for pair in found.pairs:
        ratios = [pair.ratio(quantity) for quantity in _QUANTITIES]
        if not found.same_hardware:
            ratios[-1] = math.nan
        sizes = [abs(math.log(value)) for value in ratios if value > 0 and math.isfinite(value)]
        changed = pair.old.status != pair.new.status
        if changed or any(size > math.log1p(_SAME) for size in sizes):
            status = f"{pair.old.status} → {pair.new.status}" if changed else pair.new.status
            rows.append(((not changed, -max(sizes, default=0.0)), (pair.new.case_id, status, *ratios)))
    rows.sort(key=lambda row: row[0])
    fields = [Field("case_id", "case", "case"), Field("status", "status")]
    fields += [Field(quantity, f"{name} ×", "plain") for quantity, (name, _) in _QUANTITIES.items()]
    return DataTable("moved", fields, [row for _, row in rows])


def judged_section(path: Path) -> Section:
    """What `retrace compare --format json` said, as it said it: every list of records becomes a table."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ReportError(f"{path}: is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ReportError(f"{path}: is not an object as `retrace compare --format json` writes it")
    section = Section("judged", "Judged by retrace compare", "Judged")
    facts = [f"{key.replace('_', ' ')} {content[key]}" for key in ("exit_code",) if key in content]
    cases = content.get("cases")
    if isinstance(cases, dict):
        facts += [f"{count} {word}" for word, count in cases.items()]
    section.text = [*([", ".join(facts) + "."] if facts else []), *map(str, content.get("notes", []))]
    for key in ("lines", "trends"):
        records = [one for one in content.get(key, []) if isinstance(one, dict)]
        # What gates comes first, what is the same last.
        records.sort(key=lambda one: (not one.get("gates", False), one.get("verdict") == "same"))
        if records:
            section.tables.append(ShownTable(key.capitalize(), "", _records(f"judged-{key}", records)))
    if not section.text and not section.tables:
        raise ReportError(f"{path}: has nothing that `retrace compare --format json` writes")
    return section


def _records(name: str, records: list[dict]) -> DataTable:
    keys = list(dict.fromkeys(key for one in records for key in one))
    numeric = {key for key in keys if any(type(one.get(key)) in (int, float) for one in records)}
    kinds = {key: "case" if key == "case" else "plain" if key in numeric else "text" for key in keys}
    fields = [Field(key, key.replace("_", " "), kinds[key]) for key in keys]
    return DataTable(name, fields, [tuple(_flat(one.get(key)) for key in keys) for one in records])


def _flat(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, (int, float)) for one in value):
        return " to ".join(written(one, "plain") for one in value)
    return value if isinstance(value, (str, int, float)) else json.dumps(value, ensure_ascii=False)
