"""Result files: never overwritten, never half written, and a damaged one is refused by whoever reads it."""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import program
import pytest

RUN = ("run", "--no-ceilings", "-c", "suite.toml", "-o")
ALONE_AND_TOGETHER = pytest.mark.parametrize("ranks", [1, pytest.param(3, marks=pytest.mark.ranks)])


def start(ranks: int, *arguments: str, cwd: Path) -> program.Done:
    return program.run(*arguments, cwd=cwd) if ranks == 1 else program.run_ranks(ranks, *arguments, cwd=cwd)


OUTPUTS = {
    "folder_missing": ("absent/out.h5", 2, "output 'absent/out.h5': there is no folder 'absent'"),
    "folder_is_a_file": ("suite.toml/out.h5", 2, "output 'suite.toml/out.h5': there is no folder 'suite.toml'"),
    "is_a_folder": (".", 2, "output '.' is a folder; expected the name of a new file"),
    "is_the_suite": ("suite.toml", 2, "output 'suite.toml' exists and is not overwritten; choose another with -o"),
    "not_writable": ("/proc/retrace.h5", 71, "cannot create '/proc/retrace.h5"),  # not by root either
}


@pytest.mark.parametrize(("output", "code", "message"), OUTPUTS.values(), ids=OUTPUTS)
@ALONE_AND_TOGETHER
def test_impossible_output(folder: Path, output: str, code: int, message: str, ranks: int) -> None:
    done = start(ranks, *RUN, output, cwd=folder)

    assert done.code == code, done
    assert len(done.complaints) == 1 and message in done.complaints[0], done
    assert done.out == ""
    assert program.names_in(folder) == {"suite.toml"}
    assert (folder / "suite.toml").read_text() == program.SUITE


@ALONE_AND_TOGETHER
def test_result_is_never_overwritten(folder: Path, good_result: bytes, ranks: int) -> None:
    (folder / "out.h5").write_bytes(good_result)

    done = start(ranks, *RUN, "out.h5", "--resume=never", cwd=folder)

    assert done.code == 2
    assert done.complaints == [
        "retrace: output 'out.h5' exists and --resume=never does not go on in it; choose another with -o"
    ]
    assert (folder / "out.h5").read_bytes() == good_result
    assert program.names_in(folder) == {"suite.toml", "out.h5"}


def test_link_to_nowhere_is_in_the_way(folder: Path) -> None:
    (folder / "out.h5").symlink_to(folder / "elsewhere.h5")

    done = program.run(*RUN, "out.h5", cwd=folder)

    assert done.code == 2 and "exists and is not overwritten" in done.err
    assert program.names_in(folder) == {"suite.toml", "out.h5"}


def flip_a_byte(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda content: b"", "not an HDF5 file"),
    "header_only": (lambda content: content[:100], "damaged or cut off"),
    "half": (lambda content: content[: len(content) // 2], "damaged or cut off"),
    "random": (lambda content: random.Random(5).randbytes(len(content)), "not an HDF5 file"),
    "random_behind_start": (lambda content: content[:8] + random.Random(6).randbytes(5000), "damaged or cut off"),
    "one_byte_changed": (flip_a_byte, "damaged: the checksum at its end does not match"),
    "a_text": (lambda content: b"schema = 1\n", "not an HDF5 file"),
}
READERS = {
    "inspect": ("inspect", "bad.h5"),
    "validate": ("inspect", "--validate", "bad.h5"),
    "exit_code": ("inspect", "--exit-code", "bad.h5"),
    "report": ("report", "bad.h5", "-o", "page.html"),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_result_is_refused(tmp_path: Path, good_result: bytes, damage: str, reader: tuple[str, ...]) -> None:
    spoil, message = DAMAGES[damage]
    (tmp_path / "bad.h5").write_bytes(spoil(good_result))

    done = program.run(*reader, cwd=tmp_path)

    assert done.code == 2, done
    assert len(done.err.splitlines()) == len(done.complaints) == 1, done
    assert "'bad.h5'" in done.err and message in done.err
    assert done.out == ""
    assert program.names_in(tmp_path) == {"bad.h5"}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_other_major_version_is_refused(tmp_path: Path, good_result: bytes, reader: tuple[str, ...]) -> None:
    (tmp_path / "bad.h5").write_bytes(good_result)
    with h5py.File(tmp_path / "bad.h5", "r+") as file:
        file.attrs["schema_version"] = "2.1.0"

    done = program.run(*reader, cwd=tmp_path)

    assert done.code == 2
    assert "'bad.h5': schema version 2.1.0 cannot be read by this program, which reads version 1." in done.err
    assert program.names_in(tmp_path) == {"bad.h5"}


@pytest.mark.ranks
def test_damaged_result_is_refused_once_by_three_ranks(tmp_path: Path, good_result: bytes) -> None:
    (tmp_path / "bad.h5").write_bytes(good_result[: len(good_result) // 2])

    for reader in READERS.values():
        done = program.run_ranks(3, *reader, cwd=tmp_path)
        assert done.code == 2 and len(done.complaints) == 1, done


class SmallDisk:
    """A file system of so many bytes, seen by one command only; it ends with the command."""

    def __init__(self, folder: Path, size: int, kept: Path) -> None:
        self.folder, self.size, self.kept = folder, size, kept
        folder.mkdir()
        kept.mkdir()

    @staticmethod
    def possible(folder: Path) -> bool:
        try:
            return SmallDisk(folder / "try", 65536, folder / "tried").run(["true"], folder).code == 0
        except FileNotFoundError:
            return False

    def words(self, before: str = "true") -> list[str]:
        """To be put before a command. Afterwards all files lie in `kept`."""
        script = (
            f'mount -t tmpfs -o size={self.size} none "{self.folder}" && {before} && {{ "$@"; code=$?; '
            f'cp -a "{self.folder}"/. "{self.kept}"/; exit $code; }}'
        )
        return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"]

    def run(self, command: list[str], cwd: Path) -> program.Done:
        return program.plain([*self.words(), *command], cwd)


@pytest.fixture
def disk(folder: Path) -> Callable[[int], SmallDisk]:
    if not SmallDisk.possible(folder):
        pytest.skip("no file system of a chosen size can be made here (unshare, mount)")
    shutil.rmtree(folder / "try")
    shutil.rmtree(folder / "tried")
    return lambda size: SmallDisk(folder / "disk", size, folder / "kept")


@ALONE_AND_TOGETHER
def test_disk_full_at_once(folder: Path, good_result: bytes, disk: Callable[[int], SmallDisk], ranks: int) -> None:
    (folder / "earlier.h5").write_bytes(good_result)
    small = disk(len(good_result) + 4096 * 3)
    prefix = small.words('cp earlier.h5 "disk/earlier.h5"')

    arguments = (*RUN, "disk/out.h5")
    if ranks == 1:
        done = program.plain([*prefix, program.PROGRAM, *arguments], folder)
    else:
        done = program.run_ranks(ranks, *arguments, cwd=folder, prefix=prefix)

    assert done.code == 71, done
    assert len(done.complaints) == 1 and "disk/out.h5" in done.complaints[0], done
    assert "No space left on device" in done.complaints[0]
    assert program.names_in(small.kept) == {"earlier.h5"}
    assert (small.kept / "earlier.h5").read_bytes() == good_result


JOURNAL_AND_LOCK = 65536  # bytes, of so small a suite


@ALONE_AND_TOGETHER
def test_disk_full_in_the_end(folder: Path, good_result: bytes, disk: Callable[[int], SmallDisk], ranks: int) -> None:
    """Room for what is written at the beginning, not for the last file beside it: the first stays, its journal has the
    case, the summary is printed; with more room the same command ends what is left, which is no case."""
    small = disk(len(good_result) + JOURNAL_AND_LOCK)
    arguments = (*RUN, "disk/out.h5")

    if ranks == 1:
        done = small.run([program.PROGRAM, *arguments], folder)
    else:
        done = program.run_ranks(ranks, *arguments, cwd=folder, prefix=small.words())

    assert done.code == 71, done
    assert len(done.complaints) == 1 and "No space left on device" in done.complaints[0], done
    assert done.last_line == "1 passed, 0 failed, 0 skipped"
    assert program.names_in(small.kept) == {"out.h5", "out.h5.journal"}
    left = program.read(small.kept / "out.h5")
    assert not left.finalized and left.cases == []
    program.assert_valid(small.kept / "out.h5")
    again = program.run(*RUN, "kept/out.h5", cwd=folder)
    assert again.code == 0 and "0 of 1 cases are left" in again.out, again
    assert program.read(folder / "kept/out.h5").finalized


OBSERVED = 'loss = {{ exact = [0.5, {last}] }}\ntime_gradients = true\n'


def test_derivatives_in_times_are_in_the_result(folder: Path) -> None:
    """y' = k y, L = sum y(t_k)^2: dL/dt_k = 2 k y(t_k)^2, and only the distances from t0 matter."""
    k, times, starts = -0.5, (0.5, 2.0), (1.0, 1.01, 1.02)
    methods = ("naive", "adjoint", "aca")
    named = ", ".join(f'"{method}"' for method in methods)
    matrix = program.matrix("times", "linear", f"T = 2.0, n = 3, k = {k}", "adaptive = { rtol = 1e-8 }", f"[{named}]")
    (folder / "suite.toml").write_text(program.SUITE + matrix + OBSERVED.format(last=times[-1]))

    done = program.run(*RUN, "out.h5", cwd=folder)

    assert done.code == 0, done
    program.assert_valid(folder / "out.h5")
    exact = [2 * k * sum(y0 * y0 for y0 in starts) * math.exp(2 * k * t) for t in times]
    expected = {"t0": -sum(exact), "T": exact[1], "t_1": exact[0], "t_2": exact[1]}
    with h5py.File(folder / "out.h5", "r") as file:
        table = file["time_gradients"]
        names, cases = list(table["name"].asstr()[:]), list(table["case"][:])
        assert names == list(expected) * len(methods)
        assert cases == [1] * 4 + [2] * 4 + [3] * 4, "the first case asks for none"
        assert list(table["time"][:]) == [0.0, 2.0, 0.5, 2.0] * len(methods)
        for column in ("derivative", "reference"):
            assert table[column][:] == pytest.approx([expected[name] for name in names], rel=1e-6)


def test_an_observation_outside_the_span_ends_its_case_and_no_other(folder: Path) -> None:
    matrix = program.matrix("outside", "linear", "T = 2.0, n = 3", "adaptive = { rtol = 1e-6 }")
    (folder / "suite.toml").write_text(program.SUITE + matrix + OBSERVED.format(last=2.5))

    done = program.run(*RUN, "out.h5", cwd=folder)

    assert done.code == 1, done
    result = program.read(folder / "out.h5")
    assert result.statuses == ["pass", "error"]
    assert "observation time number 2 is 2.5, outside [0, 2]" in result.cases[1].reason
