"""The picture for a README: alone, light, small, and with the numbers of the file."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from retrace_report.command import main
from retrace_report.content import Report

PICTURE_BYTES = 150_000


@pytest.fixture(scope="module")
def picture(faulty: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("picture")
    path = folder / "images" / "p.svg"
    arguments = [str(faulty), "-o", str(folder / "r.html"), "--format", "md", "--picture", str(path)]
    assert main([*arguments, "--problems", "lorenz63, three_body"]) == 0
    return path.read_text(encoding="utf-8")


def test_it_stands_alone(picture: str) -> None:
    assert ET.fromstring(picture.split("\n", 1)[1]).tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in picture and len(picture.encode()) < PICTURE_BYTES
    assert set(re.findall(r"https?://[^\"]+", picture)) == {"http://www.w3.org/2000/svg"}
    ids = re.findall(r' id="([^"]+)"', picture)
    referred = set(re.findall(r'href="#([^"]+)"', picture)) | set(re.findall(r"url\(#([^)]+)\)", picture))
    assert len(ids) == len(set(ids)) and referred == set(ids)


def test_it_has_a_light_ground_and_names_what_it_shows(picture: str, report: Report) -> None:
    assert re.search(r"<path [^>]*fill: #ffffff", picture)  # opaque: the page behind it may be dark
    for word in ("lorenz63", "three_body", *report.palette.methods, "dormand_prince54"):
        assert f">{word}</text>" in picture, word


def test_its_marks_are_those_of_the_file(picture: str, report: Report) -> None:
    titles = re.findall(r"<use [^>]*><title>([^<]+)</title>", picture)
    shown = [p for p in report.points if p.panel in ("lorenz63", "three_body") and np.isfinite(p.evaluations)]

    assert len(titles) == len([p for p in shown if p.status != "skipped"])
    for point in shown:
        assert any(title.startswith(f"{point.method}, {point.solver}, {point.control}: ") for title in titles)


def test_an_unknown_problem_is_named(little: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(little), "-o", str(tmp_path / "r.md"), "--format", "md", "--picture", str(tmp_path / "p.svg")]

    code = main([*arguments, "--problems", "x"])

    assert code == 2
    assert "no panel of 'x'; there are: " in capsys.readouterr().err
    assert not (tmp_path / "p.svg").exists()
