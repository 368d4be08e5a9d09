"""Failures and checks as tables, and the matrix case by case."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .reader import ResultFile
from .tables import DataTable, Field
from .verdict import Cell, Failure, outcomes, severity

MATRIX_CASES = 300  # cases of the detailed matrix, worst first
_CASE_ORDER = {
    "fail": 0,
    "error": 0,
    "timeout": 0,
    "nonfinite": 0,
    "oom": 0,
    "xpass": 0,
    "crashed": 0,
    "xfail": 1,
    "inconclusive": 2,
    "skipped": 3,
    "pass": 4,
}


@dataclass(frozen=True)
class CaseRow:
    case_id: str
    status: str
    cells: dict[str, Cell]
    tips: dict[str, str]


def failure_table(problems: list[Failure]) -> DataTable:
    fields = [
        Field("case_id", "case"),
        Field("status", "status"),
        Field("check", "check"),
        Field("value", "value", "plain"),
        Field("op", "op"),
        Field("threshold", "threshold", "plain"),
        Field("message", "message"),
        Field("command", "command"),
    ]
    return DataTable("failures", fields, [tuple(getattr(one, f.name) for f in fields) for one in problems])


def check_table(result: ResultFile) -> DataTable:
    checks, ids = result["checks"], result["cases"]["case_id"]
    fields = [
        Field("case_id", "case"),
        Field("check", "check"),
        Field("verdict", "verdict"),
        Field("value", "value", "plain"),
        Field("op", "op"),
        Field("threshold", "threshold", "plain"),
        Field("message", "message"),
    ]
    rows = [
        (ids[case], check, outcome, float(value), op, float(threshold), message)
        for case, check, outcome, value, op, threshold, message in zip(
            checks["case"],
            checks["check"],
            checks["verdict"],
            checks["value"],
            checks["op"],
            checks["threshold"],
            checks["message"],
        )
        if case >= 0
    ]
    return DataTable("checks", fields, rows)


def case_rows(result: ResultFile) -> list[CaseRow]:
    """The worst MATRIX_CASES cases; within one status in the order of the file."""
    cases, checks = result["cases"], result["checks"]
    order = sorted(range(result.rows("cases")), key=lambda i: (_CASE_ORDER.get(cases["status"][i], 0), i))[
        :MATRIX_CASES
    ]
    chosen = set(order)
    cells: dict[int, dict[str, Cell]] = {i: {} for i in order}
    tips: dict[int, dict[str, str]] = {i: {} for i in order}
    for row, (case, outcome) in enumerate(zip(checks["case"].tolist(), outcomes(result))):
        if case in chosen:
            name = checks["check"][row]
            before = cells[case].get(name)
            counts = Counter(before.counts if before else {}) + Counter([outcome])
            worst = outcome if not before or severity(outcome) < severity(before.worst) else before.worst
            cells[case][name] = Cell(worst, dict(counts))
            if not before or worst == outcome:
                tips[case][name] = (
                    f"{outcome}: {checks['value'][row]:.3g} {checks['op'][row]} {checks['threshold'][row]:.3g}"
                )
    return [CaseRow(cases["case_id"][i], cases["status"][i], cells[i], tips[i]) for i in order]
