"""The report for programs: verdict, findings and every data table as JSON."""

from __future__ import annotations

import json
import math

import numpy as np

from .content import Report
from .surroundings import text_of
from .tables import DataTable

VERSION = 1  # of this layout


def as_json(report: Report) -> str:
    """Numbers as in the file; what is not finite is one of the strings "nan", "inf", "-inf", as in the journal."""
    content = {
        "report": VERSION,
        "file": report.result.path.name,
        "title": report.title,
        "schema_version": text_of(report.result.attributes.get("schema_version", "")),
        "verdict": report.verdict.word,
        "headline": report.verdict.headline,
        "counts": report.verdict.counts,
        "findings": report.claims,
        "tables": {table.name: _records(table) for table in report.data_tables()},
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _records(table: DataTable) -> list[dict[str, object]]:
    names = [field.name for field in table.fields]
    return [dict(zip(names, map(_value, row))) for row in table.rows]


def _value(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
