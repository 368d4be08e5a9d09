"""The sections made of figures and tables: each says what the file says, and a wrong number in the file shows."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import drawn_marks

from retrace_report import orders, surroundings, synthetic
from retrace_report.baseline import compare, comparison_section, judged_section
from retrace_report.bounds import bounds, bounds_section, ceilings
from retrace_report.choices import Choices
from retrace_report.content import Report, build
from retrace_report.figures import figures
from retrace_report.pareto import decade, undominated
from retrace_report.points import points
from retrace_report.reader import ResultFile, read
from retrace_report.samples import launch_table, sample_figures
from retrace_report.scaling import _KINDS, lines_of, scaling_section, timed_cases
from retrace_report.taylor import taylor_figure
from retrace_report.trend import histories, trend_section

PROBLEMS = ("linear", "van_der_pol")
SMALL = dict(problems=PROBLEMS, tolerances=(1e-3, 1e-5), fixed_steps=(64, 128))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.h5"
    synthetic.write(path, synthetic.Axes(problems=PROBLEMS))
    return path


@pytest.fixture(scope="module")
def report(small: Path) -> Report:
    return build(read(small))


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The same work on 1, 2 and 4 ranks, at two batches of which one is twice the other."""
    folder, found = tmp_path_factory.mktemp("series"), []
    for ranks in (1, 2, 4):
        found.append(folder / f"r{ranks}.h5")
        axes = synthetic.Axes(**SMALL, ranks=ranks, batches=(256, 512), launches=2)
        synthetic.write(found[-1], axes, faults=False, seed=ranks, created=f"2024-06-0{ranks}T12:00:00Z")
    return found


@pytest.fixture(scope="module")
def results(series: list[Path]) -> list[ResultFile]:
    return [read(path) for path in series]


def changed(source: Path, target: Path, change: Callable[[h5py.File], None]) -> ResultFile:
    shutil.copy(source, target)
    with h5py.File(target, "r+") as file:
        change(file)
    return read(target)


def test_remainders_are_drawn_where_the_file_says(report: Report) -> None:
    block = next(block for block in report.remainders.figures if block.name == "taylor")
    table = report.result["taylor"]

    for panel in block.panels:
        marks = drawn_marks(panel.svg)
        method = panel.subtitle.split(",")[0]
        own = [p.index for p in report.points if p.panel == panel.title and p.method == method]
        steps = len(set(table["eps"])) * len(set(table["direction"]))
        assert len(marks) == 2 * steps and own
        x = np.array([mark.x for mark in marks])
        step = np.array([float(mark.title.split()[1].rstrip(":")) for mark in marks])
        fit = np.polyfit(np.log10(step), x, 1)
        # Titles have three digits, which is half a percent: 0.002 of a decade.
        assert np.max(np.abs(np.polyval(fit, np.log10(step)) - x)) < 0.005 * fit[0]


def test_the_worst_verdict_is_drawn(report: Report, small: Path, tmp_path: Path) -> None:
    rows = report.result["taylor"]["case"]
    case = int(next(i for i in rows if report.points[i].solver == "bogacki_shampine32"))

    def fail(file: h5py.File) -> None:
        row = int(np.flatnonzero(file["checks/case"][...] == case)[0])
        file["checks/check"][row], file["checks/verdict"][row] = "taylor", 1

    after = changed(small, tmp_path / "t.h5", fail)

    block = taylor_figure(after, points(after), report.palette)
    assert block.panels[0].note == "Verdict: fail" and "bogacki_shampine32" in block.panels[0].subtitle


def test_observed_orders(report: Report, small: Path, tmp_path: Path) -> None:
    groups = orders.groups_of(report.result, report.points)
    assert groups and all(group.slope == 4 and group.method and group.solver == "rk4" for group in groups)
    assert all(abs(orders.observed(report.result, group) - 4) < 0.01 for group in groups)

    def flatten(file: h5py.File) -> None:
        file["convergence/error"][...] = np.sqrt(file["convergence/error"][...])

    halved = changed(small, tmp_path / "flat.h5", flatten)
    assert all(abs(orders.observed(halved, group) - 2) < 0.01 for group in orders.groups_of(halved, points(halved)))


def test_the_check_says_which_slope(report: Report, small: Path, tmp_path: Path) -> None:
    name = str(report.result["convergence"]["case_group"][0])
    case = list(report.result["cases"]["case_id"]).index(name)

    def judge(file: h5py.File) -> None:
        row = int(np.flatnonzero(file["checks/case"][...] == case)[0])
        file["checks/check"][row], file["checks/threshold"][row], file["checks/verdict"][row] = "order", 3.8, 1
        file["convergence/case_group"][5:10] = "linear/aca/rk4/in words of its own"

    result = changed(small, tmp_path / "judged.h5", judge)
    block = orders.order_figure(result, points(result), report.palette)
    table = orders.summary(result, points(result))

    assert table.rows[0][0] == name and table.rows[0][4:] == (3.8, "fail")
    assert (
        block.panels[0].note == f"Verdict: {report.points[case].method} rk4 fail" and "slope 3.8" in block.panels[0].svg
    )
    assert any(row[0] == "linear/aca/rk4/in words of its own" and math.isnan(row[4]) for row in table.rows)


def test_zero_and_nan_errors_have_no_slope(report: Report, small: Path, tmp_path: Path) -> None:
    def spoil(file: h5py.File) -> None:
        file["convergence/error"][...] = 0.0
        file["convergence/error"][::2] = np.nan
        file["taylor/remainder1"][...] = 0.0

    result = changed(small, tmp_path / "zero.h5", spoil)

    assert all(math.isnan(orders.observed(result, group)) for group in orders.groups_of(result, points(result)))
    for block in (
        orders.order_figure(result, points(result), report.palette),
        taylor_figure(result, points(result), report.palette),
    ):
        assert block.panels  # still drawn, without these marks


def test_samples_of_every_launch(results: list[ResultFile], report: Report) -> None:
    result, cases = results[0], points(results[0])
    strips, spread = sample_figures(result, cases, report.palette)
    samples, launches = result["samples"], launch_table(result, cases)

    assert len(strips.table.rows) == len(samples["seconds"])
    assert [row[3] for row in strips.table.rows] == samples["seconds"].tolist()
    assert [row[1] for row in spread.table.rows] == result["cost"]["time_cv"].tolist()
    assert [row[0] for row in launches.rows] == [0, 1]
    assert launches.rows[0][2] > launches.rows[1][2]  # the first launch is 2 % slow in the synthetic file


def test_efficiencies_by_hand(results: list[ResultFile]) -> None:
    timed = [one for result in results for one in timed_cases(result)]
    by_id = {(one.case_id, one.ranks): one.seconds for one in timed}
    strong, weak, threads, batch = _KINDS

    lines = lines_of(strong, timed)
    assert len(lines) == len(timed) / 3 and all([one.ranks for one in line] == [1, 2, 4] for line in lines)
    for line in lines[:10]:
        expected = by_id[line[0].case_id, 1] / (4 * by_id[line[2].case_id, 4])
        assert strong.y(line[2], line[0]) == pytest.approx(expected)
    for line in lines_of(weak, timed):
        assert len({one.batch / one.ranks for one in line}) == 1
        assert weak.y(line[-1], line[0]) == pytest.approx(line[0].seconds / line[-1].seconds)
    assert not lines_of(threads, timed)
    assert all([one.batch for one in line] == [256, 512] for line in lines_of(batch, timed))


def test_scaling_needs_two_sizes(results: list[ResultFile], report: Report) -> None:
    assert [block.name for block in scaling_section(results, report.palette).figures] == ["strong", "weak", "batch"]
    assert scaling_section([report.result], report.palette) is None


def test_fraction_of_the_bound_by_hand(report: Report) -> None:
    cost = report.result["cost"]
    peak, memory = 50e9, 18e9  # synthetic.CEILINGS

    found = bounds(report.result, report.points)
    assert len(found) == np.count_nonzero(cost["time_median"] > 0) > 0
    for one in found[::7]:
        i = one.point.index
        least = max(cost["flops_model"][i] / (2 * peak), cost["bytes_moved_model"][i] / (2 * memory))  # on two ranks
        assert one.fraction == pytest.approx(least / cost["time_median"][i])


def test_bounds_say_why_there_are_none(small: Path, tmp_path: Path, report: Report) -> None:
    def uncount(file: h5py.File) -> None:
        file["cost/flops_model"][...] = file["cost/bytes_moved_model"][...] = np.nan

    def unmeasure(file: h5py.File) -> None:
        file["environment/key"][...] = [f"x_{i}" for i in range(len(file["environment/key"]))]

    for change, words in ((uncount, "no model counts"), (unmeasure, "no ceilings of the machine")):
        result = changed(small, tmp_path / "b.h5", change)
        section = bounds_section(result, points(result), report.palette)
        assert words in section.text[0] and not section.figures


def test_unsteady_ceilings_are_said(small: Path, tmp_path: Path, report: Report) -> None:
    def shake(file: h5py.File) -> None:
        keys = list(file["environment/key"].asstr()[...])
        file["environment/value"][keys.index("ceiling_widest_spread")] = "0.41"

    result = changed(small, tmp_path / "s.h5", shake)

    assert ceilings(result, 0, 1).spread == 0.41
    assert any("varied by 41 %" in text for text in bounds_section(result, points(result), report.palette).text)


def test_undominated_by_brute_force(report: Report) -> None:
    panel = [p for p in report.points if p.panel == "van_der_pol"]
    found = {p.case_id for p in undominated(panel)}

    usable = [
        p for p in panel if p.status in ("pass", "inconclusive", "xfail") and p.seconds > 0 and math.isfinite(p.bound)
    ]
    for p in usable:
        worse = [
            q
            for q in usable
            if q.bound <= p.bound
            and q.seconds <= p.seconds
            and q.bytes <= p.bytes
            and (q.bound, q.seconds, q.bytes) != (p.bound, p.seconds, p.bytes)
        ]
        assert (p.case_id in found) == (not worse)
    assert found and len(found) < len(usable)


@pytest.mark.parametrize("error, k", [(1e-3, 3), (9.99e-4, 4), (2e-3, 3), (0.5, 1), (0.0, 17), (1e-20, 17)])
def test_decades_of_error(error: float, k: int) -> None:
    assert decade(error) == k


def test_baseline_matches_by_id_and_definition(report: Report, small: Path, tmp_path: Path) -> None:
    new = read(small)
    ids = list(new["cases"]["case_id"])

    def other(file: h5py.File) -> None:
        file["cases/case_hash"][3] = "0" * 16
        file["cases/case_id"][5] = "gone/" + ids[5]
        file["cost/time_median"][7] *= 0.5
        file["cases/status"][8] = 1
        values = list(file["environment/value"].asstr()[...])
        file["environment/value"][values.index("GNU 12.2.0")] = "Clang 17"

    old = changed(small, tmp_path / "old.h5", other)
    found = compare(new, old, "grad_rel_l2")

    assert found.changed == [ids[3]] and found.added == [ids[5]] and found.removed == ["gone/" + ids[5]]
    assert len(found.pairs) == len(ids) - 2
    assert next(pair for pair in found.pairs if pair.new.case_id == ids[7]).ratio("seconds") == pytest.approx(2.0)
    section = comparison_section(new, old, report.palette, "grad_rel_l2")
    moved = next(one.table for one in section.tables if one.table.name == "moved")
    assert [row[:2] for row in moved.rows] == [(ids[8], "fail → pass"), (ids[7], "pass")]
    differ = surroundings.differences(new, old)
    assert [(one.key, one.before, one.value) for one in differ] == [("compiler", "Clang 17", "GNU 12.2.0")]
    facts = {fact.key: fact.before for fact in surroundings.key_facts(new, old)}
    assert facts["compiler"] == "Clang 17" and not facts["CPU"]


def test_times_of_other_hardware_are_not_compared(report: Report, small: Path, tmp_path: Path) -> None:
    def elsewhere(file: h5py.File) -> None:
        file["runs/fingerprint_hw"][0] = "other"
        file["cost/time_median"][...] *= 3

    old = changed(small, tmp_path / "other.h5", elsewhere)
    section = comparison_section(report.result, old, report.palette, "grad_rel_l2")

    text = " ".join(section.text)
    assert "times are not comparable" in text and "time " not in text.split("Medians")[1].split(".")[0]
    assert not any(one.table.name == "moved" for one in section.tables)


def test_a_judged_comparison_is_shown_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    names = ("case", "tier", "quantity", "old", "new", "verdict", "gates")
    rows = [
        ("a/b", "bytes", "peak", 1, 1, "same", False),
        ("e/f", "time", "median", 1.0, "nan", "inconclusive", False),
        ("c/d", "status", "status", "pass", "fail", "worse", True),
    ]
    content = {
        "exit_code": 1,
        "cases": {"passed": 1, "failed": 1},
        "notes": ["n <1>"],
        "lines": [dict(zip(names, row)) for row in rows],
        "trends": [{"family": "analytic", "median": 1.0, "interval": [0.9, 1.1]}],
    }
    path.write_text(json.dumps(content))

    section = judged_section(path)

    assert section.text == ["exit code 1, 1 passed, 1 failed.", "n <1>"]
    # What gates comes first, what is the same last.
    assert [row[0] for row in section.tables[0].table.rows] == ["c/d", "e/f", "a/b"]
    assert section.tables[1].table.rows[0][-1] == "0.9 to 1.1"


def test_trend_follows_cases_over_files(series: list[Path], report: Report, tmp_path: Path) -> None:
    def slower(file: h5py.File) -> None:
        file["cost/time_median"][...] *= 2
        file.attrs["created_utc"] = "2025-01-01T00:00:00Z"

    new, old = changed(series[0], tmp_path / "new.h5", slower), read(series[0])
    trend = trend_section([new, old], report.palette, "grad_rel_l2")

    assert len(histories([old, new], "grad_rel_l2")) == old.rows("cases")
    titles = [m.title for panel in trend.figures[0].panels if panel.subtitle == "time" for m in drawn_marks(panel.svg)]
    assert titles and all(": 2 ×" in title for title in titles if "file 2" in title)
    assert [row[1] for row in trend.tables[0].table.rows] == ["r1.h5", "new.h5"]  # oldest first


def test_excluded_cases_have_their_reasons(report: Report, page: str) -> None:
    assert surroundings.excluded(report.result) == [
        ("all", "method adjoint, solver rk4, problem three_body", "reverse solution leaves the orbit")
    ]
    assert "reverse solution leaves the orbit" in page[page.index('id="appendix"') :]


@pytest.mark.parametrize("group", ["solver", "method", "precision", "batch"])
def test_panels_by_choice(group: str, report: Report) -> None:
    choices = Choices(x=("bytes",), y="grad_theta_rel_l2", group=group)
    cases = points(report.result, choices.y, group)

    found = figures(cases, report.palette, choices)

    assert list(found) == ["bytes", "memory"]
    keys = {(p.panel, p.part) for p in cases if p.error > 0 and p.bytes > 0}
    assert {(panel.title, panel.subtitle) for panel in found["bytes"].panels} == keys
    np.testing.assert_array_equal([p.error for p in cases], report.result["accuracy"]["grad_theta_rel_l2"])
    assert "relative error of dL/dp" in found["bytes"].panels[0].svg


def test_flags_in_the_box_are_those_that_make_numbers(page: str) -> None:
    """Definitions and warnings would fill it; the appendix has them."""
    assert ">-O3 -march=native -std=c++20<" in page
