"""Does a file keep the schema? Used by the schema test on real and on synthetic files."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from . import schema
from .reader import flag_words, text_of


def violations(path: str | Path) -> list[str]:
    """Every departure of the file from the schema, one line each; empty if it keeps it."""
    found: list[str] = []
    with h5py.File(path, "r") as file:
        found += _root(file)
        for table in schema.TABLES:
            if table.name in file:
                found += _table(file, table)
            elif table.required:
                found.append(f"/{table.name}: group is missing")
        if not found:
            found += _across(file)
    return found


def _root(file: h5py.File) -> list[str]:
    found = [f"/: attribute {name} is missing" for name in schema.ROOT_ATTRIBUTES if name not in file.attrs]
    if found:
        return found
    if text_of(file.attrs["schema_name"]) != schema.NAME:
        found.append(f"/: schema_name is {text_of(file.attrs['schema_name'])!r}")
    if text_of(file.attrs["schema_version"]).split(".")[0] != str(schema.VERSION[0]):
        found.append(f"/: schema_version is {text_of(file.attrs['schema_version'])}")
    finalized = np.asarray(file.attrs["finalized"])
    if finalized.dtype != np.uint8 or finalized.reshape(-1)[0] not in (0, 1):
        found.append("/: finalized is not a uint8 of 0 or 1")
    for name in schema.CONFIG_DATASETS:
        dataset = file.get(f"config/{name}")
        if not isinstance(dataset, h5py.Dataset):
            found.append(f"/config/{name}: is missing")
        elif dataset.shape != () or not _is_text(dataset):
            found.append(f"/config/{name}: is not a scalar variable-length UTF-8 string")
    return found


def _is_text(dataset: h5py.Dataset) -> bool:
    info = h5py.check_string_dtype(dataset.dtype)
    return info is not None and info.length is None and info.encoding == "utf-8"


def _table(file: h5py.File, table: schema.Table) -> list[str]:
    group, found = file[table.name], []
    scale = group.get(table.scale)
    if not isinstance(scale, h5py.Dataset) or not h5py.h5ds.is_scale(scale.id):
        return [f"/{table.name}/{table.scale}: dimension scale is missing"]
    if scale.dtype != np.int64 or not np.array_equal(scale[...], np.arange(len(scale))):
        found.append(f"/{table.name}/{table.scale}: is not int64 0…n-1")
    for column in table.columns:
        dataset = group.get(column.name)
        if isinstance(dataset, h5py.Dataset):
            found += [f"/{table.name}/{column.name}: {what}" for what in _column(dataset, column, scale)]
        elif column.since <= _minor(file):
            found.append(f"/{table.name}/{column.name}: column is missing")
    return found


def _minor(file: h5py.File) -> int:
    parts = text_of(file.attrs.get("schema_version", "")).split(".")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def _column(dataset: h5py.Dataset, column: schema.Column, scale: h5py.Dataset) -> list[str]:
    if dataset.shape != scale.shape:
        return [f"has shape {dataset.shape}, its scale {scale.shape}"]
    found = []
    if [attached for attached in dataset.dims[0].values()] != [scale]:
        found.append("its dimension scale is not attached to axis 0")
    if "long_name" not in dataset.attrs:
        found.append("attribute long_name is missing")
    if column.kind == "str":
        return found if _is_text(dataset) else [*found, f"type is {dataset.dtype}, not variable-length UTF-8"]
    if dataset.dtype != np.dtype(schema.DTYPES[column.kind]):
        found.append(f"type is {dataset.dtype}, not {np.dtype(schema.DTYPES[column.kind])}")
    units = text_of(dataset.attrs.get("units", ""))
    if units != column.units:
        found.append(f"units are {units!r}, not {column.units!r}")
    if column.kind == "flag":
        found += _flags(dataset, column)
    if column.kind in ("i4", "i8"):
        if "_FillValue" in dataset.attrs:
            found.append("has _FillValue on an integer")
        if (
            len(dataset)
            and dataset[...].min() < 0
            and column.name != "exit_code"
            and (dataset[...].min() < -1 or "missing_value_meaning" not in dataset.attrs)
        ):
            found.append("is negative without being -1 with the attribute missing_value_meaning")
    return found


def _flags(dataset: h5py.Dataset, column: schema.Column) -> list[str]:
    if "flag_values" not in dataset.attrs or "flag_meanings" not in dataset.attrs:
        return ["attributes flag_values and flag_meanings are missing"]
    words = flag_words(dataset)
    expected = dict(enumerate(column.meanings))
    found = [] if words == expected else [f"flag_meanings say {words}, not {expected}"]
    if np.asarray(dataset.attrs["flag_values"]).dtype != np.uint8:
        found.append("flag_values are not uint8")
    stray = sorted(set(np.unique(dataset[...]).tolist()) - set(words))
    return [*found, f"holds {stray}, which flag_values lack"] if stray else found


def _across(file: h5py.File) -> list[str]:
    found = []
    lengths = {name: len(file[name][schema.BY_NAME[name].scale]) for name in schema.SAME_LENGTH}
    if len(set(lengths.values())) > 1:
        found.append(f"tables with one row per case differ in length: {lengths}")
    for table in schema.TABLES:
        for column in table.columns:
            if column.index_of and table.name in file:
                values = file[table.name][column.name]
                rows = len(file[column.index_of][schema.BY_NAME[column.index_of].scale])
                lowest = -1 if "missing_value_meaning" in values.attrs else 0
                if len(values) and (values[...].min() < lowest or values[...].max() >= rows):
                    found.append(f"/{table.name}/{column.name}: an index lies outside /{column.index_of} ({rows} rows)")
    keys = list(zip(file["cases/run"][...].tolist(), file["cases/case_id"].asstr()[...].tolist()))
    if len(keys) != len(set(keys)):
        found.append("/cases: (run, case_id) is not unique")
    return found
