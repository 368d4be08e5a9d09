"""What the program tells its caller: one test for each code of docs/design.md."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import h5py
import program
import pytest

RUN = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "suite.toml").read_text()
    assert old in text
    (folder / "suite.toml").write_text(text.replace(old, new))


def test_0_all_passed(folder: Path) -> None:
    assert program.run(*RUN, cwd=folder).code == 0


def test_1_a_failure(folder: Path) -> None:
    edit(folder, "rtol = 1e-6", "rtol = 1e-6, max_steps = 2")
    assert program.run(*RUN, cwd=folder).code == 1


def test_2_a_call_that_cannot_be(folder: Path) -> None:
    assert program.run("run", "--no-such-option", cwd=folder).code == 2
    edit(folder, "rtol", "rtoll")
    assert program.run(*RUN, cwd=folder).code == 2


def test_3_more_memory_and_nothing_else(folder: Path) -> None:
    assert program.run(*RUN, cwd=folder).code == 0
    shutil.copy(folder / "out.h5", folder / "base.h5")
    with h5py.File(folder / "base.h5", "r+") as file:
        file["memory/peak_above_baseline"][:] //= 2
    assert program.run("compare", "out.h5", "base.h5", cwd=folder).code == 3


def test_4_inconclusive_and_strict(folder: Path) -> None:
    edit(folder, 'method = "aca"', 'method = "adjoint"\nprecision = "f32"')
    edit(folder, "rtol = 1e-6", "rtol = 5e-5")  # no room for a tighter tolerance in single precision
    assert program.run(*RUN, cwd=folder).code == 0
    assert program.run(*RUN[:-1], "strict.h5", "--strict", cwd=folder).code == 4


def test_5_nothing_selected(folder: Path) -> None:
    assert program.run(*RUN, "-k", "no-such-case", cwd=folder).code == 5
    assert program.run(*RUN, "-k", "no-such-case", "--allow-empty", cwd=folder).code == 0


def test_70_what_should_not_be(folder: Path) -> None:
    """A bug cannot be had by request; a launch that starts nothing ends the same way."""
    assert program.run(*RUN, "--launches", "2", "--launcher", "no-such-launcher", cwd=folder).code == 70


def test_71_surroundings(folder: Path) -> None:
    done = program.run(*RUN[:-1], "/proc/out.h5", cwd=folder)
    assert done.code == 71, done


def test_75_stopped_early(folder: Path) -> None:
    edit(folder, "rtol = 1e-6", f"rtol = {[10.0**-k for k in range(2, 11)]}")
    words = [program.PROGRAM, *RUN, "--min-time", "0.2"]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        running.stdout.read()
    assert running.returncode == 75
    assert program.run("inspect", "--exit-code", "out.h5", cwd=folder).code == 75


def test_77_a_backend_that_this_build_lacks(folder: Path) -> None:
    if "\n  cuda" in program.run("list", "backends", cwd=folder).out:
        pytest.skip("this build has the backend")
    edit(folder, 'method = "aca"', 'method = "aca"\nbackend = "cuda"')
    done = program.run(*RUN, cwd=folder)
    assert done.code == 77 and done.last_line == "0 passed, 0 failed, 1 skipped", done
    assert program.run("inspect", "--exit-code", "out.h5", cwd=folder).code == 77
