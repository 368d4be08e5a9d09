"""`retrace compare` on a solver in which one constant was changed, as by an unlucky commit: slower, fatter, less accurate (see
app/CMakeLists.txt). Each goes red in its own tier with its own code; the same program again does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import program
import pytest

LAUNCHES = 5  # as many as times need to gate
SUITE = """\
schema = 1
title = "One case that takes a few milliseconds"

[run]
repeat = 5
warmup = 1
min_time = "20ms"
case_timeout = "1min"

[checks]
taylor = { enable = false }

[[matrix]]
name = "m"
problem = "lorenz63"
problem_args = { T = 1.0, n = 256 }
method = "aca"
solver = "dormand_prince54"
control = { adaptive = { rtol = 1e-6 } }
"""


def measured(which: str, folder: Path) -> Path:
    """A result of five launches of `retrace` or of one of the changed programs."""
    file = folder / f"{which}.h5"
    words = ["run", "-q", "--no-ceilings", "-c", "suite.toml", "-o", file.name, "--launches", str(LAUNCHES)]
    name = program.PROGRAM if which in ("base", "again") else str(Path(program.PROGRAM).parent / f"retrace_{which}")
    done = program.plain([name, *words], cwd=folder)
    assert done.code == 0, done  # every check passes: what changed is no fault, so only a comparison can tell
    return file


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("changed")
    (folder / "suite.toml").write_text(SUITE)
    for which in ("base", "again", "slower", "fatter", "less_accurate"):
        measured(which, folder)
    return folder


def lines(folder: Path, which: str, *more: str) -> tuple[int, list[dict[str, Any]]]:
    done = program.run("compare", f"{which}.h5", "base.h5", "--format", "json", *more, cwd=folder)
    return done.code, json.loads(done.out)["lines"]


def compared(folder: Path, which: str, *more: str) -> tuple[int, set[str]]:
    """The code, and the reasons for what is worse."""
    code, found = lines(folder, which, *more)
    return code, {line["reason"] for line in found if line["verdict"] == "worse" and line["gates"]}


EXACT = ("--gate", "numeric,counters,memory")  # what does not depend on who else uses the machine


def test_the_same_program_is_green(results: Path) -> None:
    assert compared(results, "again", *EXACT) == (0, set())


def test_slower(results: Path) -> None:
    assert compared(results, "slower", *EXACT) == (0, set())  # the same numbers, steps and bytes
    for _ in range(3):
        if compared(results, "slower") == (3, {"time-slower"}):
            return
        said = {line["reason"] for line in lines(results, "slower")[1] if line["tier"] == "time"}
        assert said <= {"time-quality", "time-inconclusive"}, said  # with others at work it may not know; never `same`
        for which in ("base", "slower"):
            (results / f"{which}.h5").unlink()
            measured(which, results)
    pytest.skip("others use this machine: its launches scatter too much to judge times")


def test_fatter(results: Path) -> None:
    assert compared(results, "fatter", *EXACT) == (3, {"bytes-more"})


def test_less_accurate(results: Path) -> None:
    code, reasons = compared(results, "less_accurate", *EXACT)
    assert code == 1 and "error-grew" in reasons
    assert reasons <= {"error-grew", "digest-differs", "counter-more"}  # longer steps, and more of them rejected
