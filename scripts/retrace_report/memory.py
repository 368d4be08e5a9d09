"""Memory on the page: measured against the methods' models, and what holds the bytes at the peak."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .points import Point, ordered
from .reader import ResultFile
from .tables import DataTable, Field

MODEL_CHECK = "memory_model"  # its value is measured / model, its threshold the largest ratio allowed


@dataclass(frozen=True)
class ModelSummary:
    """Measured over model, for one method on one problem setting."""

    panel: str
    method: str
    cases: int
    smallest: float
    middle: float
    largest: float
    threshold: float
    failed: int


@dataclass(frozen=True)
class Holding:
    """The labels that are live at the peak of a method's largest case; shares are of all bytes live then, those of
    the baseline included: labels cannot tell the two apart."""

    method: str
    case_id: str
    space: str
    labels: list[tuple[str, int, float]]  # label, bytes, share
    above: float  # bytes above the baseline
    peak: float  # bytes with the baseline
    covered: float  # share of the peak that all recorded labels explain


def model_table(result: ResultFile, points: list[Point]) -> DataTable:
    """Every row of the check `memory_model`, with the case's peak and the model's bytes that follow from the ratio."""
    checks = result["checks"]
    rows = []
    for row in np.flatnonzero((checks["check"] == MODEL_CHECK) & (checks["case"] >= 0)):
        point, ratio = points[int(checks["case"][row])], float(checks["value"][row])
        model = point.bytes / ratio if ratio > 0 else math.nan
        rows.append(
            (
                point.case_id,
                point.method,
                point.steps,
                point.bytes,
                model,
                ratio,
                float(checks["threshold"][row]),
                checks["verdict"][row],
                checks["message"][row],
            )
        )
    fields = [
        Field("case_id", "case"),
        Field("method", "method"),
        Field("steps", "accepted steps", "count"),
        Field("bytes", "peak above baseline", "bytes"),
        Field("model_bytes", "model", "bytes"),
        Field("ratio", "measured / model", "plain"),
        Field("threshold", "limit", "plain"),
        Field("verdict", "verdict"),
        Field("message", "message"),
    ]
    return DataTable("memory-model", fields, rows)


def model_summaries(result: ResultFile, points: list[Point]) -> list[ModelSummary]:
    checks = result["checks"]
    groups: dict[tuple[str, str], list[int]] = {}
    for row in np.flatnonzero((checks["check"] == MODEL_CHECK) & (checks["case"] >= 0)):
        point = points[int(checks["case"][row])]
        groups.setdefault((point.panel, point.method), []).append(int(row))
    found = []
    for (panel, method), rows in groups.items():
        values = [float(checks["value"][row]) for row in rows if math.isfinite(checks["value"][row])]
        if values:
            found.append(
                ModelSummary(
                    panel,
                    method,
                    len(rows),
                    min(values),
                    float(np.median(values)),
                    max(values),
                    float(checks["threshold"][rows[0]]),
                    sum(checks["verdict"][row] == "fail" for row in rows),
                )
            )
    return found


def holdings(result: ResultFile, points: list[Point], most: int = 6) -> list[Holding]:
    """Per method: the labels at the peak of the case that needs most."""
    labels = result["mem_labels"]
    with_labels = set(labels["case"].tolist())
    found = []
    for method in ordered([point.method for point in points]):
        own = [p for p in points if p.method == method and math.isfinite(p.bytes) and p.index in with_labels]
        if not own:
            continue
        largest = max(own, key=lambda point: point.bytes)
        rows = np.flatnonzero((labels["case"] == largest.index) & (labels["space"] == largest.space))
        total, peak = float(labels["live_at_peak"][rows].sum()), _whole_peak(result, largest)
        ranked = sorted(rows, key=lambda row: -labels["live_at_peak"][row])[:most]
        if total > 0 and peak > 0:
            found.append(
                Holding(
                    method,
                    largest.case_id,
                    largest.space,
                    [
                        (
                            labels["label"][row],
                            int(labels["live_at_peak"][row]),
                            min(1.0, float(labels["live_at_peak"][row]) / peak),
                        )
                        for row in ranked
                    ],
                    largest.bytes,
                    peak,
                    total / peak,
                )
            )
    return found


def _whole_peak(result: ResultFile, point: Point) -> float:
    """The solver's peak with its baseline, on the rank that needs most."""
    memory = result["memory"]
    chosen = (memory["case"] == point.index) & (memory["space"] == point.space)
    chosen &= (memory["kind"] == "solver") & (memory["stat"] == "max_rank")
    return float(memory["peak_bytes"][chosen].max(initial=0))
