"""The snippets of docs/results.md, run as they stand there, and the readers behind them on every table of the file.

RETRACE_TEST_RESULT names a file that the suite wrote; without it they read the synthetic one. Readers are optional:
what is not installed is skipped, with the reason.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from retrace_report import schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "results.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.S | re.M)
TOOL_LINES = re.findall(r"^((?:ncdump|h5dump) [^#\n]*)", PAGE.read_text(encoding="utf-8"), flags=re.M)
READER_SECONDS = 120


@pytest.fixture(params=["synthetic", "suite"])
def folder(request: pytest.FixtureRequest, faulty: Path, tmp_path: Path) -> Path:
    """Holds quick.h5, the file of the snippets."""
    source = os.environ.get("RETRACE_TEST_RESULT") if request.param == "suite" else str(faulty)
    if not source:
        pytest.skip("RETRACE_TEST_RESULT names no result file")
    shutil.copy(source, tmp_path / "quick.h5")
    return tmp_path


def need(*modules: str) -> None:
    missing = [name for name in modules if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def modules_of(snippet: str) -> list[str]:
    """What it imports, and the engine that it names."""
    engines = {"netcdf4": "netCDF4", "h5netcdf": "h5netcdf"}
    named = re.findall(r'engine="(\w+)"', snippet)
    return [*re.findall(r"^import (\w+)", snippet, flags=re.M), *(engines[name] for name in named)]


def test_the_page_has_its_snippets() -> None:
    assert [sorted(set(modules_of(snippet))) for snippet in SNIPPETS] == [
        ["h5py", "pandas"],
        ["netCDF4", "xarray"],
        ["h5netcdf", "xarray"],
    ]
    assert [line.split()[0] for line in TOOL_LINES] == ["ncdump", "h5dump"]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=["h5py", "netcdf4", "h5netcdf"])
def test_snippet_runs(snippet: str, folder: Path) -> None:
    need(*modules_of(snippet))

    # As a user runs it: from scratch, without the settings of this process.
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=folder, capture_output=True, text=True, timeout=READER_SECONDS
    )

    assert done.returncode == 0 and done.stdout, done.stderr


@pytest.mark.parametrize("line", TOOL_LINES, ids=["ncdump", "h5dump"])
def test_tool_runs(line: str, folder: Path) -> None:
    if not shutil.which(line.split()[0]):
        pytest.skip(f"not installed: {line.split()[0]}")

    done = subprocess.run(line.split(), cwd=folder, capture_output=True, text=True, timeout=READER_SECONDS)

    assert done.returncode == 0 and "time_median" in done.stdout, done.stderr


@pytest.mark.parametrize("engine, module", [("netcdf4", "netCDF4"), ("h5netcdf", "h5netcdf")])
def test_every_table_opens_in_xarray(engine: str, module: str, folder: Path) -> None:
    need("xarray", "pandas", module)
    # In a process of its own: netCDF4 and h5py bring an HDF5 library each.
    program = (
        "import sys, xarray as xr\n"
        "for name in sys.argv[2:]:\n"
        f"    with xr.open_dataset('quick.h5', group=name, engine={engine!r}) as data:\n"
        "        frame = data.to_dataframe()\n"
        "        print(name, len(frame), len(frame.columns), *frame.index.names)\n"
    )
    with h5py.File(folder / "quick.h5") as file:
        names = [table.name for table in schema.TABLES if table.name in file]
        expected = [
            f"{name} {len(file[name][scale])} {len(file[name]) - 1} {scale}"
            for name, scale in ((name, schema.BY_NAME[name].scale) for name in names)
        ]

    done = subprocess.run(
        [sys.executable, "-c", program, "x", *names], cwd=folder, capture_output=True, text=True, timeout=READER_SECONDS
    )

    assert done.stdout.splitlines() == expected, done.stderr


def test_numbers_and_texts_survive(folder: Path) -> None:
    """What pandas shows is what the file holds, through the snippet's own functions."""
    need("pandas")
    head = SNIPPETS[0].split("\nwith ")[0]
    scope: dict = {}
    exec(compile(head, "docs/results.md", "exec"), scope)
    with h5py.File(folder / "quick.h5") as file:
        frame = scope["table"](file, "cases", "case")

        assert frame.case_id.tolist() == file["cases/case_id"].asstr()[...].tolist()
        words = file["cases/status"].attrs["flag_meanings"].split()
        assert frame.status.tolist() == [words[code] for code in file["cases/status"][...]]
        np.testing.assert_array_equal(frame.rtol.to_numpy(), file["cases/rtol"][...])
