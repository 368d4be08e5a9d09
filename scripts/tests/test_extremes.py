"""Files at the edges: nothing in them, little in them, ten thousand cases in them."""

from __future__ import annotations

import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from retrace_report import schema, synthetic
from retrace_report.command import main
from retrace_report.h5write import write_config, write_root, write_table

REPORT_SECONDS = 60.0  # of 10,000 cases; measured: 8 s on one core of 2024
PAGE_BYTES = 20e6      # a page beyond this is slow to open


def page_of(path: Path, tmp_path: Path) -> str:
    assert main([str(path), "-o", str(tmp_path / "r.html"), "--markdown", str(tmp_path / "r.md")]) == 0
    return (tmp_path / "r.html").read_text(encoding="utf-8")


def test_no_case_at_all(tmp_path: Path) -> None:
    path = tmp_path / "empty.h5"
    with h5py.File(path, "w") as file:
        write_root(file, "Nothing yet", finalized=False)
        write_config(file, "", "", "")
        for table in schema.TABLES:
            if table.required:
                write_table(file, table, {column.name: [] for column in table.columns})

    page = page_of(path, tmp_path)

    assert ">INCOMPLETE</div>" in page and "The file holds no case." in page


@pytest.mark.parametrize("method", ["aca", "a_new_method"])
def test_a_single_case(method: str, tmp_path: Path) -> None:
    path = tmp_path / "one.h5"
    synthetic.write(path, synthetic.Axes(solvers=("dormand_prince54",), tolerances=(1e-6,), fixed_steps=(), samples=1),
                    faults=False)
    with h5py.File(path, "r+") as file:
        file["cases/method"][...] = method

    assert "nothing can be compared" in page_of(path, tmp_path)


def test_nothing_was_timed_or_weighed(tmp_path: Path) -> None:
    path = tmp_path / "verify.h5"
    synthetic.write(path, synthetic.Axes(tolerances=(1e-3, 1e-5), fixed_steps=(), samples=1), faults=False)
    with h5py.File(path, "r+") as file:
        for name in ("time_median", "time_ci_lo", "time_ci_hi", "time_cv"):
            file[f"cost/{name}"][...] = np.nan
        file["memory/peak_above_baseline"][...] = -1

    page = page_of(path, tmp_path)

    assert "No case was timed." in page and "nothing to draw" in page


def test_exact_errors_are_drawn_at_the_floor(tmp_path: Path) -> None:
    path = tmp_path / "exact.h5"
    synthetic.write(path, synthetic.Axes(tolerances=(1e-3, 1e-5), fixed_steps=(), samples=1), faults=False)
    with h5py.File(path, "r+") as file:
        file["accuracy/grad_rel_l2"][0] = 0.0

    assert "An error of exactly 0 is drawn at 10⁻¹⁷." in page_of(path, tmp_path)


def test_many_solvers_get_a_panel_each(tmp_path: Path) -> None:
    path = tmp_path / "solvers.h5"
    synthetic.write(path, synthetic.Axes(solvers=tuple(s for s in synthetic.SOLVERS if s != "rk4"), tolerances=(1e-3, 1e-5)),
                    faults=False)

    page = page_of(path, tmp_path)

    assert page.count('class="panels small-panels"') == 4 * len(synthetic.PROBLEMS)
    assert "rk4 (fixed steps)" in page


def test_ten_thousand_cases(tmp_path: Path) -> None:
    path = tmp_path / "large.h5"
    assert synthetic.write(path, synthetic.axes_of_about(10_000)) >= 10_000

    start = time.perf_counter()
    page = page_of(path, tmp_path)
    elapsed = time.perf_counter() - start

    assert elapsed < REPORT_SECONDS
    assert len(page.encode()) < PAGE_BYTES
    assert "panels are drawn; the data table has every case" in page  # what is left out is said
    assert "the CSV has all" in page
