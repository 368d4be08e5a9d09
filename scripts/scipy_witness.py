#!/usr/bin/env python3
"""Gradients by forward sensitivity in SciPy's DOP853: a witness that shares no line with the program.

Right-hand sides are written here a second time; their derivatives are complex steps; y and the tangents of all unknowns are
one system for solve_ivp. Writes L, dL/dy0 and dL/dp of a problem's first trajectory as JSON, which the test `references`
holds the program's own gradients against.

  scripts/scipy_witness.py                                 # all problems, to standard output
  scripts/scipy_witness.py van_der_pol --set mu=5 T=0.5
  scripts/scipy_witness.py --write verification/tests/reference/scipy.json
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
from scipy.integrate import solve_ivp

Array = np.ndarray
TIGHT = {"rtol": 1e-13, "atol": 1e-15}  # rtol: SciPy takes none below 2.2e-14
COMPLEX_STEP = 1e-100  # no difference is formed, so nothing cancels


@dataclass(frozen=True)
class Problem:
    """f takes states as columns, [component][column], and parameters, [parameter][column]."""

    arguments: dict[str, float]
    start: Callable[[dict[str, float]], tuple[Array, Array]]  # y0 and p
    f: Callable[[Array, Array], Array]
    loss: Callable[[Array], float]
    loss_gradient: Callable[[Array], Array]


def sum_of_squares(y: Array) -> float:
    return float(y @ y)


def van_der_pol(y: Array, p: Array) -> Array:
    return np.array([y[1], p[0] * (1.0 - y[0] ** 2) * y[1] - y[0]])


def lorenz63(y: Array, p: Array) -> Array:
    return np.array([p[0] * (y[1] - y[0]), y[0] * (p[1] - y[2]) - y[1], y[0] * y[1] - p[2] * y[2]])


def three_body(y: Array, p: Array) -> Array:
    k1, k2 = 0.20048437269236738, 7.239323869320315
    r, rate = y[:9].reshape(3, 3, -1), np.zeros_like(y)
    rate[:9] = k2 * y[9:]
    pull = rate[9:].reshape(3, 3, -1)  # a view
    for i in range(3):
        for j in range(3):
            if i != j:
                d = r[j] - r[i]
                pull[i] += k1 * p[j] * d / (d * d).sum(axis=0) ** 1.5
    return rate


def three_body_start(arguments: dict[str, float]) -> tuple[Array, Array]:
    del arguments
    r, v = [0.0, 0.2, 0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 0.5], [0.0, 0.1, 0.0, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0]
    return np.array(r + v), np.array([1.1, 1.1, 0.9])


PROBLEMS = {
    "van_der_pol": Problem(
        {"mu": 0.15, "T": 25.0},
        lambda a: (np.array([2.0, 0.0]), np.array([a["mu"]])),
        van_der_pol,
        sum_of_squares,
        lambda y: 2.0 * y,
    ),
    "lorenz63": Problem(
        {"T": 2.0},
        lambda a: (np.array([1.0, 1.0, 20.0]), np.array([10.0, 28.0, 8.0 / 3.0])),
        lorenz63,
        sum_of_squares,
        lambda y: 2.0 * y,
    ),
    "three_body": Problem(
        {"T": 1.0}, three_body_start, three_body, lambda y: sum_of_squares(y) / 18.0, lambda y: y / 9.0
    ),
}


def gradient(problem: Problem, arguments: dict[str, float]) -> dict[str, object]:
    """L and its gradient at the end of [0, T]."""
    y0, p = problem.start(arguments)
    n, unknowns = len(y0), len(y0) + len(p)
    directions_of_p = np.hstack([np.zeros((len(p), n)), np.eye(len(p))])

    def rhs(_t: float, x: Array) -> Array:
        y, s = x[:n, None], x[n:].reshape(n, unknowns)
        moved = problem.f(y + 1j * COMPLEX_STEP * s, p[:, None] + 1j * COMPLEX_STEP * directions_of_p)
        plain = problem.f(y, p[:, None])
        return np.concatenate([plain.ravel(), (moved.imag / COMPLEX_STEP).ravel()])

    s0 = np.hstack([np.eye(n), np.zeros((n, len(p)))])
    solution = solve_ivp(rhs, (0.0, arguments["T"]), np.concatenate([y0, s0.ravel()]), method="DOP853", **TIGHT)
    if not solution.success:
        raise RuntimeError(f"DOP853 did not reach T: {solution.message}")
    y, s = solution.y[:n, -1], solution.y[n:, -1].reshape(n, unknowns)
    along = problem.loss_gradient(y) @ s
    return {
        "arguments": arguments,
        "loss": problem.loss(y),
        "dloss_dy0": along[:n].tolist(),
        "dloss_dp": along[n:].tolist(),
        "evaluations": int(solution.nfev),
    }


def changed(problem: str, settings: list[str]) -> dict[str, float]:
    arguments = dict(PROBLEMS[problem].arguments)
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in arguments:
            near = difflib.get_close_matches(name, arguments, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'?" if near else "it has " + ", ".join(arguments)
            raise SystemExit(f"--set: problem '{problem}' has no argument '{name}'; {hint}")
        try:
            arguments[name] = float(value)
        except ValueError:
            raise SystemExit(f"--set {setting}: '{value}' is not a number") from None
    return arguments


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", nargs="?", choices=sorted(PROBLEMS), help="all of them if none is named")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="arguments of the problem")
    parser.add_argument("--write", type=Path, metavar="FILE", help="to this file instead of standard output")
    options = parser.parse_args(words)
    if options.set and options.problem is None:
        parser.error("--set needs a problem")
    names = [options.problem] if options.problem else sorted(PROBLEMS)
    document = {
        "method": f"forward sensitivity, SciPy {scipy.__version__} DOP853, rtol {TIGHT['rtol']:g}, atol {TIGHT['atol']:g}",
        "problems": {name: gradient(PROBLEMS[name], changed(name, options.set)) for name in names},
    }
    text = json.dumps(document, indent=1) + "\n"
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
