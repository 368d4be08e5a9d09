"""Interpolated costs and the sentences made of them, on numbers that can be worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from retrace_report.claims import claims
from retrace_report.content import Report
from retrace_report.frontier import cheapest, reach, staircase
from retrace_report.points import Point
from retrace_report.tables import ratio

BASE = Point(
    index=0,
    case_id="p/m/s/c/n/f/b",
    panel="p",
    method="m",
    solver="s",
    stepping="adaptive",
    budget="",
    control="",
    looseness=1.0,
    status="pass",
    error=1.0,
    uncertainty=0.0,
    seconds=1.0,
    seconds_lo=1.0,
    seconds_hi=1.0,
    quality="good",
    evaluations=1.0,
    bytes=1.0,
    space="Host",
    steps=1.0,
)


def line(method: str, pairs: list[tuple[float, float]], **changes) -> list[Point]:
    """Cases of (evaluations, error), loose to tight; time is a thousandth of the evaluations."""
    return [
        replace(
            BASE,
            method=method,
            control=f"tol{i}",
            looseness=10.0**-i,
            evaluations=cost,
            seconds=cost / 1000,
            error=error,
            **changes,
        )
        for i, (cost, error) in enumerate(pairs)
    ]


def test_interpolation_is_linear_in_the_logarithms() -> None:
    found = reach(line("m", [(100.0, 1e-2), (10_000.0, 1e-6)]), "evaluations", 1e-4)

    assert found.interpolated and found.cost == pytest.approx(1000.0)


def test_a_case_that_is_accurate_enough_at_once_is_not_interpolated() -> None:
    found = reach(line("m", [(100.0, 1e-5), (1000.0, 1e-6)]), "evaluations", 1e-2)

    assert not found.interpolated and found.cost == 100.0


def test_an_error_that_no_case_reaches() -> None:
    assert reach(line("m", [(100.0, 1e-2), (1000.0, 1e-3)]), "evaluations", 1e-4) is None


def test_an_erratic_line_uses_its_best_cases_only() -> None:
    erratic = line("m", [(100.0, 1e-2), (200.0, 1e-1), (400.0, 1e-4), (800.0, 1e-3)])

    assert [p.error for p in staircase(erratic, "evaluations")] == [1e-2, 1e-4]


def test_doubt_about_the_reference_counts_as_error() -> None:
    assert reach(line("m", [(100.0, 1e-6)], uncertainty=1e-4), "evaluations", 1e-5) is None


@pytest.mark.parametrize("status", ["fail", "nonfinite", "oom", "error", "timeout", "crashed", "xpass", "skipped"])
def test_a_wrong_answer_reaches_nothing(status: str) -> None:
    assert reach(line("m", [(100.0, 1e-6)], status=status), "evaluations", 1e-3) is None


@pytest.mark.parametrize("error", [0.0, math.nan])
def test_exact_and_unknown_errors(error: float) -> None:
    found = reach(line("m", [(100.0, 1e-2), (1000.0, error)]), "evaluations", 1e-8)

    assert (found is None) == math.isnan(error)


def test_the_cheapest_line_wins_each_decade() -> None:
    dear, cheap = line("dear", [(3000.0, 1e-1), (1e5, 1e-5)]), line("cheap", [(100.0, 1e-1), (1e4, 1e-3)])

    best = cheapest(dear + cheap)["evaluations"]["p"]

    assert {k: way.point.method for k, way in best.items()} == {
        2: "cheap",
        3: "cheap",
        4: "dear",
        5: "dear",
    }


def test_a_claim_states_the_ratio_of_the_lines() -> None:
    aca, naive = line("aca", [(60.0, 1e-2), (6000.0, 1e-6)]), line("naive", [(100.0, 1e-2), (10_000.0, 1e-6)])

    said = claims(aca + naive)

    assert said[0] == "p with s at error 1e-6: aca needs 0.60 × the evaluations and 0.60 × the time of naive."
    assert "naive's error is 1.0 × aca's in the median of 2 pairs" in said[1]


def test_unsteady_times_are_not_claimed() -> None:
    aca = line("aca", [(60.0, 1e-2), (6000.0, 1e-6)], quality="unstable")
    naive = line("naive", [(100.0, 1e-2), (10_000.0, 1e-6)])

    assert claims(aca + naive)[0] == "p with s at error 1e-6: aca needs 0.60 × the evaluations of naive."


def test_claims_follow_the_numbers(report: Report) -> None:
    doubled = [replace(p, evaluations=2 * p.evaluations) if p.method == "aca" else p for p in report.points]

    assert claims(doubled)[0] != report.claims[0]
    assert claims(doubled)[1:] == report.claims[1:]


def test_one_method_or_none_cannot_be_compared() -> None:
    assert "nothing can be compared" in claims(line("aca", [(1.0, 0.1)]))[0]
    assert "nothing can be compared" in claims([])[0]


@pytest.mark.parametrize(
    "value, text",
    [
        (0.6, "0.60"),
        (0.999, "1.0"),
        (9.96, "10"),
        (45.2, "45"),
        (1234.0, "1,200"),
        (0.0123, "0.012"),
        (4e-7, "4.00e-7"),
    ],
)
def test_ratios_have_two_digits(value: float, text: str) -> None:
    assert ratio(value) == text


def test_cells_of_the_table_cover_every_decade_once(report: Report) -> None:
    for one in report.cheapest:
        for panel, row in one.rows.items():
            decades = iter(one.decades)
            for way, span in one.cells(panel):
                covered = [next(decades) for _ in range(span)]
                assert all(row.get(k) == (way if span == 1 else row[covered[0]]) for k in covered)
                assert span == 1 or not way.interpolated
            assert next(decades, None) is None
    assert any(span > 1 for one in report.cheapest for panel in one.rows for _, span in one.cells(panel))
