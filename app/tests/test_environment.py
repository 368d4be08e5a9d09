"""What is stored of build, machine and job; what never is."""

from __future__ import annotations

import getpass
import json
import re
import socket
from pathlib import Path

import h5py
import program
import pytest

SECRET = "s3cr3t-value-0f-a-test"
PLANTED = {
    "OMP_API_KEY": SECRET,
    "KOKKOS_TOKEN": SECRET,
    "OMP_my_Password": SECRET,
    "KMP_CLIENT_SECRET": SECRET,
    "KOKKOS_AUTH": SECRET,
    "GITHUB_TOKEN": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "SLURM_JOB_ACCOUNT": SECRET,  # no secret, but shown only on demand
}


def env(*options: str, cwd: Path, **variables: str) -> dict:
    done = program.run("env", "--json", *options, cwd=cwd, **variables)
    assert (done.code, done.err) == (0, ""), done
    return json.loads(done.out)


def test_secrets_are_never_stored(folder: Path) -> None:
    for options in ((), ("--json",)):
        assert SECRET not in program.run("env", *options, cwd=folder, **PLANTED).out
    done = program.run("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5", cwd=folder, **PLANTED)
    assert done.code == 0, done
    with h5py.File(folder / "out.h5") as file:  # the columns are compressed, so their text and not the file's bytes
        values = [value for name in ("scope", "key", "value") for value in file["environment"][name].asstr()[:]]
    assert len(values) > 90 and not any(SECRET in value for value in values)


def test_what_is_harmless_is_stored(tmp_path: Path) -> None:  # so that the test above can fail
    stored = env(cwd=tmp_path, OMP_PROC_BIND="close", KOKKOS_TEST_NAME="seen")
    assert stored["runtime"]["OMP_PROC_BIND"] == "close"
    assert stored["runtime"]["KOKKOS_TEST_NAME"] == "seen"


def test_account_only_in_full(tmp_path: Path) -> None:
    job = {"SLURM_JOB_ID": "7", "SLURM_JOB_ACCOUNT": "project-x"}
    assert "project-x" not in json.dumps(env(cwd=tmp_path, **job))
    assert env("--env-full", cwd=tmp_path, **job)["job"]["account"] == "project-x"
    assert env(cwd=tmp_path, **job)["job"]["scheduler"] == "slurm"


def test_anonymous_has_no_names(tmp_path: Path) -> None:
    open_text = json.dumps(env(cwd=tmp_path))
    closed = env("--anonymous", cwd=tmp_path)
    assert socket.gethostname() in open_text
    assert socket.gethostname() not in json.dumps({k: v for k, v in closed.items() if k != "build"})
    assert "user" not in closed and env(cwd=tmp_path)["user"]["user"] == getpass.getuser()


def test_facts_are_there(tmp_path: Path) -> None:
    found = env(cwd=tmp_path)
    wanted = {
        "build": {"version", "git_commit", "git_branch", "git_dirty", "compiler", "compiler_name", "cxx_standard"}
        | {"cxx_flags", "cmake", "sanitizers", "fast_math", "contraction", "libraries", "libm"},
        "kokkos": {"version", "backends", "enabled", "default_space", "concurrency", "tools", "configuration"},
        "mpi": {"standard", "library", "jobsize", "numhosts", "hostlist", "ranks_per_node", "thread_level", "gpu_aware"},
        "host": {"hostname", "clustername", "kernel", "os", "memory", "load_average", "container", "time_zone"},
        "cpu": {"model", "logical_cores"},
        "gpu": {"count"},
        "runtime": {"hdf5", "executable", "launchdate", "rounding", "subnormals"},
        "job": {"scheduler"},
    }
    for scope, keys in wanted.items():
        assert keys <= set(found[scope]), (scope, keys - set(found[scope]))
    assert "-ffp-contract=off" in found["build"]["cxx_flags"] and found["build"]["contraction"] == "off"
    assert "/" not in found["build"]["cxx_flags"]  # flags, not the places of a machine
    assert re.search(r"libc\.so\.6:[0-9a-f]{16}", found["build"]["libraries"])
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", found["build"]["git_commit"])


def test_fingerprints(tmp_path: Path) -> None:
    base, again = env(cwd=tmp_path), env(cwd=tmp_path)
    other = env(cwd=tmp_path, OMP_PROC_BIND="spread", OMP_PLACES="cores")
    for name in ("fingerprint_hw", "fingerprint_sw"):
        assert re.fullmatch(r"[0-9a-f]{16}", base[name])
        assert again[name] == base[name]
    assert other["fingerprint_hw"] != base["fingerprint_hw"]  # another binding
    assert other["fingerprint_sw"] == base["fingerprint_sw"]


@pytest.mark.ranks
def test_every_rank_has_its_place(folder: Path) -> None:
    done = program.run_ranks(3, "run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5", cwd=folder)
    assert done.code == 0, done
    with h5py.File(folder / "out.h5") as file:
        ranks = file["ranks"]
        assert list(ranks["rank"][:]) == [0, 1, 2]
        assert list(ranks["threads"][:]) == [1, 1, 1]
        assert all(re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", cpus) for cpus in ranks["cpus"].asstr()[:])
        assert all(re.fullmatch(r"[0-9a-f]{16}", text) for text in file["runs/fingerprint_hw"].asstr()[:])
    program.assert_valid(folder / "out.h5")
