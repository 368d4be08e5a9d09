"""The installed tree: complete, in DESTDIR, movable; and the example of docs/examples/own_code built from it alone: a problem, a
scheme and a gradient method of a user's own under the whole command line, and the same with a mistake in the scheme."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import program
import pytest

BUILD = Path(os.environ["RETRACE_BUILD"])
SOURCE = Path(os.environ["RETRACE_SOURCE"])
CMAKE = os.environ["RETRACE_CMAKE"]
PATIENCE = 900.0  # seconds; the example compiles every method for its problem, on a machine that may be busy


def call(*words: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed into DESTDIR for a prefix that does not exist, then moved elsewhere."""
    stage = tmp_path_factory.mktemp("stage")
    prefix = "/opt/retrace-that-is-not-there"
    call(CMAKE, "--install", str(BUILD), "--prefix", prefix, cwd=stage, DESTDIR=str(stage))
    assert not Path(prefix).exists()
    moved = tmp_path_factory.mktemp("moved") / "tree"
    shutil.move(str(stage) + prefix, moved)
    return moved


def test_tree_is_complete(tree: Path) -> None:
    names = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    libraries = next(path.parent for path in tree.rglob("libretrace_core.a")).relative_to(tree)
    for wanted in (
        "bin/retrace",
        f"{libraries}/libretrace_program.a",
        f"{libraries}/cmake/retrace/retraceConfig.cmake",
        f"{libraries}/cmake/retrace/retraceConfigVersion.cmake",
        f"{libraries}/cmake/retrace/retraceTargets.cmake",
        "include/retrace/app/retrace_main.hpp",
        "include/retrace/solvers/registry.hpp",
        "include/retrace/verification/user_problem.hpp",
        "include/retrace/verification/method_catalogue.hpp",
        "share/bash-completion/completions/retrace",
        "share/zsh/site-functions/_retrace",
        "share/fish/vendor_completions.d/retrace.fish",
        "share/man/man1/retrace.1",
        "share/man/man1/retrace-run.1",
        "share/retrace/scripts/report.py",
        "share/retrace/suites/quick.toml",
        "share/retrace/reframe/retrace_check.py",
        "share/retrace/benchpark/application.py",
        "share/retrace/schemas/suite.schema.json",
        "share/retrace/examples/own_code/CMakeLists.txt",
        "share/doc/retrace/LICENSE",
    ):
        assert wanted in names, wanted
    assert not any("__pycache__" in name for name in names)


def test_no_file_of_the_package_names_a_place(tree: Path) -> None:
    for file in next(path.parent for path in tree.rglob("retraceTargets.cmake")).iterdir():
        text = file.read_text()
        assert str(BUILD) not in text and str(SOURCE) not in text, file


def test_components(tmp_path: Path) -> None:
    call(CMAKE, "--install", str(BUILD), "--prefix", str(tmp_path), "--component", "runtime", cwd=tmp_path)
    assert (tmp_path / "bin/retrace").exists()
    assert not (tmp_path / "include").exists() and not list(tmp_path.rglob("*.a"))


def test_moved_program_runs_and_reports(tree: Path, folder: Path) -> None:
    moved = str(tree / "bin/retrace")
    assert program.plain([moved, "--version"], cwd=folder).out.startswith("retrace ")
    done = program.plain([moved, "run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5"], cwd=folder)
    assert done.code == 0, done
    done = program.plain([moved, "report", "out.h5", "-o", "out.html"], cwd=folder)
    assert done.code == 0 and (folder / "out.html").exists(), done


@pytest.fixture(scope="module")
def example(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, copied from the installed tree and built in a folder of its own."""
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(tree / "share/retrace/examples/own_code", folder, dirs_exist_ok=True)
    where = [f"-DCMAKE_PREFIX_PATH={tree}", f"-DKokkos_DIR={os.environ['RETRACE_KOKKOS_DIR']}"]
    launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={ccache}"] if (ccache := shutil.which("ccache")) else []
    compiler = f"-DCMAKE_CXX_COMPILER={os.environ['RETRACE_CXX']}"
    kind = f"-DCMAKE_BUILD_TYPE={os.environ['RETRACE_BUILD_TYPE']}"
    flags = f"-DCMAKE_CXX_FLAGS={os.environ['RETRACE_CXX_FLAGS']}"
    call(CMAKE, "-G", "Ninja", "-S", ".", "-B", "build", *where, *launcher, compiler, kind, flags, cwd=folder)
    call(CMAKE, "--build", "build", cwd=folder)
    return folder


def test_example_has_the_whole_command_line(example: Path) -> None:
    listed = program.plain(["build/my_retrace", "list"], cwd=example).out
    for name in ("pendulum", "my_aca", "cash_karp54", "lorenz63", "dormand_prince54"):
        assert re.search(rf"^  {name} ", listed, re.MULTILINE), name


def test_example_passes(example: Path) -> None:
    done = program.plain(["build/my_retrace", "verify", "-c", "study.toml", "-o", "good.h5"], cwd=example)
    assert done.code == 0, done
    result = program.read(example / "good.h5")
    assert {case.id.split("/")[0] for case in result.cases} == {"pendulum", "lorenz63"}
    assert sum("/my_aca/" in case.id for case in result.cases) == 2
    assert sum("/cash_karp54/" in case.id for case in result.cases) == 5
    assert set(result.statuses) == {"pass"}
    digests = {case.id.replace("/my_aca/", "/aca/"): case.digest for case in result.cases if "/my_aca/" in case.id}
    assert digests == {case.id: case.digest for case in result.cases if case.id in digests}  # same code, same bits


def test_example_with_a_mistake_fails(example: Path) -> None:
    words = ["build/my_retrace_with_mistake", "verify", "-c", "study.toml", "-o", "bad.h5"]
    done = program.plain(words, cwd=example)
    assert done.code == 1, done
    for case in program.read(example / "bad.h5").cases:
        assert (case.status == "fail") == ("/cash_karp54/" in case.id), case
    said = next(case.reason for case in program.read(example / "bad.h5").cases if case.status == "fail")
    assert re.match(r"tableau: step 1 and every other of \d+, stage 6: a_64 of cash_karp54 is off by -0\.000163 ", said)


def test_suite_problem_does_not_know_the_users_method(example: Path) -> None:
    text = (example / "study.toml").read_text().replace('method = "aca"', 'method = "my_aca"')
    (example / "other.toml").write_text(text)
    done = program.plain(["build/my_retrace", "verify", "-c", "other.toml", "-k", "lorenz63/**"], cwd=example)
    assert done.code == 1, done
    assert "problem 'lorenz63' was not compiled with gradient method 'my_aca'" in done.out
