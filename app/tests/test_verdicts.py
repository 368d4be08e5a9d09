"""Checks say the same on any number of ranks."""

from __future__ import annotations

from pathlib import Path

import h5py
import program
import pytest

pytestmark = pytest.mark.ranks

METHODS = '["naive", "adjoint", "aca"]'
TOLERANCE = "adaptive = { rtol = 1e-4 }"
# More trajectories than a block has (16), and fewer; a field in four blocks. On four ranks some have no work.
SUITE = (
    'schema = 1\ntitle = "Verdicts"\n'
    + program.matrix("few", "van_der_pol_forced", "T = 1.0, n = 3", TOLERANCE, METHODS)
    + program.matrix("many", "lorenz63", "T = 0.3, n = 37", TOLERANCE, METHODS)
    + program.matrix("net", "neural_mlp", "widths = [3, 5, 3], n = 7, block = 2", TOLERANCE, METHODS)
    + program.matrix("fixed", "linear", "T = 1.0, n = 3", "fixed = { n = 16 }", '"aca"')
)
OF_RANKS = "rank_invariance"  # skipped on one rank, asked on several


def verdicts(folder: Path, ranks: int) -> dict[tuple[str, str], str]:
    output = f"{ranks}.h5"
    arguments = ("verify", "-q", "-c", "suite.toml", "-o", output)
    yielding = {"OMPI_MCA_mpi_yield_when_idle": "1"}  # ranks wait for each other often, and there may be few cores
    done = (
        program.run(*arguments, cwd=folder)
        if ranks == 1
        else program.run_ranks(ranks, *arguments, cwd=folder, **yielding)
    )
    assert done.code == 0, done
    with h5py.File(folder / output, "r") as file:
        names = list(file["cases/case_id"].asstr()[:])
        meanings = file["checks/verdict"].attrs["flag_meanings"].split()
        rows = zip(file["checks/case"][:], file["checks/check"].asstr()[:], file["checks/verdict"][:], strict=True)
        return {(names[case], check): meanings[verdict] for case, check, verdict in rows}


@pytest.fixture(scope="module")
def suite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verdicts")
    (folder / "suite.toml").write_text(SUITE)
    return folder


@pytest.fixture(scope="module")
def alone(suite_folder: Path) -> dict[tuple[str, str], str]:
    return verdicts(suite_folder, 1)


def test_there_is_something_to_compare(alone: dict[tuple[str, str], str]) -> None:
    assert len({case for case, _ in alone}) == 10
    assert sum(verdict == "pass" for verdict in alone.values()) > 100


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_same_verdicts(suite_folder: Path, alone: dict[tuple[str, str], str], ranks: int) -> None:
    together = verdicts(suite_folder, ranks)

    assert {check for _, check in together} == {check for _, check in alone}
    differing = {
        key: (alone[key], together[key]) for key in alone if key[1] != OF_RANKS and together[key] != alone[key]
    }
    assert differing == {}
    assert {together[key] for key in together if key[1] == OF_RANKS} == {"pass"}
