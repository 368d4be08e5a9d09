"""The program `retrace doctor`, and the ceilings that `retrace run` writes down. No rate is compared with a number."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path

import h5py
import pytest

PROGRAM = os.environ["RETRACE_PROGRAM"]
SHORT = ("--repeat", "2", "--min-time", "0.001")


def run(*arguments: str, launcher: tuple[str, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*launcher, PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


def verdicts(answer: dict) -> dict[str, str]:
    return {finding["name"]: finding["verdict"] for finding in answer["findings"]}


@pytest.fixture(scope="module")
def examined() -> tuple[int, dict]:
    done = run("doctor", "--json", "--gemm", "8,9,10", *SHORT)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_exit_code_and_verdict_are_the_worst_finding(examined: tuple[int, dict]) -> None:
    code, answer = examined
    found = set(verdicts(answer).values())
    assert found <= {"ok", "warn", "fail"}
    assert answer["verdict"] == ("fail" if "fail" in found else "warn" if "warn" in found else "ok")
    assert code == (1 if "fail" in found else 0)


def test_every_finding_has_a_value_and_a_reason(examined: tuple[int, dict]) -> None:
    _, answer = examined
    machine = {"threads", "binding", "memory_nodes", "hardware_threads", "load", "governor", "turbo", "gpu"}
    assert machine | {"build", "output", "file_locks"} <= set(verdicts(answer))
    for finding in answer["findings"]:
        assert finding["value"] and finding["reason"], finding


def test_rates_are_finite_and_include_the_wanted_shape(examined: tuple[int, dict]) -> None:
    _, answer = examined
    assert answer["threads"] == 1
    keys = [ceiling["key"] for ceiling in answer["ceilings"]]
    assert len(keys) == len(set(keys))
    assert {"fma_gflops_f64", "fma_gflops_f32", "triad_l1_gbytes_f64", "triad_l2_gbytes_f64"} <= set(keys)
    assert {"triad_memory_gbytes_f64", "gemm_gflops_f64_8x9x10", "gemm_gflops_f32_8x9x10"} <= set(keys)
    for ceiling in answer["ceilings"]:
        assert math.isfinite(ceiling["median"]) and ceiling["median"] > 0
        assert ceiling["unit"] in ("GFLOP/s", "GB/s")


def test_table_ends_with_the_verdict() -> None:
    done = run("doctor", "--no-ceilings")
    assert "GFLOP/s" not in done.stdout
    assert done.stdout.strip().splitlines()[-1].split(":")[0] in (
        "fit for timing",
        "usable for timing, with reservations",
        "times measured here mean nothing",
    )


def test_two_ranks_print_once() -> None:
    launcher = (os.environ["RETRACE_MPIEXEC"], os.environ["RETRACE_NUMPROC_FLAG"], "2")
    done = run("doctor", "--json", *SHORT, launcher=launcher)
    answer = json.loads(done.stdout)
    assert answer["ranks"] == 2
    assert "2 ranks" in next(f["value"] for f in answer["findings"] if f["name"] == "threads")
    assert (done.returncode == 1) == (answer["verdict"] == "fail")


def test_more_threads_than_processors_fail() -> None:
    threads = str(len(os.sched_getaffinity(0)) + 1)
    done = run("doctor", "--json", "--no-ceilings", OMP_NUM_THREADS=threads)
    answer = json.loads(done.stdout)
    if answer["threads"] == 1:
        pytest.skip("this build of Kokkos has no threads")
    assert done.returncode == 1
    assert verdicts(answer)["threads"] == "fail"


def test_folder_that_cannot_be_written_to_fails(tmp_path: Path) -> None:
    done = run("doctor", "--json", "--no-ceilings", "-o", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert verdicts(json.loads(done.stdout))["output"] == "fail"


def test_folder_is_left_as_it_was(tmp_path: Path) -> None:
    done = run("doctor", "--json", "--no-ceilings", "-o", str(tmp_path))
    assert verdicts(json.loads(done.stdout))["output"] == "ok"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", ["8,9", "8,9,x", "0,1,1", "8,9,10,11"])
def test_bad_shape_is_a_usage_error(shape: str) -> None:
    done = run("doctor", "--gemm", shape)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and shape in done.stderr


def host_rows(path: Path) -> dict[str, str]:
    with h5py.File(path) as file:
        table = file["environment"]
        rows = zip(*(table[column].asstr()[:] for column in ("scope", "key", "value")))
        return {key: value for scope, key, value in rows if scope == "host"}


@pytest.mark.parametrize("options", [(), ("--no-ceilings",)])
def test_run_writes_the_ceilings_down(tmp_path: Path, options: tuple[str, ...]) -> None:
    output = tmp_path / "result.h5"
    done = run("run", "-k", "linear/aca/euler/**", "-o", str(output), *options)
    assert done.returncode == 0, done.stderr + done.stdout
    ceilings = {key: value for key, value in host_rows(output).items() if key.startswith("ceiling_")}
    assert bool(ceilings) == (not options)
    if ceilings:
        assert ceilings["ceiling_threads"] == "1"
        for threads in ("1thread", "all_threads"):
            assert float(ceilings[f"ceiling_fma_gflops_f64_{threads}"]) > 0
