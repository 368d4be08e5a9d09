"""The gradients that the program writes have the same bits on any number of ranks and threads."""

from __future__ import annotations

from pathlib import Path

import program
import pytest

pytestmark = pytest.mark.ranks

METHODS = '["naive", "adjoint", "aca"]'
TOLERANCE = "adaptive = { rtol = 1e-4 }"
# The numbers of trajectories and samples are no multiples of their blocks (16 and 2); on four ranks some have no work.
SUITE = (
    'schema = 1\ntitle = "Digests"\n'
    + program.checks_off(*program.SLOW_CHECKS)
    + program.matrix("few", "linear", "T = 1.0, n = 3", TOLERANCE, METHODS)
    + program.matrix("many", "lorenz63", "T = 0.5, n = 37", TOLERANCE, METHODS)
    + program.matrix("net", "neural_mlp", "widths = [3, 5, 3], n = 7, block = 2", TOLERANCE, METHODS)
)


def digests(folder: Path, ranks: int, threads: int) -> dict[str, str]:
    output = f"{ranks}x{threads}.h5"
    done = program.run_ranks(
        ranks,
        *("verify", "-q", "-c", "suite.toml", "-o", output),
        cwd=folder,
        OMP_NUM_THREADS=str(threads),
        OMP_WAIT_POLICY="passive",  # more threads than cores, and they wait for each other all the time
    )
    assert done.code == 0, done
    return {case.id: case.digest for case in program.read(folder / output).cases}


@pytest.fixture(scope="module")
def suite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digests")
    (folder / "suite.toml").write_text(SUITE)
    return folder


@pytest.fixture(scope="module")
def alone(suite_folder: Path) -> dict[str, str]:
    return digests(suite_folder, 1, 1)


def test_digests_are_there_and_tell_gradients_apart(alone: dict[str, str]) -> None:
    assert len(alone) == 9
    assert all(len(digest) == 64 for digest in alone.values())
    assert len(set(alone.values())) == 9


@pytest.mark.parametrize(("ranks", "threads"), [(1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 2)])
def test_same_bits(suite_folder: Path, alone: dict[str, str], ranks: int, threads: int) -> None:
    assert digests(suite_folder, ranks, threads) == alone
