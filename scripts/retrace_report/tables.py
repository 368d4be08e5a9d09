"""Tables behind the figures: exact numbers as CSV, readable ones on the page; and how numbers are written."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

PLAIN_ROWS = 2000  # a longer CSV is compressed within the page
COMPRESSION = 6  # zlib's usual level: a third of the time of level 9 for a few percent of the size
PAGE_ROWS = 400  # of a data table on the page; its CSV has them all


@dataclass(frozen=True)
class Field:
    """A column: its name in the CSV, its heading on the page, and how it is written there: numbers as `written` says,
    words as "text", "case" (an id), "method" (with its colour) or "setting" (of a problem)."""

    name: str
    heading: str
    kind: str = "text"

    @property
    def is_number(self) -> bool:
        return self.kind not in _WORDS


_WORDS = ("text", "case", "method", "setting")


@dataclass
class DataTable:
    name: str
    fields: list[Field]
    rows: list[tuple]

    def csv(self) -> str:
        """All rows; floats in shortest round-trip form, so the text equals the file's numbers."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in self.fields])
        writer.writerows(zip(*map(_exact_column, zip(*self.rows))))
        return stream.getvalue()

    @property
    def large(self) -> bool:
        return len(self.rows) > PLAIN_ROWS

    @property
    def file_name(self) -> str:
        return f"{self.name}.csv.gz" if self.large else f"{self.name}.csv"

    def csv_uri(self) -> str:
        """The CSV as a link; compressed if large, without a time stamp, so that the page is the same every time."""
        content = self.csv().encode()
        kind, content = (
            ("application/gzip", gzip.compress(content, COMPRESSION, mtime=0)) if self.large else ("text/csv;charset=utf-8", content)
        )
        return f"data:{kind};base64,{base64.b64encode(content).decode()}"

    def shown(self, most: int = PAGE_ROWS) -> list[list[str]]:
        return [[written(value, column.kind) for value, column in zip(row, self.fields)] for row in self.rows[:most]]

    @property
    def note(self) -> str:
        return "" if len(self.rows) <= PAGE_ROWS else f"First {PAGE_ROWS} of {len(self.rows):,} rows; the CSV has all."


def _exact_column(values: tuple) -> Sequence[str]:
    """All values of a column; texts, which are most, stay as they are."""
    return values if set(map(type, values)) == {str} else [exact(value) for value in values]


def exact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))
    return str(value)


def written(value: object, kind: str) -> str:
    """A value for reading; an en dash where there is none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        number = float(value)
        if math.isnan(number):
            return "–"
        if math.isinf(number):
            return "∞" if number > 0 else "−∞"
        return {"error": error, "seconds": seconds, "bytes": size, "count": count, "short_count": short_count}.get(
            kind, plain
        )(number)
    return str(value)


def error(value: float) -> str:
    """3.1e-9."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


_SI = {-9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def si_label(value: float, unit: str = "", digits: int = 3) -> str:
    """So many digits at most with an SI prefix: 20 ms, 1.5 k."""
    if value <= 0:
        return f"0 {unit}".strip()
    group = min(max(3 * math.floor((math.log10(value) + 1e-9) / 3), -9), 15)
    gap = " " if unit or _SI[group] else ""
    return f"{value / 10.0**group:.{digits}g}{gap}{_SI[group]}{unit}"


def binary_label(value: float) -> str:
    """16 KiB; three digits at most."""
    group = min(max(int(math.log2(value) + 1e-9) // 10, 0), len(_BINARY) - 1) if value > 0 else 0
    number = value / 2.0 ** (10 * group)
    digits = 0 if group == 0 or number >= 100 else 1 if number >= 10 else 2
    text = f"{number:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {_BINARY[group]}"


def seconds(value: float) -> str:
    """Three digits: 12.4 ms."""
    return si_label(value, "s") if value > 0 else "0 s"


def size(value: float) -> str:
    """Three digits, binary prefix: 18.3 MiB."""
    return binary_label(value) if value > 0 else "0 B"


def count(value: float) -> str:
    return f"{value:,.0f}"


def short_count(value: float) -> str:
    """Three digits: 12.4 k."""
    return si_label(value) if value >= 1000 else f"{value:.0f}"


def plain(value: float) -> str:
    """Any number, four digits at most, exponents only where they shorten."""
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return error(value)
    return f"{value:.4g}"


def ratio(value: float) -> str:
    """Two digits, for sentences: 0.62, 1.8, 45, 1,200."""
    if value >= 100:
        digits = math.floor(math.log10(value)) - 1
        return f"{round(value, -digits):,.0f}"
    if value >= 9.95:
        return f"{value:.0f}"
    if value >= 0.995:
        return f"{value:.1f}"
    if value >= 0.0995:
        return f"{value:.2f}"
    return f"{value:.2g}" if value >= 1e-4 else error(value)
