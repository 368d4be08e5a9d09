from __future__ import annotations

from pathlib import Path

import program
import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder but for suite.toml: one case that passes in milliseconds."""
    (tmp_path / "suite.toml").write_text(program.SUITE)
    return tmp_path


@pytest.fixture(scope="session")
def good_result(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The result file of that suite."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "suite.toml").write_text(program.SUITE)
    done = program.run("run", "--no-ceilings", "-c", "suite.toml", "-o", "good.h5", cwd=folder)
    assert done.code == 0, done
    return (folder / "good.h5").read_bytes()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "ranks: starts several ranks")
