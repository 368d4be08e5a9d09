"""How far the times can be trusted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from . import schema
from .reader import ResultFile
from .verdict import plural

MEANING = {
    "good": "spread small, no drift: the median can be quoted",
    "noisy": "spread large but stable: read the interval, not the median alone",
    "unstable": "spread too large, drift or throttling: do not compare",
    "too_fast": "below what the clock resolves: no statement about time",
    "none": "not timed: the gradient was not verified, or timing was off",
}
LAUNCHES_TO_GATE = 5  # fewer launches cannot tell a slow-down from an unlucky start of the program


@dataclass(frozen=True)
class Timing:
    sentence: str
    qualities: list[tuple[str, int, str]]  # quality, cases, meaning


def timing(result: ResultFile) -> Timing:
    cost, samples = result["cost"], result["samples"]
    counts = Counter(cost["timing_quality"])
    qualities = [
        (quality, counts[quality], MEANING.get(quality, ""))
        for quality in (*schema.TIMING_QUALITY, *sorted(set(counts) - set(schema.TIMING_QUALITY)))
        if counts[quality]
    ]
    timed = np.isfinite(cost["time_median"])
    if not timed.any():
        return Timing("No case was timed.", qualities)
    number, launches = cost["n_samples"][timed], cost["n_launches"][timed]
    spread = cost["time_cv"][timed & np.isfinite(cost["time_cv"])]
    total = samples["phase"] == "total"
    warm, flagged = int((samples["is_warmup"] == "yes")[total].sum()), int((samples["flagged"] == "yes")[total].sum())
    parts = [
        f"{plural(int(timed.sum()), 'case')} timed, {_range(number)} samples each from {_range(launches)} "
        f"{'launch' if launches.max() == 1 else 'launches'}."
    ]
    if len(spread):
        parts.append(
            f"Coefficient of variation: median {100 * np.median(spread):.1f} %, worst {100 * spread.max():.1f} %."
        )
    if total.any():
        parts.append(
            f"Of {plural(int(total.sum()), 'sample')}, {warm:,} marked as warm-up and {flagged:,} flagged as outliers."
        )
    if launches.max() < LAUNCHES_TO_GATE:
        parts.append(f"With fewer than {LAUNCHES_TO_GATE} launches times inform; they cannot gate a change.")
    return Timing(" ".join(parts), qualities)


def _range(values: np.ndarray) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low}–{high}"
