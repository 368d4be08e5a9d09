"""Which methods are worth using: cases that no other beats in error, time and bytes at once."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from .blocks import ShownTable
from .frontier import CREDIBLE
from .points import Point, ordered, together
from .tables import DataTable, Field


def undominated(points: list[Point]) -> list[Point]:
    """Cases of one problem setting that no other equals or beats in all of error (with the reference's doubt), time and
    bytes, and beats in one. Cases that lack one of the three, or are not credible, neither count nor dominate."""
    usable = [p for p in points if p.status in CREDIBLE and math.isfinite(p.bound) and p.seconds > 0 and p.bytes > 0]
    costs = np.array([(p.bound, p.seconds, p.bytes) for p in usable]).reshape(-1, 3)

    def dominated(own: np.ndarray) -> bool:
        return bool(((costs <= own).all(axis=1) & (costs < own).any(axis=1)).any())

    return [point for point, own in zip(usable, costs) if not dominated(own)]


def pareto_table(points: list[Point]) -> tuple[ShownTable, DataTable]:
    """The table for reading, a row per problem setting and decade of error, and all undominated cases."""
    by_panel: dict[str, list[Point]] = {}
    for point in points:
        by_panel.setdefault(point.panel, []).append(point)
    rows, cases = [], []
    for panel in together(ordered(list(by_panel))):
        decades: dict[int, list[Point]] = {}
        for point in undominated(by_panel[panel]):
            decades.setdefault(decade(point.bound), []).append(point)
            cases.append(
                (
                    panel,
                    point.case_id,
                    point.method,
                    point.solver,
                    point.control,
                    point.error,
                    point.uncertainty,
                    point.seconds,
                    point.bytes,
                )
            )
        for k, members in sorted(decades.items()):
            methods = Counter(point.method for point in members)
            fastest, smallest = min(members, key=lambda p: p.seconds), min(members, key=lambda p: p.bytes)
            rows.append(
                (
                    panel,
                    f"1e-{k} to 1e-{k - 1}" if k < 17 else "below 1e-16",
                    ", ".join(f"{method} {count} ×" for method, count in methods.most_common()),
                    f"{fastest.method}, {fastest.solver}",
                    fastest.seconds,
                    f"{smallest.method}, {smallest.solver}",
                    smallest.bytes,
                )
            )
    shown = DataTable(
        "pareto-decades",
        [
            Field("problem", "problem", "setting"),
            Field("error", "error"),
            Field("methods", "undominated cases"),
            Field("fastest", "fastest of them"),
            Field("seconds", "its time", "seconds"),
            Field("smallest", "smallest of them"),
            Field("bytes", "its peak bytes", "bytes"),
        ],
        rows,
    )
    data = DataTable(
        "pareto",
        [
            Field("problem", "problem", "setting"),
            Field("case_id", "case", "case"),
            Field("method", "method", "method"),
            Field("solver", "solver"),
            Field("control", "control"),
            Field("error", "error", "error"),
            Field("uncertainty", "of the reference", "error"),
            Field("seconds", "time", "seconds"),
            Field("bytes", "peak bytes", "bytes"),
        ],
        cases,
    )
    text = (
        "Cases that no other case of the same problem beats in error, time and peak bytes at once, by decade of error. "
        "A method that is missing from a row is never the best choice there, whatever weighs most."
    )
    return ShownTable("Worth using: undominated in error, time and bytes", text, shown, 60), data


def decade(error: float) -> int:
    """k with 1e-k <= error < 1e-(k-1); 17 and more is round-off."""
    return min(-math.floor(math.log10(error) + 1e-12), 17) if error > 0 else 17
