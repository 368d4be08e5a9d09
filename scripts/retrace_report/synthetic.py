"""A realistic result file without a run: for the tests, and to look at the report. Same seed, same numbers.

The numbers follow simple laws (steps ~ tol^(-1/order), error ~ tol, costs by the methods' counts); nothing is measured.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from . import schema
from .h5write import write_config, write_root, write_table
from .synthetic_case import MEMORY_SPACES, case_rows
from .synthetic_checks import convergence_rows

METHODS = {"naive": "exact_program", "adjoint": "consistent", "aca": "exact_frozen"}
SOLVERS = {
    "heun_euler21": (2, 2),
    "bogacki_shampine32": (3, 4),
    "dormand_prince54": (5, 7),
    "tsitouras54": (5, 7),
    "rk4": (4, 4),
}  # order, stages


@dataclass(frozen=True)
class ProblemShape:
    family: str
    dim: int
    params: int
    steps_at_1e3: float  # accepted steps of an order-2 pair at tolerance 1e-3
    error_factor: float  # error / tolerance of a discrete gradient
    adjoint_factor: float  # adjoint's error over that
    floor: float  # smallest error that its reference can tell
    reference: str


PROBLEMS = {
    "linear": ProblemShape("analytic", 1, 1, 24, 0.8, 0.7, 1e-16, "analytic"),
    "van_der_pol": ProblemShape("oscillator", 2, 1, 60, 9.0, 22, 2e-8, "refined"),
    "lorenz63": ProblemShape("chaotic", 3, 3, 90, 60.0, 4e3, 3e-7, "extended"),
    "three_body": ProblemShape("hamiltonian", 18, 3, 130, 30.0, 35, 1e-13, "extended"),
    "neural_mlp": ProblemShape("neural", 16, 1104, 30, 1.5, 90, 1e-12, "refined"),
}


CEILINGS = {
    "fma_gflops_f64": "50",
    "fma_gflops_f32": "100",
    "triad_l1_gbytes_f64": "300",
    "triad_l2_gbytes_f64": "110",
    "triad_memory_gbytes_f64": "18",
}
_MATRIX = {
    "name": "all",
    "exclude": [
        {"method": "adjoint", "solver": "rk4", "problem": "three_body", "reason": "reverse solution leaves the orbit"}
    ],
}


@dataclass(frozen=True)
class Axes:
    """What the synthetic suite runs over."""

    problems: tuple[str, ...] = ()  # all of them
    solvers: tuple[str, ...] = ("bogacki_shampine32", "dormand_prince54")
    tolerances: tuple[float, ...] = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
    fixed_steps: tuple[int, ...] = (64, 128, 256, 512)
    batches: tuple[int, ...] = (256,)
    precisions: tuple[str, ...] = ("f64",)
    samples: int = 9
    launches: int = 1
    ranks: int = 2
    threads: int = 1
    pace: float = 1.0  # all times are so many times longer


def axes_of_about(cases: int) -> Axes:
    """Axes that make at least `cases` cases (for the time limit of the report)."""
    solvers = ("bogacki_shampine32", "dormand_prince54", "heun_euler21")
    fixed: tuple[int, ...] = ()
    settings = len(PROBLEMS) * len(METHODS) * len(solvers) * 2
    batches = (64, 256, 1024, 4096)
    levels = -(-cases // (settings * len(batches)))
    tolerances = tuple(float(f"{t:.3g}") for t in np.geomspace(1e-2, 1e-10, levels))
    return Axes((), solvers, tolerances, fixed, batches, ("f64", "f32"))


def _controls(axes: Axes, solver: str) -> list[tuple[str, str, float, int]]:
    """(control, its part of the case id, rtol, steps) of each setting of the solver."""
    if solver == "rk4":
        return [(f"fixed:n={n}", f"n{n}", float("nan"), n) for n in axes.fixed_steps]
    return [(f"adaptive:rtol={t:g},atol={t:g}", f"rtol{t:g}-atol{t:g}", t, -1) for t in axes.tolerances]


def _cases(axes: Axes) -> list[dict]:
    """The axes of every case, in the order of the file."""
    found = []
    solvers = (*axes.solvers, *(("rk4",) if axes.fixed_steps else ()))
    for problem, shape in PROBLEMS.items():
        if axes.problems and problem not in axes.problems:
            continue
        for batch in axes.batches:
            for precision in axes.precisions:
                for method in METHODS:
                    for solver in solvers:
                        for control, part, rtol, steps in _controls(axes, solver):
                            case_id = f"{problem}/{method}/{solver}/{part}/n{shape.dim}-b{batch}/{precision}/openmp"
                            found.append(
                                dict(
                                    case_id=case_id,
                                    problem=problem,
                                    shape=shape,
                                    method=method,
                                    solver=solver,
                                    order=SOLVERS[solver][0],
                                    stages=SOLVERS[solver][1],
                                    control=control,
                                    rtol=rtol,
                                    steps=steps,
                                    batch=batch,
                                    precision=precision,
                                    ranks=axes.ranks,
                                    threads=axes.threads,
                                    launches=axes.launches,
                                    pace=axes.pace,
                                )
                            )
    return found


def write(
    path: str | Path,
    axes: Axes = Axes(),
    *,
    title: str = "Synthetic work-precision study",
    finalized: bool = True,
    faults: bool = True,
    version: str = schema.VERSION_TEXT,
    seed: int = 1,
    created: str = "2024-06-01T12:00:00Z",
) -> int:
    """Writes a complete file and returns its number of cases. Without `faults` every case passes."""
    random = np.random.default_rng(seed)
    tables = {table.name: {column.name: [] for column in table.columns} for table in schema.TABLES}
    cases = _cases(axes)
    for index, case in enumerate(cases):
        for table, row in case_rows(index, case, METHODS[case["method"]], faults, axes.samples, random):
            for name, value in row.items():
                tables[table][name].append(value)
    for row in convergence_rows(cases):
        for name, value in row.items():
            tables["convergence"][name].append(value)
    _runs(tables["runs"], axes)
    _environment(tables["environment"])
    config = {
        "schema": 1,
        "title": title,
        "run": {"seed": 20240601, "repeat": axes.samples, "warmup": 2},
        "matrix": [_MATRIX],
    }
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        write_root(file, title, finalized, version, created)
        write_config(
            file,
            f'schema = 1\ntitle  = "{title}"\n\n[run]\nseed = 20240601\nrepeat = {axes.samples}\n',
            json.dumps(config),
            "6b1f" * 16,
        )
        for table in schema.TABLES:
            write_table(file, table, tables[table.name])
    return len(cases)


def _runs(runs: dict[str, list], axes: Axes) -> None:
    row = dict(
        run_uuid="3e0c8a52-0000-4000-8000-000000000001",
        started_utc="2024-06-01T12:00:00Z",
        ended_utc="2024-06-01T12:04:31Z",
        cmdline="retrace run -c suites/quick.toml -o results/quick.h5",
        workdir_hash="91ab",
        fingerprint_hw="7d31c0ffee104b22",
        fingerprint_sw="0badcafe55aa1234",
        shard="1/1",
        launch_index=0,
        exit_code=1,
        world_size=axes.ranks,
        ended_by=schema.ENDED_BY.index("finished"),
        seed=20240601,
    )
    for name, value in row.items():
        runs[name].append(value)


def _environment(environment: dict[str, list]) -> None:
    pairs = {
        "build": {
            "version": "0.1.0",
            "git_sha": "0123456789abcdef0123456789abcdef01234567",
            "dirty": "no",
            "build_type": "Release",
            "compiler": "GNU 12.2.0",
            "flags_cxx": "-O3 -DNDEBUG -march=native -std=c++20",
            "fast_math": "off",
        },
        "kokkos": {
            "version": "4.5.1",
            "backends": "Serial;OpenMP",
            "architectures": "native",
            "print_configuration": "Kokkos Version: 4.5.1\nHost: OpenMP\n  OpenMP thread_pool_topology[ 1 x 2 x 1 ]",
        },
        "mpi": {"standard": "3.1", "library": "Open MPI v4.1.4", "thread_level": "serialized", "gpu_aware": "no"},
        "host": {"hostname": "node017", "os": "Linux 6.1", "cpu_model": "Example CPU, 2 cores", "memory": "8 GiB"},
        "runtime": {"OMP_NUM_THREADS": "1", "OMP_PROC_BIND": "close"},
    }
    pairs["host"] |= {f"ceiling_{key}_1thread": value for key, value in CEILINGS.items()}
    pairs["host"] |= {f"ceiling_{key}_all_threads": value for key, value in CEILINGS.items()}
    pairs["host"]["ceiling_widest_spread"] = "0.03"
    for scope, entries in pairs.items():
        for key, value in entries.items():
            for name, item in dict(run=0, scope=scope, key=key, value=value).items():
                environment[name].append(item)


__all__ = ["Axes", "MEMORY_SPACES", "METHODS", "PROBLEMS", "SOLVERS", "axes_of_about", "write"]
