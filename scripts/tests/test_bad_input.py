"""A file that cannot be reported: one clear line on stderr, exit code 2, no output."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from retrace_report import guarded, schema, synthetic
from retrace_report.command import main
from retrace_report.errors import ReportError
from retrace_report.guarded import read_guarded


def refused(path: Path, output: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a run that must fail."""
    code = main([str(path), "-o", str(output)])
    said = capsys.readouterr().err

    assert code == 2
    assert said.startswith("report: ") and said.count("\n") == 1, said
    assert not output.exists() and not list(output.parent.glob(f".{output.name}*"))
    return said


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out" / "report.html"


@pytest.fixture
def copy(faulty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(faulty, tmp_path / "copy.h5"))


def test_missing_file(tmp_path: Path, output: Path, capsys) -> None:
    assert "no such file" in refused(tmp_path / "absent.h5", output, capsys)


def test_directory(tmp_path: Path, output: Path, capsys) -> None:
    assert "is a directory" in refused(tmp_path, output, capsys)


def test_not_hdf5(tmp_path: Path, output: Path, capsys) -> None:
    path = tmp_path / "text.h5"
    path.write_text("not a result")

    assert "is not an HDF5 file" in refused(path, output, capsys)


def test_hdf5_of_something_else(tmp_path: Path, output: Path, capsys) -> None:
    with h5py.File(tmp_path / "other.h5", "w"):
        pass

    assert "is not a Retrace result file" in refused(tmp_path / "other.h5", output, capsys)


def test_other_major_version_names_both(tmp_path: Path, output: Path, capsys) -> None:
    synthetic.write(tmp_path / "new.h5", version="2.3.0")

    said = refused(tmp_path / "new.h5", output, capsys)

    assert "2.3.0" in said and schema.VERSION_TEXT in said


def test_newer_minor_version_is_read(tmp_path: Path, output: Path) -> None:
    synthetic.write(tmp_path / "minor.h5", synthetic.Axes(("linear",), samples=2), version="1.7.0")

    assert main([str(tmp_path / "minor.h5"), "-o", str(output), "--format", "md"]) == 0


@pytest.mark.parametrize("group", ["config", "cases", "samples", "mem_labels", "environment"])
def test_missing_group_is_named(group: str, copy: Path, output: Path, capsys) -> None:
    with h5py.File(copy, "r+") as file:
        del file[group]

    assert f"lacks the group /{group}" in refused(copy, output, capsys)


def test_missing_column_is_named(copy: Path, output: Path, capsys) -> None:
    with h5py.File(copy, "r+") as file:
        del file["cost/n_vjp"]

    assert "lacks the column /cost/n_vjp" in refused(copy, output, capsys)


def test_index_out_of_range(copy: Path, output: Path, capsys) -> None:
    with h5py.File(copy, "r+") as file:
        file["checks/case"][0] = 4711

    assert "/checks/case holds 4711, but /cases has 240 rows" in refused(copy, output, capsys)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_file(share: float, copy: Path, output: Path, capsys) -> None:
    with copy.open("r+b") as file:
        file.truncate(int(share * copy.stat().st_size))

    assert "damaged or truncated" in refused(copy, output, capsys)


def test_damage_anywhere_is_survived(little: Path, tmp_path: Path) -> None:
    """The HDF5 library may crash on damaged data; the reader gives a result (nothing it reads was hit) or an error."""
    content, random = little.read_bytes(), np.random.default_rng(7)
    refusals = 0
    for position in range(64, len(content), len(content) // 40):
        path = tmp_path / "damaged.h5"
        path.write_bytes(content[:position] + random.bytes(512) + content[position + 512 :])
        try:
            read_guarded(path)
        except ReportError as error:
            refusals += 1
            assert "\n" not in str(error)
    assert refusals > 0


def test_a_crash_of_the_library_is_one_line(copy: Path, output: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(guarded, "read", lambda path: os.abort())

    assert "the HDF5 library crashed" in refused(copy, output, capsys)


def test_a_hang_of_the_library_ends(copy: Path, output: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(guarded, "read", lambda path: time.sleep(600))
    monkeypatch.setattr(guarded, "READ_SECONDS", 0.2)

    assert "could not be read within" in refused(copy, output, capsys)


def test_output_is_a_directory(faulty: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(guarded, "read_guarded", None)  # not even read

    assert main([str(faulty), "-o", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_output_is_the_input(copy: Path, capsys) -> None:
    before = copy.read_bytes()

    assert main([str(copy), "-o", str(copy)]) == 2
    assert "would overwrite an input file" in capsys.readouterr().err
    assert copy.read_bytes() == before


@pytest.mark.parametrize(
    "option, value, said",
    [
        ("--format", "html,pdf", "--format: unknown 'pdf'; valid: html, md, csv, svg, json"),
        ("--format", ",", "--format: names none; valid: html, md, csv, svg, json"),
        ("--x", "time,joules", "--x: unknown 'joules'; valid: time, evaluations, nfe, bytes"),
        ("--y", "grad_rel_12", "--y: unknown 'grad_rel_12'; did you mean 'grad_rel_l2'?"),
        ("--group", "solvers", "--group: unknown 'solvers'; did you mean 'solver'?"),
    ],
)
def test_a_wrong_choice_is_named(option: str, value: str, said: str, faulty: Path, output: Path, capsys) -> None:
    assert main([str(faulty), "-o", str(output), option, value]) == 2
    assert said in capsys.readouterr().err and not output.exists()


@pytest.mark.parametrize(
    "content, said", [("{", "is not JSON"), ("[]", "is not an object"), ("{}", "has nothing that")]
)
def test_a_comparison_that_is_none(content: str, said: str, faulty: Path, output: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "c.json").write_text(content)

    assert main([str(faulty), "-o", str(output), "--judged", str(tmp_path / "c.json")]) == 2
    assert said in capsys.readouterr().err and not output.exists()


def test_a_missing_baseline(faulty: Path, output: Path, capsys) -> None:
    assert main([str(faulty), "-o", str(output), "--baseline", "/nowhere/b.h5"]) == 2
    assert "/nowhere/b.h5: no such file" in capsys.readouterr().err and not output.exists()
