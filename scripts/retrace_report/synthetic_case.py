"""The rows that one synthetic case leaves in the tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np

from . import schema
from .synthetic_checks import taylor_rows

MEMORY_SPACES = ("Host",)
_NAN = float("nan")
_SECONDS_PER_EVALUATION = 4e-9  # of one component of one trajectory


def case_rows(
    index: int, case: dict, method_class: str, faults: bool, samples: int, random: np.random.Generator
) -> Iterator[tuple[str, dict]]:
    """(table, row) for each row of case number `index`."""
    shape, method, batch = case["shape"], case["method"], case["batch"]
    accepted, rejected = _steps(case)
    evaluations = _evaluations(method, case["stages"], accepted, rejected, batch)
    error, uncertainty = _error(case, accepted, random)
    status, reason = _status(case, error, uncertainty) if faults else ("pass", "")
    if status in ("nonfinite", "oom"):
        error = _NAN
    timed = status in ("pass", "inconclusive", "xfail")
    work = (evaluations["nfe_fwd"] + evaluations["nfe_bwd"] + 1.7 * evaluations["n_vjp"]) * (
        shape.dim + 0.02 * shape.params
    )
    share = case["ranks"] * case["threads"]
    seconds = case["pace"] * (2e-5 + _SECONDS_PER_EVALUATION * work * (2 / share) ** 0.9) if timed else _NAN
    unlucky = np.repeat(np.where(np.arange(case["launches"]) == 0, 1.02, 1.0), samples)
    times = seconds * unlucky * (1 + 0.012 * random.standard_normal(samples * case["launches"]))
    yield (
        "cases",
        dict(
            case_id=case["case_id"],
            case_hash=hashlib.sha256(case["case_id"].encode()).hexdigest()[:16],
            run=0,
            status=schema.STATUS.index(status),
            reason=reason,
            attempts=1,
            problem=case["problem"],
            family=shape.family,
            method=method,
            method_class=schema.METHOD_CLASS.index(method_class),
            solver=case["solver"],
            order=case["order"],
            control=case["control"],
            precision=case["precision"],
            backend="openmp",
            tags=shape.family,
            state_dim=shape.dim,
            param_dim=shape.params,
            batch=batch,
            ranks=case["ranks"],
            threads=case["threads"],
            steps_requested=case["steps"],
            rtol=case["rtol"],
            atol=case["rtol"],
            checkpoints=-1,
            case_json=json.dumps({"id": case["case_id"], "problem_args": {"n": batch, "T": 1.0}}),
            seconds=1.0,
        ),
    )
    yield (
        "accuracy",
        dict(
            grad_rel_l2=error,
            grad_rel_linf=1.2 * error,
            grad_abs_linf=2 * error,
            grad_cos_defect=0.5 * error**2,
            grad_y0_rel_l2=0.9 * error,
            grad_theta_rel_l2=1.1 * error,
            loss_rel=0.1 * error,
            state_rel_l2=0.1 * error,
            ref_kind=schema.REFERENCE_KIND.index(shape.reference),
            ref_uncertainty=uncertainty,
            cond_estimate=12.0,
            grad_digest=hashlib.sha256(f"{index}".encode()).hexdigest(),
        ),
    )
    yield (
        "cost",
        _cost(times if timed else np.full(samples, _NAN), evaluations, accepted, rejected, timed)
        | dict(flops_model=12.0 * work, bytes_moved_model=4.0 * work, n_launches=case["launches"] if timed else 0),
    )
    if timed:
        for number, value in enumerate(times):
            launch, rep = divmod(number, samples)
            yield (
                "samples",
                dict(case=index, launch=launch, rep=rep, phase=0, seconds=value, is_warmup=int(rep < 1), flagged=0),
            )
    yield from _memory(index, case, accepted, rejected)
    yield from _checks(index, method, case, error, uncertainty, status, random)
    if method != "adjoint" and case["rtol"] == 1e-4 and status != "oom":
        yield from taylor_rows(index, random)


def _steps(case: dict) -> tuple[int, int]:
    if case["steps"] > 0:
        return case["steps"], 0
    # An order-2 pair takes steps_at_1e3 steps at 1e-3; the number grows like tol^(-1/order).
    accepted = int(case["shape"].steps_at_1e3 * (2 / case["order"]) * (case["rtol"] / 1e-3) ** (-1 / case["order"])) + 4
    return accepted, accepted // 9 + 1


def _evaluations(method: str, stages: int, accepted: int, rejected: int, batch: int) -> dict[str, int]:
    """Counts summed over the batch: f forward, f backward, vector-Jacobian products."""
    forward = (accepted + rejected) * stages * batch
    if method == "naive":
        return dict(nfe_fwd=forward, nfe_bwd=0, n_vjp=forward)
    if method == "adjoint":
        backward = int(1.15 * forward)
        return dict(nfe_fwd=forward, nfe_bwd=backward, n_vjp=backward)
    return dict(nfe_fwd=forward, nfe_bwd=accepted * (stages - 1) * batch, n_vjp=accepted * (stages - 1) * batch)


def _error(case: dict, accepted: int, random: np.random.Generator) -> tuple[float, float]:
    shape, method = case["shape"], case["method"]
    local = case["rtol"] if case["steps"] < 0 else 40.0 * accepted**-4.0
    factor = {"naive": float(np.exp(0.8 * random.standard_normal())), "adjoint": shape.adjoint_factor, "aca": 1.0}[
        method
    ]
    rounding = (6e-8 if case["precision"] == "f32" else 1.1e-16) * accepted
    error = min(shape.error_factor * factor * local * float(np.exp(0.1 * random.standard_normal())), 2.5) + rounding
    return error, max(shape.floor * (0.6 + 0.2 * random.random()), 1e-17)


def _status(case: dict, error: float, uncertainty: float) -> tuple[str, str]:
    """A few known faults, so that the report has something to say."""
    tolerance, key = case["rtol"], (case["problem"], case["method"])
    if key == ("lorenz63", "adjoint") and tolerance == 1e-4:
        return "nonfinite", "reverse solution left the range of double at t = 0.41"
    if key == ("lorenz63", "adjoint") and error > 1:
        return "fail", ""
    if key == ("three_body", "naive") and tolerance == 1e-8 and case["order"] == 3:
        return "oom", "arena of 1.9 GiB could not be allocated"
    if key == ("van_der_pol", "adjoint") and case["control"] == "fixed:n=64":
        return "xfail", "O(h^p) inconsistency with the discrete gradient"
    if uncertainty > 0.1 * error:
        return "inconclusive", "reference is not sharp enough"
    return "pass", ""


def _cost(times: np.ndarray, evaluations: dict[str, int], accepted: int, rejected: int, timed: bool) -> dict:
    median = float(np.median(times))
    deviation = float(np.std(times))
    spread = deviation / np.sqrt(len(times))
    quality = "none" if not timed else "noisy" if deviation > 0.016 * median else "good"
    return dict(
        time_median=median,
        time_min=float(np.min(times)),
        time_mad=float(np.median(np.abs(times - median))),
        time_ci_lo=median - 1.96 * spread,
        time_ci_hi=median + 1.96 * spread,
        time_cv=deviation / float(np.mean(times)),
        forward_median=0.4 * median,
        backward_median=0.6 * median,
        setup_median=0.01 * median,
        n_samples=len(times) if timed else 0,
        n_launches=1 if timed else 0,
        timer_batch=1 if timed else -1,
        timing_quality=schema.TIMING_QUALITY.index(quality),
        timing_reason="" if quality in ("good", "none") else "spread above 1.6 %",
        **evaluations,
        n_jvp=0,
        steps_accepted=accepted,
        steps_rejected=rejected,
        recomputed_steps=accepted,
        kernel_launches=-1,
        linear_solves=0,
        newton_iters=0,
        bytes_moved_model=_NAN,
        flops_model=_NAN,
        imbalance=1.02 if timed else _NAN,
        energy_J=_NAN,
    )


def _memory_bytes(case: dict, accepted: int, rejected: int) -> tuple[int, int]:
    """(checkpoint bytes, other bytes above the baseline), both of one rank."""
    size = 4 if case["precision"] == "f32" else 8
    state = size * case["shape"].dim * case["batch"] // 2
    records = {"naive": (accepted + rejected) * case["stages"], "adjoint": 0, "aca": accepted}[case["method"]]
    return records * (state + 8 * case["batch"]), state * (case["stages"] + 4) + size * case["shape"].params * 2


def _memory(index: int, case: dict, accepted: int, rejected: int) -> Iterator[tuple[str, dict]]:
    tape, other = _memory_bytes(case, accepted, rejected)
    labels = [
        (f"retrace::{case['method']}::records", tape),
        ("retrace::rk::k", 2 * other // 3),
        ("retrace::gradient::lambda", other - 2 * other // 3),
    ]
    largest = max(labels, key=lambda item: item[1])
    for space in MEMORY_SPACES:
        for stat in ("max_rank", "min_rank", "median_rank", "sum_ranks"):
            above = (tape + other) * (2 if stat == "sum_ranks" else 1)
            yield (
                "memory",
                dict(
                    case=index,
                    space=space,
                    kind=0,
                    stat=schema.MEMORY_STAT.index(stat),
                    baseline_bytes=65536,
                    peak_bytes=65536 + above,
                    peak_above_baseline=above,
                    end_bytes=65536,
                    alloc_count=6,
                    largest_label=largest[0],
                    largest_bytes=largest[1],
                    unmatched_frees=0,
                ),
            )
        for label, live in labels:
            if live:
                yield "mem_labels", dict(case=index, space=space, label=label, live_at_peak=live)


def _checks(
    index: int, method: str, case: dict, error: float, uncertainty: float, status: str, random: np.random.Generator
) -> Iterator[tuple[str, dict]]:
    def row(check: str, value: float, threshold: float, verdict: str, message: str = "") -> tuple[str, dict]:
        return "checks", dict(
            case=index,
            check=check,
            value=value,
            threshold=threshold,
            op="<=",
            verdict=schema.VERDICT.index(verdict),
            message=message,
            seconds=2e-3,
        )

    if status == "oom":
        return
    if status == "nonfinite":
        yield row("finite", _NAN, 0.0, "fail", "dL/dy0 of trajectory 17 is not finite")
        yield row("dual", _NAN, _NAN, "skipped", "gradient is not finite")
        return
    yield row("finite", 0.0, 0.0, "pass")
    yield row("repro", 0.0, 0.0, "pass")
    yield row("rank_invariance", 0.0, 0.0, "pass")
    if method == "aca":
        yield row("dual", 3e-15 * (1 + random.random()), 1e-12, "pass")
    if status in ("fail", "xfail"):
        yield row("reference", error, 0.5, "fail", "error of the gradient exceeds the limit for consistent methods")
    elif uncertainty > 0.1 * error:
        yield row("reference", error, 10 * error, "inconclusive", "the reference is known to 0.1 x the error only")
    else:
        yield row("reference", error, 10 * error, "pass")
    yield row("memory_model", 1.0 + 0.02 * random.random(), 1.1, "pass")
    yield row("leak", 0.0, 0.0, "pass")
