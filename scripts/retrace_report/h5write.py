"""Writes tables of the result schema. For the synthetic file of the tests only: the suite itself writes from C++."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from . import schema

_TEXT = h5py.string_dtype("utf-8")
_CHUNK_ROWS = 1024


def write_table(file: h5py.File, table: schema.Table, columns: Mapping[str, Sequence]) -> None:
    """Writes `columns` (all of the table's, equally long) as group `table.name` with its dimension scale."""
    rows = len(next(iter(columns.values())))
    group = file.create_group(table.name)
    storage = dict(chunks=(_CHUNK_ROWS,), maxshape=(None,), shuffle=True, compression="gzip", compression_opts=4)
    scale = group.create_dataset(table.scale, data=np.arange(rows, dtype="i8"), **storage)
    scale.attrs["long_name"], scale.attrs["units"] = f"row of /{table.name}", "1"
    scale.make_scale(table.scale)
    for column in table.columns:
        values = columns[column.name]
        if column.kind == "str":
            data = group.create_dataset(column.name, data=np.array(values, dtype=object), dtype=_TEXT, **storage)
        else:
            numbers = np.asarray(values, dtype=schema.DTYPES[column.kind])
            data = group.create_dataset(column.name, data=numbers, **storage)
            data.attrs["units"] = column.units
        data.attrs["long_name"] = column.name.replace("_", " ")
        if column.kind == "flag":
            data.attrs["flag_values"] = np.arange(len(column.meanings), dtype="u1")
            data.attrs["flag_meanings"] = " ".join(column.meanings)
        if column.kind in ("i4", "i8") and rows and numbers.min() == -1:
            data.attrs["missing_value_meaning"] = "not measured or not applicable"
        data.dims[0].attach_scale(scale)


def write_root(
    file: h5py.File,
    title: str,
    finalized: bool,
    version: str = schema.VERSION_TEXT,
    created: str = "2024-06-01T12:00:00Z",
) -> None:
    """Writes the root attributes with fixed times, so that a synthetic file is the same every time."""
    file.attrs["schema_name"], file.attrs["schema_version"], file.attrs["title"] = schema.NAME, version, title
    file.attrs["created_utc"] = file.attrs["modified_utc"] = created
    file.attrs["finalized"] = np.uint8(finalized)
    file.attrs["generator"], file.attrs["license"], file.attrs["history"] = "retrace synthetic data", "CC0-1.0", ""


def write_config(file: h5py.File, toml: str, effective_json: str, sha256: str) -> None:
    group = file.create_group("config")
    for name, text in zip(schema.CONFIG_DATASETS, (toml, effective_json, sha256)):
        group.create_dataset(name, data=text, dtype=_TEXT)
