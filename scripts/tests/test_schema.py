"""The result file keeps the stated schema and opens in h5py with no options.

RETRACE_TEST_RESULT names a file that the suite wrote; without it only the synthetic file is checked.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from retrace_report import schema
from retrace_report.command import main
from retrace_report.conformance import violations

VARIABLE = "RETRACE_TEST_RESULT"


@pytest.fixture(params=["synthetic", "suite"])
def result_file(request: pytest.FixtureRequest, faulty: Path) -> Path:
    if request.param == "synthetic":
        return faulty
    if not os.environ.get(VARIABLE):
        pytest.skip(f"{VARIABLE} names no result file")
    return Path(os.environ[VARIABLE])


def test_file_keeps_the_schema(result_file: Path) -> None:
    found = violations(result_file)

    assert not found, "\n".join(found)


def test_file_is_finalized(result_file: Path) -> None:
    with h5py.File(result_file, "r") as file:
        assert int(np.asarray(file.attrs["finalized"]).reshape(-1)[0]) == 1


def test_a_report_can_be_made(tmp_path: Path) -> None:
    """Of the synthetic file other tests make it."""
    if not os.environ.get(VARIABLE):
        pytest.skip(f"{VARIABLE} names no result file")

    assert main([os.environ[VARIABLE], "-o", str(tmp_path / "report.html")]) == 0


def _delete(name: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(name)


def _attribute(name: str, key: str, value: object) -> Callable[[h5py.File], None]:
    return lambda file: file[name].attrs.__setitem__(key, value)


def _without(name: str, key: str) -> Callable[[h5py.File], None]:
    return lambda file: file[name].attrs.__delitem__(key)


def _retype(name: str, dtype: str) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        values, attributes = file[name][...], dict(file[name].attrs)
        del file[name]
        dataset = file.create_dataset(name, data=values.astype(dtype))
        for key, value in attributes.items():
            if key not in ("DIMENSION_LIST",):
                dataset.attrs[key] = value
        table = name.split("/")[0]
        dataset.dims[0].attach_scale(file[table][schema.BY_NAME[table].scale])

    return change


def _first(name: str, value: int) -> Callable[[h5py.File], None]:
    return lambda file: file[name].__setitem__(0, value)


def _detach(name: str, scale: str) -> Callable[[h5py.File], None]:
    return lambda file: file[name].dims[0].detach_scale(file[scale])


# Each fault, and a part of what the check has to say about it: a check that cannot fail proves nothing.
FAULTS = {
    "group": (_delete("mem_labels"), "/mem_labels: group is missing"),
    "column": (_delete("cost/n_vjp"), "/cost/n_vjp: column is missing"),
    "config": (_delete("config/toml"), "/config/toml: is missing"),
    "root attribute": (_without("/", "license"), "attribute license is missing"),
    "units": (_attribute("cost/time_median", "units", "ms"), "units are 'ms', not 's'"),
    "long name": (_without("samples/seconds", "long_name"), "long_name is missing"),
    "type": (_retype("cases/order", "i8"), "/cases/order: type is int64, not int32"),
    "scale": (_delete("samples/sample"), "/samples/sample: dimension scale is missing"),
    "attachment": (_detach("accuracy/loss_rel", "accuracy/case"), "scale is not attached"),
    "meanings": (_attribute("cases/status", "flag_meanings", "good bad"), "/cases/status: flag_meanings say"),
    "flag": (_first("checks/verdict", 17), "holds [17], which flag_values lack"),
    "index": (_first("memory/case", 100_000), "/memory/case: an index lies outside /cases"),
    "negative count": (_first("memory/peak_bytes", -5), "is negative without"),
    "fill value": (_attribute("cost/nfe_fwd", "_FillValue", np.int64(-1)), "_FillValue on an integer"),
    "unique": (lambda file: file["cases/case_id"].__setitem__(0, file["cases/case_id"][1]), "is not unique"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_departure_is_found(fault: str, faulty: Path, tmp_path: Path) -> None:
    change, expected = FAULTS[fault]
    path = tmp_path / "changed.h5"
    shutil.copy(faulty, path)
    with h5py.File(path, "r+") as file:
        change(file)

    found = violations(path)

    assert any(expected in one for one in found), found
