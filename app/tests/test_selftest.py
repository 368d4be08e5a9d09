"""The kill table: a fault counts as killed only if its own check failed, and any other end is a survivor."""

from __future__ import annotations

from pathlib import Path

import program

KILLED = 'printf "dotprod_step\\tfail\\t0.5\\t1e-13\\tstage 2\\n"; exit 0'
OTHER_CHECK = 'printf "dual\\tfail\\t0.5\\t1e-13\\tstage 2\\n"; exit 0'
PASSED = 'printf "dotprod_step\\tpass\\t1e-15\\t1e-13\\tstage 2\\n"; exit 1'
CRASHED = "kill -SEGV $$"


def programs(folder: Path, **bodies: str) -> None:
    for fault, body in bodies.items():
        file = folder / f"fault_{fault}"
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)


def test_a_fault_whose_check_fails_is_killed(tmp_path: Path) -> None:
    programs(tmp_path, swapped_weights=KILLED, wrong_transpose=KILLED)

    done = program.run("selftest", "-o", str(tmp_path), cwd=tmp_path)

    assert (done.code, done.err) == (0, "")
    assert done.last_line.startswith("2 of 2 planted faults killed; ")
    assert "swapped_weights            dotprod_step " in done.out
    assert "SURVIVED" not in done.out


def test_every_other_end_is_a_survivor(tmp_path: Path) -> None:
    programs(
        tmp_path,
        swapped_weights=KILLED,
        wrong_transpose=OTHER_CHECK,
        stage_time_of_start=PASSED,
        dropped_stage_adjoint=CRASHED,
    )

    done = program.run("selftest", "-o", str(tmp_path), cwd=tmp_path)

    assert done.code == 1, done
    assert done.last_line.startswith("1 of 4 planted faults killed; ")
    for name in ("wrong_transpose", "stage_time_of_start", "dropped_stage_adjoint"):
        assert f"survived: {name}, asked dotprod_step; " in done.out


def test_a_folder_without_programs_says_how_to_build_them(tmp_path: Path) -> None:
    done = program.run("selftest", "-o", str(tmp_path), cwd=tmp_path)

    assert done.code == 71, done
    assert "cmake --build <folder> --target faults builds them" in done.err
