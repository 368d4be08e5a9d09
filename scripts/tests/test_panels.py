"""How cases look: colour by method, marker by solver, and blow-ups that are seen."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace

import pytest

from retrace_report.claims import claims
from retrace_report.content import Report
from retrace_report.figures import SHEETS, figure
from retrace_report.limits import limits
from retrace_report.memory import holdings
from retrace_report.palette import MARKERS, Palette
from retrace_report.panels import limits as axis_limits
from retrace_report.points import Point

TIME, EVALUATIONS = SHEETS[0], SHEETS[1]


@pytest.fixture
def one_panel(report: Report) -> list[Point]:
    return [point for point in report.points if point.panel == report.points[0].panel]


def drawn(sheet, points: list[Point], palette: Palette):
    block = figure(sheet, points, palette)
    return block, "".join(panel.svg for panel in block.panels)


def test_each_solver_has_a_marker_and_each_method_a_colour(report: Report, one_panel: list[Point]) -> None:
    block, svg = drawn(EVALUATIONS, one_panel, report.palette)

    assert len({number for _, number in block.markers}) == len({point.solver for point in one_panel})
    groups = re.findall(r'<g style="[^"]*var\(--(m\d)\)[^"]*">((?:<use.*?</use>)+)</g>', svg)
    marks = Counter()
    for variable, uses in groups:
        marks.update((variable, shape) for shape in re.findall(r'href="#[^"]*-s(\d+)"', uses))
    number_of = {name.split(" ")[0]: number for name, number in block.markers}
    assert marks == Counter(
        (report.palette[p.method].variable, str(number_of[p.solver])) for p in one_panel if not p.failed
    )


def test_methods_differ_without_colour() -> None:
    palette = Palette(["aca", "adjoint", "naive", "forward", "new"])

    assert len({palette[method].dash for method in palette.methods}) == 5
    assert len(set(MARKERS)) == len(MARKERS)


@pytest.mark.parametrize("status, shape", [("xfail", "blown"), ("nonfinite", "cross")])
def test_a_blow_up_stands_above_the_axis(status: str, shape: str, report: Report, one_panel: list[Point]) -> None:
    blown = replace(one_panel[0], status=status, error=math.nan)

    block, svg = drawn(EVALUATIONS, [blown, *one_panel[1:]], report.palette)

    assert block.band and (block.blown, block.crosses) == (shape == "blown", shape == "cross")
    marks = re.findall(rf'<use href="#evaluations-0-{shape}" x="[\d.]+" y="([\d.]+)"><title>([^<]*)', svg)
    where = f"{blown.method}, {blown.solver}, {blown.control}"
    assert [title for _, title in marks] == [f"{where}: – at {blown.evaluations:,.0f} ({status})"]
    others = [float(y) for y in re.findall(r'<use href="#evaluations-0-s\d+" x="[\d.]+" y="([\d.]+)"', svg)]
    assert float(marks[0][0]) < min(others) - 10 and ">none</text>" in svg


def test_an_expected_failure_with_an_error_stands_at_its_error(report: Report, one_panel: list[Point]) -> None:
    _, before = drawn(EVALUATIONS, one_panel, report.palette)
    _, after = drawn(EVALUATIONS, [replace(one_panel[0], status="xfail"), *one_panel[1:]], report.palette)

    def places(svg: str) -> set[tuple[str, str]]:
        return set(re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', svg))

    assert places(before) == places(after) and "-blown" in after and "-blown" not in before


def test_a_panel_says_who_is_missing(report: Report, one_panel: list[Point]) -> None:
    untimed = replace(one_panel[0], status="xfail", seconds=math.nan)

    block, _ = drawn(TIME, [untimed, *one_panel[1:]], report.palette)

    assert f"{untimed.method} 1 × xfail" in block.panels[0].note
    assert block.blown is False and block.band is False


def test_close_numbers_do_not_fill_an_axis() -> None:
    low, high = axis_limits([1.0, 1.01])

    assert high / low > 10


def test_limits_count_what_neither_passed_nor_failed(report: Report) -> None:
    found = limits(report.result, report.points)

    statuses = Counter(point.status for point in report.points)
    for status in ("xfail", "inconclusive"):
        assert sum(one.cases for one in found if one.status == status) == statuses[status] > 0
    assert [one.status for one in found] == sorted((one.status for one in found), reverse=True)


def test_limits_stand_before_the_findings(page: str) -> None:
    assert page.index('id="failures"') < page.index('id="limits"') < page.index('id="claims"')
    section = page[page.index('id="limits"') : page.index('id="claims"')]
    assert "O(h^p) inconsistency with the discrete gradient" in section


def test_lost_gradients_are_claimed(report: Report) -> None:
    base = replace(report.points[0], status="pass", error=1e-3, panel="p", method="aca")
    lost = [
        replace(base, method="adjoint", status="xfail", error=math.nan),
        replace(base, method="adjoint", error=1.5, panel="q"),
        replace(base, method="adjoint"),
        replace(base, method="adjoint", status="skipped", error=math.nan),
        replace(base, method="adjoint", status="oom", error=math.nan),
    ]

    said = claims([base, *lost])[-1]

    assert said == "Gradients of no use: adjoint 1 not finite and 1 off by 100 % or more of 4 cases (p, q)."
    assert not any("no use" in sentence for sentence in claims([base, lost[2]]))


def test_shares_of_the_peak_are_of_all_that_was_alive(report: Report) -> None:
    memory, cases = report.result["memory"], list(report.result["cases"]["case_id"])
    for one in holdings(report.result, report.points):
        rows = (memory["case"] == cases.index(one.case_id)) & (memory["stat"] == "max_rank")
        assert one.peak == memory["peak_bytes"][rows].max() and one.above < one.peak
        for _, live, share in one.labels:
            assert share == live / one.peak
