"""How cases look: colour by method, marker by solver, and blow-ups that are seen."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace

import pytest
from conftest import drawn_marks

from retrace_report.axes import limits as axis_limits
from retrace_report.claims import claims
from retrace_report.content import Report
from retrace_report.figures import SHEETS, figure, figures
from retrace_report.frontier import CREDIBLE, front
from retrace_report.limits import limits
from retrace_report.memory import holdings
from retrace_report.palette import _KNOWN, MARKERS, Palette
from retrace_report.points import Point

TIME, EVALUATIONS = SHEETS[0], SHEETS[1]


@pytest.fixture
def one_panel(report: Report) -> list[Point]:
    return [point for point in report.points if point.panel == report.points[0].panel]


def drawn(sheet, points: list[Point], palette: Palette):
    block = figure(sheet, points, palette)
    return block, block.panels[0].svg


def test_each_solver_has_a_marker_and_each_method_a_colour(report: Report, one_panel: list[Point]) -> None:
    block, svg = drawn(EVALUATIONS, one_panel, report.palette)

    solvers = {point.solver for point in one_panel}
    assert len(next(row for row in block.legend if row.heading == "solver").entries) == len(solvers)
    shape_of: dict[str, set[str]] = {}
    for mark in drawn_marks(svg):
        case = next(p for p in one_panel if mark.title.startswith(f"{p.method}, {p.solver}, {p.control}: "))
        assert report.palette[case.method].light in mark.style
        if not case.failed and not case.expected:
            shape_of.setdefault(case.solver, set()).add(mark.shape)
    assert shape_of.keys() == solvers and all(len(shapes) == 1 for shapes in shape_of.values())
    assert len({shape for shapes in shape_of.values() for shape in shapes}) == len(solvers)


def test_methods_differ_without_colour() -> None:
    palette = Palette(["aca", "adjoint", "naive", "forward", "new"])

    assert len({palette[method].dash for method in palette.methods}) == 5
    assert len(set(MARKERS)) == len(MARKERS)


@pytest.mark.parametrize("status, words", [("xfail", "failed as expected (xfail)"), ("nonfinite", "failed")])
def test_a_blow_up_stands_above_the_axis(status: str, words: str, report: Report, one_panel: list[Point]) -> None:
    blown = replace(one_panel[0], status=status, error=math.nan)

    block, svg = drawn(EVALUATIONS, [blown, *one_panel[1:]], report.palette)

    entries = {entry.words for row in block.legend for entry in row.entries}
    assert words in entries and "in the band “none”: no finite gradient, so no error" in entries
    where = f"{blown.method}, {blown.solver}, {blown.control}"
    title = f"{where}: – at {blown.evaluations:,.0f} ({status})"
    marks = drawn_marks(svg)
    (height,) = [mark.y for mark in marks if mark.title == title]
    assert height < min(mark.y for mark in marks if mark.title != title) - 10 and ">none</text>" in svg


def test_an_expected_failure_with_an_error_stands_at_its_error(report: Report, one_panel: list[Point]) -> None:
    _, before = drawn(EVALUATIONS, one_panel, report.palette)
    _, after = drawn(EVALUATIONS, [replace(one_panel[0], status="xfail"), *one_panel[1:]], report.palette)

    def places(svg: str) -> set[tuple[float, float]]:
        return {(mark.x, mark.y) for mark in drawn_marks(svg)}

    def shapes(svg: str) -> set[str]:
        return {mark.shape for mark in drawn_marks(svg)}

    assert places(before) == places(after) and len(shapes(after) - shapes(before)) == 1


def test_the_front_is_what_no_case_beats(report: Report, one_panel: list[Point]) -> None:
    found = front(one_panel, "evaluations")

    usable = [p for p in one_panel if p.status in CREDIBLE and math.isfinite(p.error)]
    for point in usable:
        beaten = any(p.evaluations <= point.evaluations and p.error < point.error for p in usable)
        beaten |= any(p.evaluations < point.evaluations and p.error <= point.error for p in usable)
        assert beaten == (point not in found)


def test_a_panel_says_who_is_missing(report: Report, one_panel: list[Point]) -> None:
    untimed = replace(one_panel[0], status="xfail", seconds=math.nan)

    block, _ = drawn(TIME, [untimed, *one_panel[1:]], report.palette)

    assert block.panels[0].note == f"Not timed: {untimed.method} 1 × xfail"
    assert not [row for row in block.legend if row.heading == "marks" and len(row.entries) > 2]


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


def test_memory_over_a_budget_is_one_line_per_tolerance(report: Report) -> None:
    """Cases with a checkpoint budget: another figure, where the budget is the axis and not the tolerance."""
    base = [p for p in report.points if p.method == "aca" and p.stepping == "adaptive" and p.panel == "linear"][:2]
    budgeted = [
        replace(point, budget=str(k), checkpoints=float(k), bytes=1000.0 * k, control=f"{point.control},ckpt={k}")
        for point in base
        for k in (16, 4, 64)
    ]

    found = figures([*report.points, *budgeted], report.palette)

    assert list(figures(report.points, report.palette))[-1] == "memory" and list(found)[-1] == "checkpoints"
    svg = found["checkpoints"].panels[0].svg
    marks = drawn_marks(svg)
    assert len(marks) == 6 and len({mark.x for mark in marks}) == 3
    colour = report.palette["aca"].light
    (joined,) = re.findall(rf'<path d="M ([^"]+)"[^>]*stroke: {colour}; stroke-opacity: 0.8', svg)
    assert [path.count("L") for path in joined.split("M")] == [2, 2]


@pytest.mark.parametrize(
    "control, words",
    [
        ("adaptive:rtol=1e-6,atol=1e-6", "tolerance 1e-6"),
        ("adaptive:rtol=1e-6,atol=1e-8", "adaptive:rtol=1e-6,atol=1e-8"),
        ("adaptive:rtol=1e-6,atol=1e-6,ckpt=16", "tolerance 1e-6, ckpt=16"),
        ("fixed:n=64", "64 steps"),
    ],
)
def test_short_controls(control: str, words: str, report: Report) -> None:
    assert replace(report.points[0], control=control).short_control == words


def test_no_two_methods_look_alike() -> None:
    """Colours become CSS variables by their light value, so it must be unique; dashes serve those who see no colour."""
    palette = Palette([*_KNOWN, "new", "newer", "newest"])
    light, dark = palette.colours(), palette.colours(dark=True)

    assert len(set(light.values())) == len(light) and len(set(dark.values())) == len(dark)
    dashes = [palette[method].dash for method in palette.methods]
    assert len(set(dashes)) == len(dashes)
