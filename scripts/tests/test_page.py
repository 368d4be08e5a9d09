"""The page: self-contained, well-formed, failures first, light and dark, the same every time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import h5py
import pytest

from retrace_report import synthetic
from retrace_report.command import main
from retrace_report.glossary import PAPER_LINK
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
            "failures",
            "claims",
            "precision",
            "cheapest",
            "checks",
            "memory-section",
            "times",
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


def test_the_same_file_gives_the_same_page(faulty: Path, page: str, tmp_path: Path) -> None:
    assert main([str(faulty), "-o", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_other_outputs(faulty: Path, tmp_path: Path) -> None:
    code = main(
        [
            str(faulty),
            "-o",
            str(tmp_path / "r.html"),
            "--title",
            "A <title> & more",
            "--csv",
            str(tmp_path / "csv"),
            "--svg",
            str(tmp_path / "svg"),
            "--markdown",
            str(tmp_path / "r.md"),
        ]
    )

    assert code == 0
    assert "<h1>A &lt;title&gt; &amp; more</h1>" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "csv").iterdir()} >= {
        "time.csv",
        "evaluations.csv",
        "bytes.csv",
        "checks.csv",
    }
    drawings = list((tmp_path / "svg").iterdir())
    assert len(drawings) == 20
    for path in drawings:
        assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in path.read_text(encoding="utf-8")
    markdown = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert markdown.count("\n") <= 60 and "INVALID" in markdown


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


def test_text_of_the_file_cannot_become_markup(tmp_path: Path) -> None:
    path = tmp_path / "case.h5"
    synthetic.write(path, synthetic.Axes(tolerances=(1e-3,), fixed_steps=(), samples=2))
    hostile = '<script>alert(1)</script>\\1 & "quoted"'
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
        ):
            file[name][0] = hostile
        file["cases/status"][0] = 2

    assert main([str(path), "-o", str(tmp_path / "r.html"), "--markdown", str(tmp_path / "r.md")]) == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    parser = Balance()
    parser.feed(page)
    assert "script" not in parser.tags and not parser.faults
    for drawing in re.findall(r"<svg.*?</svg>", page, flags=re.S):
        ET.fromstring(drawing)
