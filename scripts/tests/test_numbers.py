"""What the report says equals what the file holds."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import math
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import drawn_marks

from retrace_report.content import Report
from retrace_report.points import points
from retrace_report.reader import read
from retrace_report.tables import written


@pytest.fixture(scope="module")
def csv_tables(page: str) -> dict[str, list[dict[str, str]]]:
    """Every CSV embedded in the page, by its download name."""
    links = re.findall(r'<a download="([^"]+)" href="data:([^;"]+)[^"]*?;base64,([^"]+)"', page)
    found = {}
    for name, kind, content in links:
        raw = base64.b64decode(content)
        text = gzip.decompress(raw).decode() if kind == "application/gzip" else raw.decode()
        found[unescape(name)] = list(csv.DictReader(io.StringIO(text)))
    return found


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


def test_time_figure(csv_tables, faulty: Path) -> None:
    rows = csv_tables["time.csv"]
    with h5py.File(faulty) as file:
        assert [row["case_id"] for row in rows] == list(file["cases/case_id"].asstr()[...])
        for name, source in {
            "seconds": "cost/time_median",
            "seconds_lo": "cost/time_ci_lo",
            "seconds_hi": "cost/time_ci_hi",
            "error": "accuracy/grad_rel_l2",
            "uncertainty": "accuracy/ref_uncertainty",
        }.items():
            np.testing.assert_array_equal(column(rows, name), file[source][...], err_msg=name)


def test_evaluations_figure(csv_tables, faulty: Path) -> None:
    with h5py.File(faulty) as file:
        total = sum(file[f"cost/{name}"][...] for name in ("nfe_fwd", "nfe_bwd", "n_vjp", "n_jvp"))
    np.testing.assert_array_equal(column(csv_tables["evaluations.csv"], "evaluations"), total)


@pytest.mark.parametrize("name", ["bytes.csv", "memory.csv"])
def test_memory_figures(name: str, csv_tables, faulty: Path) -> None:
    rows = csv_tables[name]
    with h5py.File(faulty) as file:
        memory = file["memory"]
        chosen = (memory["kind"][...] == 0) & (memory["stat"][...] == 0)
        expected = dict(zip(memory["case"][...][chosen], memory["peak_above_baseline"][...][chosen]))
        steps = file["cost/steps_accepted"][...]
    np.testing.assert_array_equal(column(rows, "bytes"), [expected[i] for i in range(len(rows))])
    if name == "memory.csv":
        np.testing.assert_array_equal(column(rows, "steps"), steps)


def test_checks_and_failures(csv_tables, faulty: Path) -> None:
    with h5py.File(faulty) as file:
        checks, status = file["checks"], file["cases/status"][...]
        np.testing.assert_array_equal(column(csv_tables["checks.csv"], "value"), checks["value"][...])
        np.testing.assert_array_equal(column(csv_tables["checks.csv"], "threshold"), checks["threshold"][...])
        failed = [i for i, code in enumerate(status) if code in (1, 2, 3, 4, 5, 8, 10)]
        ids = file["cases/case_id"].asstr()[...]
    assert {row["case_id"] for row in csv_tables["failures.csv"]} == {ids[i] for i in failed}


class Rows(HTMLParser):
    """Cell texts of the table with a given data-name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.inside, self.rows, self.cell = name, False, [], None

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.inside = dict(attributes).get("data-name") == self.name
        elif self.inside and tag == "tr":
            self.rows.append([])
        elif self.inside and tag == "td":
            self.cell = ""

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag == "td" and self.cell is not None:
            self.rows[-1].append(self.cell)
            self.cell = None
        elif tag == "table":
            self.inside = False


def test_table_on_the_page_is_the_csv_rounded(page: str, csv_tables) -> None:
    parser = Rows("time")
    parser.feed(page)
    shown = [row for row in parser.rows if row]

    assert len(shown) == len(csv_tables["time.csv"])
    for cells, row in zip(shown, csv_tables["time.csv"]):
        assert cells[0] == row["case_id"]
        assert cells[4] == written(float(row["seconds"]), "seconds")
        assert cells[7] == written(float(row["error"]), "error")


def test_drawn_marks_are_the_finite_cases(page: str, report: Report) -> None:
    """As many markers as cases, no more and no fewer, in every panel of a figure."""
    for name, block in report.figures.items():
        wanted = [p for p in report.points if p.status != "skipped" and _known(p, name)]
        marks = sum(len(drawn_marks(panel.svg)) for panel in block.panels)
        assert marks == len(wanted), name


def _known(point, name: str) -> bool:
    x = {"time": point.seconds, "evaluations": point.evaluations, "bytes": point.bytes, "memory": point.steps}[name]
    y = point.bytes if name == "memory" else point.error
    return math.isfinite(x) and (math.isfinite(y) or ((point.failed or point.expected) and name != "memory"))


def test_marks_stand_where_the_numbers_say(report: Report) -> None:
    """Pixel positions are an affine map of the logarithms: checked on one panel by least squares."""
    block = report.figures["evaluations"]
    panel = block.panels[0]
    marks = drawn_marks(panel.svg)
    points = {f"{p.method}, {p.solver}, {p.control}": p for p in report.points if p.panel == panel.title}
    cases = [points[mark.title.rsplit(": ", 1)[0]] for mark in marks]
    pixels = np.array([[mark.x, mark.y] for mark in marks])
    numbers = np.log10([[case.evaluations, case.error] for case in cases])
    for axis in (0, 1):
        fit = np.polyfit(numbers[:, axis], pixels[:, axis], 1)
        assert np.max(np.abs(np.polyval(fit, numbers[:, axis]) - pixels[:, axis])) < 0.05
    assert np.polyfit(numbers[:, 1], pixels[:, 1], 1)[0] < 0  # a larger error stands higher


def test_jacobian_vector_products_are_evaluations(faulty: Path) -> None:
    result = read(faulty)
    before = points(result)[0].evaluations

    result["cost"]["n_jvp"][0] = 7
    assert points(result)[0].evaluations == before + 7
    result["cost"]["n_jvp"][0] = -1  # not counted
    assert points(result)[0].evaluations == before
