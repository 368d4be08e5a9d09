"""Rows of /taylor and /convergence for the synthetic file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_DIRECTIONS, _STEPS = 3, 2.0 ** -np.arange(4, 36, 2)
_NOISE = 1e-15


def taylor_rows(index: int, random: np.random.Generator) -> Iterator[tuple[str, dict]]:
    """Remainders that fall with the step and its square until they meet the noise."""
    for direction in range(_DIRECTIONS):
        slope, curvature = np.exp(random.standard_normal(2))
        first = slope * _STEPS + curvature * _STEPS**2
        second = curvature * _STEPS**2 + _NOISE * np.exp(0.5 * random.standard_normal(len(_STEPS)))
        clean = second > 30 * _NOISE
        rates = np.concatenate([[np.nan], np.diff(np.log(second)) / np.diff(np.log(_STEPS))])
        window = np.flatnonzero(clean)[-4:]
        for i, eps in enumerate(_STEPS):
            yield (
                "taylor",
                dict(
                    case=index,
                    direction=direction,
                    eps=eps,
                    remainder0=first[i],
                    remainder1=second[i],
                    noise_floor=10 * _NOISE,
                    rate=rates[i],
                    used=int(i in window),
                ),
            )


def convergence_rows(cases: list[dict]) -> Iterator[dict]:
    """Five levels of the first case of every method with the fixed-step scheme, to its order until round-off."""
    seen = set()
    for case in cases:
        line = (case["problem"], case["method"], case["batch"])
        if case["steps"] < 0 or line in seen:
            continue
        seen.add(line)
        before = np.nan
        for level in range(5):
            h = 0.1 / 2**level
            error = case["shape"].error_factor * 1e-2 * h ** case["order"] + 1e-15
            rate = np.log2(before / error)
            yield dict(
                case_group=case["case_id"], level=level, h=h, error_norm="grad_rel_l2", error=error, observed_order=rate
            )
            before = error
