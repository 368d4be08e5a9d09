"""What a reader would stumble over: numbers torn from their signs, legends that do not line up, labels cut off."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import h5py
import pytest

from retrace_report import html, surroundings
from retrace_report.axes import LEFT, Axis
from retrace_report.content import Report
from retrace_report.points import panel_names, points
from retrace_report.reader import ResultFile, read

TEMPLATES = Path(html.__file__).parent / "templates"
CHARACTER = 7.0  # pixels of a digit of the figures' text, rounded up


@pytest.fixture
def cut_short(little: Path, tmp_path: Path) -> ResultFile:
    """Its first case ended before it could say on how many ranks and threads it ran."""
    path = shutil.copy(little, tmp_path / "cut.h5")
    with h5py.File(path, "r+") as file:
        file["cases/ranks"][0] = file["cases/threads"][0] = -1
    return read(path)


def test_a_case_that_was_cut_short_is_no_setting_of_its_own(cut_short: ResultFile, little: Path) -> None:
    assert panel_names(cut_short) == panel_names(read(little))
    facts = {fact.key: fact.value for fact in surroundings.key_facts(cut_short)}
    assert (facts["ranks"], facts["threads per rank"]) == ("2", "1")
    assert points(cut_short, group="ranks")[0].part == "ranks unknown"


def test_one_rank_is_no_plural(cut_short: ResultFile) -> None:
    cut_short["cases"]["ranks"][1] = 1

    assert panel_names(cut_short)[1:3] == ["linear · 1 rank", "linear · 2 ranks"]


def test_numbers_stay_with_their_signs(page: str) -> None:
    pareto = r'<table data-name="pareto-decades">.*?</table>'
    for part in (r'<ul class="claims">.*?</ul>', r"<figcaption>.*?</figcaption>", pareto):
        found = re.findall(part, page, flags=re.S)
        assert found and not any(re.search(r"\d [×%]", text) for text in found), part
    claims = re.search(r'<ul class="claims">.*?</ul>', page, flags=re.S)[0]
    assert re.search(r"\de-\u2060\d", claims) and not re.search(r"\de-\d", claims)


def test_what_is_copied_has_no_invisible_characters(page: str) -> None:
    places = r'<code class="command">.*?</code>|<pre.*?</pre>|data-name="time">.*?</table>'
    copied = re.findall(places, page, flags=re.S)

    assert len(copied) > 3 and not any("\u2060" in text or "\u00ad" in text for text in copied)


def test_rows_of_a_legend_line_up(page: str) -> None:
    """Headings in one column, entries in the other, however long a heading is and however many lines its entries."""
    for legend in re.findall(r'<div class="legend">(.*?)</div>\s*</div>', page, flags=re.S):
        assert legend.count("<b>") == legend.count("<div>") > 0
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    assert re.search(r"\.legend \{ display: grid; grid-template-columns: max-content ", style)


def test_legends_name_methods_in_one_order(report: Report) -> None:
    order = report.palette.methods
    rows = [row for block in report.blocks() for row in block.legend if row.heading in ("method", "with the gradient")]

    named = [[entry.words for entry in row.entries] for row in rows]
    assert len(named) > 6 and all(named)
    assert all(words == [method for method in order if method in words] for words in named)


def test_times_have_room_beside_their_axis(report: Report) -> None:
    """The axis of a panel with times begins behind the widest number that it may have."""
    assert Axis("time", "time").left >= CHARACTER * len("15.25 ms") > LEFT
    strips = next(block for block in report.blocks() if block.name == "samples")
    for panel in strips.panels[1:]:
        starts = [float(x) for x in re.findall(r'<clipPath[^>]*><rect x="([\d.]+)"', panel.svg)]
        assert min(starts) >= Axis("", "time").left


def test_names_of_problems_have_room(page: str) -> None:
    """On a phone a table scrolls rather than break a name at every underscore."""
    table = re.search(r'<table data-name="pareto-decades">.*?</table>', page, flags=re.S)[0]
    rows = table.count("<tr>") - 1
    assert table.count('<td class="setting">') == rows > 0
    assert "td.setting { min-width: 9rem; }" in (TEMPLATES / "style.css").read_text(encoding="utf-8")


def test_the_table_of_checks_fits_on_paper() -> None:
    """On paper nothing scrolls: a dozen columns of checks must be free to shrink."""
    printed = (TEMPLATES / "style.css").read_text(encoding="utf-8").split("@media print {")[1]
    assert re.search(r"\.heat th\.check \{ min-width: 0;[^}]* writing-mode: vertical-rl;", printed)


def test_narrow_rules_do_not_repeat_wide_ones() -> None:
    """A rule copied into the block for phones would undo what that block says before it."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    wide, narrow = style.split("@media (max-width: 700px) {")

    rules = [line.strip() for line in narrow.split("@media")[0].splitlines() if "{" in line]
    assert len(rules) > 10 and not [rule for rule in rules if rule in wide.splitlines()]
