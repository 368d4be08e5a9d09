#!/usr/bin/env python3
"""Tables of checks by gradient methods, one for each problem, measured: from a result file of the suite `methods`, as
Markdown on stdout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import h5py
import numpy as np

FLAGS = {"pass": "", "fail": " **fails**", "inconclusive": " ?"}
ROWS = [
    ("complex_step", "f64", "complex step, frozen (T1)"),
    ("dual", "f64", "duals, frozen (T1)"),
    ("program_dual", "f64", "duals, whole program (T1)"),
    ("program_complex_step", "f64", "complex step, whole program (T1)"),
    ("taylor", "f64", "Taylor slope (T3)"),
    ("dotprod_step", "f64", "identity of single steps (T4)"),
    ("difference_frozen", "f64", "differences, frozen: error of g.d (T5)"),
    ("difference_program", "f64", "differences, program: error of g.d (T5)"),
    ("order", "f64", "order against the flow (T6)"),
    ("consistency", "f64", "error against the flow at a hundredth of the tolerance"),
    ("invariants", "f64", "what the flow keeps, at a hundredth of the tolerance (T7)"),
    ("round_trip", "f64", "round trip (T7)"),
    ("copies", "f64", "distance of the copies, per step (T7)"),
    ("methods_agree", "f64", "all exact-frozen methods (T8)"),
    ("dual", "f32", "duals, frozen, single precision"),
    ("program_dual", "f32", "duals, whole program, single precision"),
]


def text(values: h5py.Dataset) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values[:]]


def verdict_names(dataset: h5py.Dataset) -> list[str]:
    meanings = dataset.attrs["flag_meanings"]
    return (meanings.decode() if isinstance(meanings, bytes) else str(meanings)).split()


def load(path: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    with h5py.File(path, "r") as file:
        cases, accuracy, checks = file["cases"], file["accuracy"], file["checks"]
        columns = {name: text(cases[name]) for name in ("case_id", "problem", "method", "precision", "control")}
        errors = accuracy["grad_rel_l2"][:]
        all_cases = [
            {name: column[i] for name, column in columns.items()} | {"error": float(errors[i])}
            for i in range(len(errors))
        ]
        names = verdict_names(checks["verdict"])
        all_checks = [
            {"case": int(case), "check": check, "value": float(value), "verdict": names[int(verdict)]}
            for case, check, value, verdict in zip(
                checks["case"][:], text(checks["check"]), checks["value"][:], checks["verdict"][:], strict=True
            )
        ]
    return all_cases, all_checks


def loss_of(case: dict[str, object]) -> str:
    segment = str(case["case_id"]).split("/")[3]
    for kind in ("integral", "exact", "dense"):
        if f"-{kind}" in segment:
            return kind
    return "terminal"


def cell(value: float, verdict: str) -> str:
    number = "nan" if np.isnan(value) else f"{value:.2f}" if 0.01 <= abs(value) < 100 else f"{value:.1e}"
    return number + FLAGS[verdict]


def table(problem: str, all_cases: list[dict[str, object]], checks: list[dict[str, object]]) -> list[str]:
    cases = [case for case in all_cases if case["problem"] == problem]
    methods: list[str] = []
    for case in cases:
        if case["method"] not in methods:
            methods.append(str(case["method"]))
    found: dict[tuple[str, str, str, str], str] = {}
    for check in checks:
        case = all_cases[int(str(check["case"]))]
        if check["verdict"] == "skipped" or case["problem"] != problem:
            continue
        key = (str(check["check"]), str(case["precision"]), loss_of(case), str(case["method"]))
        found[key] = cell(float(str(check["value"])), str(check["verdict"]))
    lines = ["| | " + " | ".join(f"`{method}`" for method in methods) + " |", "| --- |" + " ---: |" * len(methods)]

    def row(title: str, cells: list[str]) -> None:
        if any(entry != "–" for entry in cells):
            lines.append(f"| {title} | " + " | ".join(cells) + " |")

    for check, precision, title in ROWS:
        row(title, [found.get((check, precision, "terminal", method), "–") for method in methods])
    for kind in ("integral", "exact", "dense"):
        for check in ("dual", "program_dual"):
            title = f"{'duals, frozen' if check == 'dual' else 'duals, whole program'}, {kind} loss"
            row(title, [found.get((check, "f64", kind, method), "–") for method in methods])
    for kind in ("integral", "exact", "dense"):
        cells = [found.get(("times", "f64", kind, method), "–") for method in methods]
        row(f"derivatives in times, {kind} loss", cells)
    errors = {
        (str(case["precision"]), loss_of(case), str(case["method"])): float(str(case["error"])) for case in cases
    }
    for kind in ("terminal", "integral", "exact", "dense"):
        of_methods = [errors.get(("f64", kind, method)) for method in methods]
        row(f"error against the flow, {kind} loss", ["–" if e is None else f"{e:.1e}" for e in of_methods])
    return lines


def tables(cases: list[dict[str, object]], checks: list[dict[str, object]]) -> list[str]:
    problems = list(dict.fromkeys(str(case["problem"]) for case in cases))
    lines: list[str] = []
    for problem in problems:
        lines += [f"## {problem}", ""] if len(problems) > 1 else []
        lines += [*table(problem, cases, checks), ""]
    return lines[:-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="result file of: retrace run --suite methods")
    arguments = parser.parse_args()
    if not arguments.file.exists():
        print(f"method_table.py: there is no file {arguments.file}", file=sys.stderr)
        return 2
    try:
        print("\n".join(tables(*load(arguments.file))))
    except (OSError, KeyError) as error:
        print(f"method_table.py: {arguments.file} is no result file of retrace: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
