"""Reads a result file into plain columns, or says in one line why it cannot."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # before h5py: a reader needs none

import h5py  # noqa: E402
import numpy as np  # noqa: E402

from . import schema  # noqa: E402
from .errors import ReportError  # noqa: E402

Columns = dict[str, np.ndarray]


@dataclass
class ResultFile:
    """All tables of one result file. Flags are already words; strings are `str`; numbers keep type and unit."""

    path: Path
    title: str
    attributes: dict[str, object]
    config: dict[str, str]
    tables: dict[str, Columns] = field(default_factory=dict)

    def __getitem__(self, table: str) -> Columns:
        return self.tables[table]

    def rows(self, table: str) -> int:
        return len(next(iter(self.tables[table].values()))) if table in self.tables else 0

    @property
    def finalized(self) -> bool:
        return bool(self.attributes.get("finalized", 0))


def text_of(value: object) -> str:
    """An attribute or scalar as text, however it was stored (vlen or fixed string, array of one)."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return _CONTROL.sub("\ufffd", text)


def flag_words(dataset: h5py.Dataset) -> dict[int, str]:
    """Value -> word, from `flag_values` and `flag_meanings` (one blank-separated string, or an array of strings)."""
    values, meanings = dataset.attrs["flag_values"], dataset.attrs["flag_meanings"]
    words = (
        [text_of(word) for word in meanings]
        if isinstance(meanings, np.ndarray) and meanings.size > 1
        else text_of(meanings).split()
    )
    return {int(value): word for value, word in zip(np.atleast_1d(values), words)}


def read(path: str | Path) -> ResultFile:
    """Reads the whole file. Raises ReportError for anything that is not a readable result of this major version."""
    path = Path(path)
    if not path.exists():
        raise ReportError(f"{path}: no such file")
    if path.is_dir():
        raise ReportError(f"{path}: is a directory, not a result file")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise ReportError(f"{path}: cannot be opened: {error.strerror}") from error
    if not h5py.is_hdf5(path):
        raise ReportError(f"{path}: is not an HDF5 file")
    try:
        with h5py.File(path, "r") as file:
            _check_version(path, file)
            _check_groups(path, file)
            return _load(path, file)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ReportError(f"{path}: is damaged or truncated: {reason}") from error


def _check_version(path: Path, file: h5py.File) -> None:
    name = text_of(file.attrs.get("schema_name", ""))
    if name != schema.NAME:
        said = f"schema_name is {name!r}" if name else "no attribute schema_name"
        raise ReportError(f"{path}: is not a Retrace result file ({said}, expected {schema.NAME!r})")
    version = text_of(file.attrs.get("schema_version", ""))
    match = re.match(r"(\d+)\.\d+", version)
    if not match:
        raise ReportError(
            f"{path}: schema version {version!r} cannot be understood; this report reads {schema.VERSION_TEXT}"
        )
    if int(match[1]) != schema.VERSION[0]:
        raise ReportError(
            f"{path}: has schema version {version}, this report reads version {schema.VERSION_TEXT}; "
            f"the major numbers must agree"
        )


def _check_groups(path: Path, file: h5py.File) -> None:
    for name in ("config", *(table.name for table in schema.TABLES if table.required)):
        if not isinstance(file.get(name), h5py.Group):
            raise ReportError(f"{path}: lacks the group /{name}")


def _load(path: Path, file: h5py.File) -> ResultFile:
    config = {
        name: text_of(file["config"][name][()]) if name in file["config"] else "" for name in schema.CONFIG_DATASETS
    }
    attributes = {name: value for name, value in file.attrs.items()}
    result = ResultFile(path, text_of(attributes.get("title", "")), attributes, config)
    for table in schema.TABLES:
        if table.name in file:
            result.tables[table.name] = _load_table(path, file[table.name], table)
    lengths = {name: result.rows(name) for name in schema.SAME_LENGTH}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"/{name} {rows}" for name, rows in lengths.items())
        raise ReportError(f"{path}: tables that have one row per case differ in length: {said}")
    for table in schema.TABLES:
        for column in table.columns:
            if column.index_of and table.name in result.tables:
                _check_index(path, result, table.name, column)
    return result


# Neither XML nor HTML can hold these.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def _texts(dataset: h5py.Dataset) -> np.ndarray:
    texts = dataset.asstr(errors="replace")[...]
    return np.array([_CONTROL.sub("\ufffd", text) for text in texts.reshape(-1)], dtype=object).reshape(texts.shape)


def _load_table(path: Path, group: h5py.Group, table: schema.Table) -> Columns:
    columns: Columns = {}
    for column in table.columns:
        where = f"/{table.name}/{column.name}"
        if column.name not in group and column.since:
            continue  # filled in below, when the number of rows is known
        if column.name not in group:
            raise ReportError(f"{path}: lacks the column {where}")
        dataset = group[column.name]
        try:
            values = _texts(dataset) if column.kind == "str" else dataset[...]
        except (OSError, RuntimeError, TypeError) as error:
            raise ReportError(f"{path}: column {where} cannot be read: {' '.join(str(error).split())}") from error
        if values.ndim != 1:
            raise ReportError(f"{path}: column {where} has {values.ndim} dimensions, expected 1")
        if column.kind == "flag":
            words = flag_words(dataset) if "flag_values" in dataset.attrs else dict(enumerate(column.meanings))
            values = np.array([words.get(int(value), f"code {value}") for value in values], dtype=object)
        columns[column.name] = values
    if len({len(values) for values in columns.values()}) > 1:
        raise ReportError(f"{path}: columns of /{table.name} differ in length")
    rows = len(next(iter(columns.values())))
    for column in table.columns:
        columns.setdefault(column.name, np.full(rows, "", dtype=object))
    return columns


def _check_index(path: Path, result: ResultFile, table: str, column: schema.Column) -> None:
    values, rows = result[table][column.name], result.rows(column.index_of)
    if len(values) and (values.min() < -1 or values.max() >= rows):
        bad = values.min() if values.min() < -1 else values.max()
        raise ReportError(f"{path}: /{table}/{column.name} holds {bad}, but /{column.index_of} has {rows} rows")
