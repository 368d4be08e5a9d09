"""The table of checks by methods says what the result file says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

SCRIPT = Path(__file__).resolve().parents[1] / "method_table.py"


def write(path: Path, problems: tuple[str, str] = ("p", "p")) -> None:
    """Two methods; one passes its check, the other fails it; a third check is skipped."""
    with h5py.File(path, "w") as file:
        strings = h5py.string_dtype()
        cases = file.create_group("cases")
        ids = ["p/aca/s/rtol1e-6-atol1e-6/n3/f64/default", "p/naive/s/rtol1e-6-atol1e-6-exact7/n3/f64/default"]
        cases.create_dataset("case_id", data=ids, dtype=strings)
        cases.create_dataset("problem", data=problems, dtype=strings)
        cases.create_dataset("method", data=["aca", "naive"], dtype=strings)
        cases.create_dataset("precision", data=["f64", "f64"], dtype=strings)
        cases.create_dataset("control", data=["adaptive", "adaptive"], dtype=strings)
        file.create_group("accuracy").create_dataset("grad_rel_l2", data=[2.5e-7, np.nan])
        checks = file.create_group("checks")
        checks.create_dataset("case", data=[0, 1, 0])
        checks.create_dataset("check", data=["dual", "program_dual", "taylor"], dtype=strings)
        checks.create_dataset("value", data=[3e-16, 4.0, 2.0])
        verdict = checks.create_dataset("verdict", data=np.array([0, 1, 3], dtype=np.uint8))
        verdict.attrs["flag_meanings"] = "pass fail inconclusive skipped"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False)


def test_cells_are_the_files(tmp_path: Path) -> None:
    write(tmp_path / "m.h5")
    done = run(str(tmp_path / "m.h5"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "| | `aca` | `naive` |"
    assert "| duals, frozen (T1) | 3.0e-16 | – |" in lines
    assert "| duals, whole program, exact loss | – | 4.00 **fails** |" in lines
    assert "| error against the flow, terminal loss | 2.5e-07 | – |" in lines
    assert not any("Taylor" in line for line in lines), "a check that everybody skipped"


def test_each_problem_has_a_table(tmp_path: Path) -> None:
    write(tmp_path / "m.h5", ("p", "q"))
    lines = run(str(tmp_path / "m.h5")).stdout.splitlines()
    first, second = lines.index("## p"), lines.index("## q")
    assert lines[first + 2] == "| | `aca` |" and lines[second + 2] == "| | `naive` |"
    assert first < lines.index("| duals, frozen (T1) | 3.0e-16 |") < second
    assert lines.index("| duals, whole program, exact loss | 4.00 **fails** |") > second


def test_what_is_no_result_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "no.h5").write_text("no")
    assert run(str(tmp_path / "no.h5")).returncode == 2
    done = run(str(tmp_path / "absent.h5"))
    assert done.returncode == 2 and "there is no file" in done.stderr
