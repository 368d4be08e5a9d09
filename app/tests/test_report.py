"""`retrace report` hands its options to scripts/report.py and ends with its code."""

from __future__ import annotations

from pathlib import Path

import program
import pytest


def test_formats_and_several_files(tmp_path: Path, good_result: bytes) -> None:
    for name in ("new.h5", "old.h5"):
        (tmp_path / name).write_bytes(good_result)

    done = program.run(
        "report", "new.h5", "old.h5", "--baseline", "old.h5", "--format", "html,md", "--x", "nfe", "--y", "grad_rel_linf",
        "--group", "method", "--title", "-T-", cwd=tmp_path,
    )  # fmt: skip

    assert done.code == 0 and done.out == "", done
    assert program.names_in(tmp_path) == {"new.h5", "old.h5", "new.html", "new.md"}
    page = (tmp_path / "new.html").read_text(encoding="utf-8")
    assert "<h1>-T-</h1>" in page and 'id="comparison"' in page and 'id="trend"' in page
    assert 'id="evaluations"' in page and '<figure id="time"' not in page


@pytest.mark.parametrize(
    "option, value, said",
    [
        ("--format", "pdf", "report: --format: unknown 'pdf'; valid: html, md, csv, svg, json"),
        ("--y", "grad_rel_12", "did you mean 'grad_rel_l2'?"),
        ("--baseline", "absent.h5", "absent.h5: no such file"),
    ],
)
def test_a_wrong_choice(tmp_path: Path, good_result: bytes, option: str, value: str, said: str) -> None:
    (tmp_path / "new.h5").write_bytes(good_result)

    done = program.run("report", "new.h5", option, value, cwd=tmp_path)

    assert done.code == 2 and said in done.err, done
    assert program.names_in(tmp_path) == {"new.h5"}


def test_what_compare_judged_is_shown(tmp_path: Path, good_result: bytes) -> None:
    for name in ("new.h5", "old.h5"):
        (tmp_path / name).write_bytes(good_result)
    judged = program.run("compare", "new.h5", "old.h5", "--format", "json", cwd=tmp_path)
    (tmp_path / "judged.json").write_text(judged.out)

    done = program.run("report", "new.h5", "--judged", "judged.json", cwd=tmp_path)

    assert judged.code == done.code == 0, (judged, done)
    page = (tmp_path / "new.html").read_text(encoding="utf-8")
    assert "exit code 0, 1 passed, 0 failed" in page[page.index('id="judged"') :]
