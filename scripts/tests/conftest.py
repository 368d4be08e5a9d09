"""Synthetic result files and their reports, made once per session."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from retrace_report import synthetic  # noqa: E402
from retrace_report.content import Report, build  # noqa: E402
from retrace_report.drawing import collect_seldom  # noqa: E402
from retrace_report.html import render  # noqa: E402
from retrace_report.reader import read  # noqa: E402


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result with failures, an out-of-memory case, a non-finite one, expected failures and a weak reference."""
    path = tmp_path_factory.mktemp("faulty") / "faulty.h5"
    synthetic.write(path)
    return path


@pytest.fixture(scope="session")
def little(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Failures of two problems at few settings: for what does not depend on how much there is."""
    path = tmp_path_factory.mktemp("little") / "little.h5"
    axes = synthetic.Axes(("linear", "three_body"), tolerances=(1e-3, 1e-8), fixed_steps=(64, 128), samples=3)
    synthetic.write(path, axes)
    return path


@pytest.fixture(scope="session")
def faulty_report(faulty: Path) -> Report:
    return build(read(faulty))


@pytest.fixture(scope="session")
def report(faulty_report: Report) -> Report:
    """That of `faulty`; a module may have one of its own."""
    return faulty_report


@pytest.fixture(scope="session")
def page(faulty_report: Report) -> str:
    """The page of `faulty`, of which each figure is drawn once. As the command line writes it: see test_page.py."""
    with collect_seldom():
        return render(faulty_report)


@dataclass(frozen=True)
class DrawnMark:
    title: str
    x: float
    y: float
    style: str
    shape: str  # outline of the marker


def drawn_marks(svg: str) -> list[DrawnMark]:
    """The marks of a drawing that have a title, wherever their style stands."""
    found, root = [], ET.fromstring(svg)
    shapes = {f"#{path.get('id')}": path.get("d", "") for path in root.iter("path") if path.get("id")}
    for group in root.iter("g"):
        for use in group.findall("use"):
            title = use.find("title")
            if title is not None:
                style = use.get("style") or group.get("style") or ""
                x, y = float(use.get("x")), float(use.get("y"))
                found.append(DrawnMark(title.text, x, y, style, shapes[use.get("href")]))
    return found
