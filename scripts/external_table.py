#!/usr/bin/env python3
"""Error, cost and bytes of gradients, a row for each case, from a result file, as Markdown on stdout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import h5py
import numpy as np


def text(values: h5py.Dataset) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values[:]]


def peaks(file: h5py.File, cases: int) -> list[int]:
    """Bytes above the start of each case, over memory spaces; measured where the run did, -1 elsewhere."""
    memory = file["memory"]
    found = [-1] * cases
    for case, peak in zip(memory["case"][:], memory["peak_above_baseline"][:], strict=True):
        found[int(case)] = max(found[int(case)], int(peak))
    return found


def failed_checks(file: h5py.File) -> dict[int, str]:
    checks = file["checks"]
    meanings = checks["verdict"].attrs["flag_meanings"]
    names = (meanings.decode() if isinstance(meanings, bytes) else str(meanings)).split()
    failed: dict[int, list[str]] = {}
    for case, check, verdict in zip(checks["case"][:], text(checks["check"]), checks["verdict"][:], strict=True):
        if names[int(verdict)] == "fail":
            failed.setdefault(int(case), []).append(f"`{check}`")
    return {case: ", ".join(found) for case, found in failed.items()}


def rows(file: h5py.File) -> list[str]:
    cases, accuracy, cost = file["cases"], file["accuracy"], file["cost"]
    columns = {name: text(cases[name]) for name in ("problem", "method", "solver")}
    peak, failed = peaks(file, len(columns["problem"])), failed_checks(file)
    lines = [
        "| problem | rtol | method | solver | error of dL/dy0 | of dL/dp | f + VJP + JVP | steps | peak bytes "
        "| fails |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for i, problem in enumerate(columns["problem"]):
        calls = sum(int(max(0, cost[name][i])) for name in ("nfe_fwd", "nfe_bwd", "n_vjp", "n_jvp"))
        errors = [float(accuracy[name][i]) for name in ("grad_y0_rel_l2", "grad_theta_rel_l2")]
        shown = ["–" if np.isnan(error) else f"{error:.1e}" for error in errors]
        bytes_shown = "–" if peak[i] < 0 else str(peak[i])
        lines.append(
            f"| {problem} | {float(cases['rtol'][i]):.0e} | `{columns['method'][i]}` | `{columns['solver'][i]}` | "
            f"{shown[0]} | {shown[1]} | {calls} | {int(cost['steps_accepted'][i])} | {bytes_shown} "
            f"| {failed.get(i, '')} |"
        )
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="result file of: retrace run -c docs/examples/external.toml")
    arguments = parser.parse_args()
    if not arguments.file.exists():
        print(f"external_table.py: there is no file {arguments.file}", file=sys.stderr)
        return 2
    with h5py.File(arguments.file, "r") as file:
        print("\n".join(rows(file)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
