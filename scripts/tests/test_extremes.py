"""Files at the edges: nothing in them, little in them, ten thousand cases in them."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from retrace_report import schema, synthetic
from retrace_report.blocks import Panel
from retrace_report.command import main
from retrace_report.drawing import collect_seldom
from retrace_report.h5write import write_config, write_root, write_table

REPORT_SECONDS = 60.0  # for 10,000 cases on one idle core; about 20 s on a busy one, half of it on an idle one
PAGE_BYTES = 20e6  # a page beyond this is slow to open


def processor_seconds() -> float:
    """Of this process and its finished children; unlike wall time it does not grow with the load of the machine."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def page_of(path: Path, tmp_path: Path) -> str:
    assert main([str(path), "-o", str(tmp_path / "r.html"), "--format", "html,md"]) == 0
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
    synthetic.write(
        path,
        synthetic.Axes(("linear",), ("dormand_prince54",), tolerances=(1e-6,), fixed_steps=(), samples=1),
        faults=False,
    )
    with h5py.File(path, "r+") as file:
        file["cases/method"][...] = method

    assert "nothing can be compared" in page_of(path, tmp_path)


def test_nothing_was_timed_or_weighed(tmp_path: Path) -> None:
    path = tmp_path / "verify.h5"
    synthetic.write(path, synthetic.Axes(("linear",), tolerances=(1e-3, 1e-5), fixed_steps=(), samples=1), faults=False)
    with h5py.File(path, "r+") as file:
        for name in ("time_median", "time_ci_lo", "time_ci_hi", "time_cv"):
            file[f"cost/{name}"][...] = np.nan
        file["memory/peak_above_baseline"][...] = -1

    page = page_of(path, tmp_path)

    assert "No case was timed." in page and "nothing to draw" in page


def test_exact_errors_are_drawn_at_the_floor(tmp_path: Path) -> None:
    path = tmp_path / "exact.h5"
    synthetic.write(path, synthetic.Axes(("linear",), tolerances=(1e-3, 1e-5), fixed_steps=(), samples=1), faults=False)
    with h5py.File(path, "r+") as file:
        file["accuracy/grad_rel_l2"][0] = 0.0

    assert "An error of exactly 0 is drawn at 10⁻¹⁷." in page_of(path, tmp_path)


_ADAPTIVE = ("heun_euler21", "bogacki_shampine32", "dormand_prince54", "tsitouras54")


@pytest.mark.parametrize("solvers, fixed, panels, by_solver", [(2, True, 1, 0), (3, True, 2, 0), (4, False, 4, 1)])
def test_solvers_share_panels_while_dashes_last(
    solvers: int, fixed: bool, panels: int, by_solver: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to three share a panel; then adaptive and fixed steps part; then each solver has a panel of its own."""
    monkeypatch.setattr(Panel, "svg", "")  # which panels there are, not what is in them
    path = tmp_path / "solvers.h5"
    problems, steps = ("linear", "lorenz63"), (64, 128) if fixed else ()
    axes = synthetic.Axes(problems, solvers=_ADAPTIVE[:solvers], tolerances=(1e-3, 1e-5), fixed_steps=steps)
    synthetic.write(path, axes, faults=False)

    page = page_of(path, tmp_path)

    for figure in ("time", "evaluations", "bytes", "memory", "fractions"):
        part = page[page.index(f'<figure id="{figure}">') :]
        part = part[: part.index("</figure>")]
        assert part.count('<div class="panel">') == panels * len(problems), figure
        assert part.count('class="panels small-panels"') == (by_solver and figure != "fractions") * len(problems), (
            figure
        )


def test_ten_thousand_cases(tmp_path: Path) -> None:
    path = tmp_path / "large.h5"
    assert synthetic.write(path, synthetic.axes_of_about(10_000)) >= 10_000

    start = processor_seconds()
    page = page_of(path, tmp_path)

    assert processor_seconds() - start < REPORT_SECONDS
    assert len(page.encode()) < PAGE_BYTES
    assert "panels are drawn; the data table has every number" in page  # what is left out is said
    assert "the CSV has all" in page


def test_garbage_is_collected_as_before() -> None:
    before = gc.get_threshold()

    with pytest.raises(KeyError), collect_seldom():
        assert gc.get_threshold() > before
        raise KeyError

    assert gc.get_threshold() == before
