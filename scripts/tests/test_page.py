"""The page: self-contained, well-formed, failures first, light and dark, the same every time."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import h5py
import pytest

from retrace_report import command, panels, synthetic
from retrace_report.command import main
from retrace_report.content import Report
from retrace_report.glossary import PAPER_LINK
from retrace_report.machine import as_json
from retrace_report.reader import read
from retrace_report.verdict import verdict

VOID = {"meta", "br", "hr", "img", "input", "link", "wbr"}


class Balance(HTMLParser):
    """Walks the page and keeps a stack of open tags, ids and links."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag, attributes):
        self._attributes(tag, attributes)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        self._attributes(tag, attributes)

    def _attributes(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "src", "action", "srcset", "poster"):
                self.links.append(value)

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1] != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes {self.stack[-1:]}")
        else:
            self.stack.pop()


@pytest.fixture(scope="module")
def walked(page: str) -> Balance:
    parser = Balance()
    parser.feed(page)
    parser.close()
    return parser


def test_tags_are_balanced(walked: Balance) -> None:
    assert not walked.faults and not walked.stack


def test_ids_are_unique_and_links_resolve(walked: Balance, page: str) -> None:
    assert len(walked.ids) == len(set(walked.ids))
    targets = {link[1:] for link in walked.links if link.startswith("#")} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert targets <= set(walked.ids)


def test_nothing_is_fetched(walked: Balance, page: str) -> None:
    assert not walked.tags & {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "base"}
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) == {PAPER_LINK}
    assert all(link.startswith(("#", "data:")) or link == PAPER_LINK for link in walked.links)
    assert "@import" not in page and not re.search(r"url\((?!#)", page)
    assert not re.search(r"\son\w+=", page)  # no handlers: the page needs no script


def test_every_figure_is_xml(page: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(drawings) > 20
    for drawing in drawings:
        ET.fromstring(drawing)
    assert len(re.findall(r'role="img"', page)) == len(re.findall(r'role="img" aria-label="[^"]+"', page)) > 0


def test_light_dark_print_and_narrow_styles(page: str) -> None:
    assert "@media screen and (prefers-color-scheme: dark)" in page
    assert "@media print" in page and "@media (max-width: 700px)" in page
    assert '<meta name="viewport" content="width=device-width' in page
    drawings = "".join(re.findall(r"<svg role.*?</svg>", page, flags=re.S))
    assert not re.search(r"(?:fill|stroke): #(?!000000)", drawings)  # every colour follows the page
    assert "var(--m0)" in drawings


def test_failures_stand_before_everything_but_the_verdict(page: str) -> None:
    places = [
        page.index(f'id="{name}"')
        for name in (
            "verdict",
            "facts",
            "failures",
            "claims",
            "precision",
            "cheapest",
            "checks",
            "memory-section",
            "remainders",
            "times",
            "bounds",
            "environment",
            "appendix",
        )
    ]
    assert places == sorted(places)


def test_failure_rows_and_their_commands(page: str) -> None:
    assert ">INVALID</div>" in page
    assert "7 of 240 cases failed." in page
    assert (
        "mpirun -n 2 retrace run -c suites/quick.toml -k "
        "three_body/naive/bogacki_shampine32/rtol1e-08-atol1e-08/n18-b256/f64/openmp -o rerun.h5"
    ) in page
    assert "arena of 1.9 GiB could not be allocated" in page


def test_symbols_stand_beside_colours(page: str) -> None:
    for symbol, word in (("✓", "pass"), ("✗", "fail"), ("?", "inconclusive"), ("–", "skipped")):
        assert re.search(rf'class="v {word}"[^>]*>(<span aria-hidden="true">)?{re.escape(symbol)}', page), word


TITLE = "A <title> & more"


@pytest.fixture(scope="module")
def outputs(little: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with r.html and all that stands beside it."""
    folder = tmp_path_factory.mktemp("outputs")
    arguments = ["-o", str(folder / "r.html"), "--title", TITLE, "--format", "html,md,csv,svg,json"]
    assert main([str(little), *arguments]) == 0
    return folder


def test_the_same_file_gives_the_same_page(little: Path, outputs: Path, tmp_path: Path) -> None:
    """In a process of its own, where texts hash to other numbers."""
    again, script = tmp_path / "again.html", Path(command.__file__).parents[1] / "report.py"
    words = [sys.executable, str(script), str(little), "-o", str(again), "--title", TITLE]

    subprocess.run(words, check=True, env=os.environ | {"PYTHONHASHSEED": "4711"})

    assert again.read_bytes() == (outputs / "r.html").read_bytes()


def test_other_outputs(outputs: Path) -> None:
    page = (outputs / "r.html").read_text(encoding="utf-8")
    assert "<h1>A &lt;title&gt; &amp; more</h1>" in page
    links = set(re.findall(r'<a download="([^"]+)"', page))
    tables = {path.name for path in (outputs / "r-csv").iterdir()}
    assert {name.removesuffix(".gz") for name in links} <= tables | {"pareto-decades.csv", "bounds.csv", "orders.csv"}
    drawings = list((outputs / "r-svg").iterdir())
    assert len(drawings) == page.count('<div class="panel">')
    for path in drawings:
        assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        text = path.read_text(encoding="utf-8")
        assert "var(" not in text and set(re.findall(r"https?://[^\s\"'<)]+", text)) == {"http://www.w3.org/2000/svg"}
    markdown = (outputs / "r.md").read_text(encoding="utf-8")
    assert markdown.count("\n") <= 60 and "INVALID" in markdown


def test_only_the_formats_asked_for(little: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "draw", None)  # a summary draws nothing

    assert main([str(little), "-o", str(tmp_path / "r.html"), "--format", "md"]) == 0

    assert [path.name for path in tmp_path.iterdir()] == ["r.md"]


def same(value: object, text: str) -> bool:
    if isinstance(value, bool):
        return text == ("yes" if value else "no")
    return value == text if isinstance(value, str) else float(value) == float(text)


def test_json_is_the_csv(faulty: Path, report: Report) -> None:
    content = json.loads(as_json(report))

    assert content["verdict"] == report.verdict.word and content["counts"] == report.verdict.counts
    assert set(content["tables"]) == {table.name for table in report.data_tables()}
    for table in report.data_tables():
        rows = list(csv.reader(io.StringIO(table.csv())))
        found = content["tables"][table.name]
        assert len(found) == len(rows) - 1
        for record, row in zip(found[:50], rows[1:51]):
            for (name, value), text in zip(record.items(), row):
                assert name in rows[0]
                assert same(value, text), (table.name, name)


def _statuses(path: Path, codes: dict[int, int], finalized: int = 1) -> None:
    with h5py.File(path, "r+") as file:
        for row, code in codes.items():
            file["cases/status"][row] = code
        file.attrs["finalized"] = type(file.attrs["finalized"])(finalized)


@pytest.mark.parametrize(
    "codes, finalized, word",
    [
        ({}, 1, "VALID"),
        ({}, 0, "INCOMPLETE"),
        ({3: 1}, 1, "INVALID"),
        ({3: 10}, 0, "INVALID"),
        ({3: 8}, 1, "INVALID"),
        ({3: 7}, 1, "VALID"),
        ({3: 9}, 1, "VALID"),
        ({3: 6}, 1, "VALID"),
    ],
)
def test_verdict(codes: dict[int, int], finalized: int, word: str, tmp_path: Path) -> None:
    path = tmp_path / "case.h5"
    synthetic.write(path, synthetic.Axes(tolerances=(1e-3, 1e-4), fixed_steps=(), samples=2), faults=False)
    _statuses(path, codes, finalized)

    assert verdict(read(path)).word == word


@pytest.mark.parametrize("planned, headline", [(None, "40 so far"), (412, "40 of 412")])
def test_an_unfinished_run_is_valid_as_far_as_it_went(planned: int | None, headline: str, tmp_path: Path) -> None:
    path = tmp_path / "case.h5"
    cases = synthetic.write(path, synthetic.Axes(tolerances=(1e-3, 1e-4), fixed_steps=(), samples=2), faults=False)
    _statuses(path, {}, 0)
    with h5py.File(path, "r+") as file:
        if planned is not None:
            file.attrs["planned_cases"] = planned

    assert verdict(read(path)).headline == f"VALID, INCOMPLETE ({headline.replace('40', str(cases))})"


def test_text_of_the_file_cannot_become_markup(tmp_path: Path) -> None:
    path = tmp_path / "case.h5"
    synthetic.write(path, synthetic.Axes(("linear",), tolerances=(1e-3,), fixed_steps=(64,), samples=2))
    hostile = '<script>alert(1)</script>\\1 & "quoted"\t$\\frac$ \x01\x1b[1m Grüße 勾配 🚀 \u202e'
    with h5py.File(path, "r+") as file:
        for name in (
            "cases/reason",
            "cases/problem",
            "cases/method",
            "cases/solver",
            "cases/case_id",
            "checks/message",
            "checks/check",
            "environment/value",
            "environment/key",
            "runs/cmdline",
            "mem_labels/label",
            "convergence/case_group",
            "convergence/error_norm",
        ):
            file[name][0] = hostile
        file["cases/status"][0] = 2

    assert main([str(path), "-o", str(tmp_path / "r.html"), "--format", "html,md,csv,svg,json"]) == 0
    for drawing in (tmp_path / "r-svg").iterdir():
        ET.parse(drawing)
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["tables"]["failures"]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    parser = Balance()
    parser.feed(page)
    assert "script" not in parser.tags and not parser.faults
    assert "Grüße 勾配 🚀" in page and "\x01" not in page
    for drawing in re.findall(r"<svg.*?</svg>", page, flags=re.S):
        ET.fromstring(drawing)
