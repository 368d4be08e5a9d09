"""Mistakes of the caller: one line that names what, where, what was expected and the nearest valid name; exit code 2,
or 5 where the filter is the mistake; nothing written, nothing on stdout but a last line."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import program
import pytest


def complaint(folder: Path, *arguments: str, ranks: int = 1, code: int = 2) -> tuple[str, str]:
    """The one line that the program says, and what it prints beside it; no file may appear."""
    before = program.names_in(folder)
    done = program.run(*arguments, cwd=folder) if ranks == 1 else program.run_ranks(ranks, *arguments, cwd=folder)
    assert done.code == code, done
    assert len(done.complaints) == 1, done
    if ranks == 1:
        assert done.err == done.complaints[0] + "\n"
    assert program.names_in(folder) == before
    return done.complaints[0], done.out


class Edit(NamedTuple):
    old: str
    new: str
    where: str
    said: tuple[str, ...]


TOLERANCE = "'rtol' must be a number > 0 and <= 1, not the number"
BROKEN_SUITES = {
    "unknown_key": Edit("title", "titel", "2:1", ("unknown key 'titel'", "did you mean 'title'?")),
    "unknown_key_run": Edit("warmup", "warmpu", "6:1", ("[run]: unknown key 'warmpu'", "did you mean 'warmup'?")),
    "unknown_argument": Edit("n = 3", "m = 3", "13:27", ("'linear'", "unknown key 'm'", "valid: k, T, n")),
    "missing_key": Edit('name = "m"\n', "", "10:1", ("[[matrix]] needs the key 'name'",)),
    "wrong_type_text": Edit("1e-6", '"small"', "16:33", ("'rtol' must be a number", 'not the text "small"')),
    "wrong_type_number": Edit("repeat = 1", "repeat = 1.5", "5:10", ("'repeat' must be an integer >= 1",)),
    "duration_without_unit": Edit('"1min"', "60", "8:16", ("'case_timeout' must be a duration in quotes", '"200ms"')),
    "tolerance_zero": Edit("1e-6", "0.0", "16:33", (f"{TOLERANCE} 0",)),
    "tolerance_negative": Edit("1e-6", "-1e-6", "16:33", (f"{TOLERANCE} -1e-06",)),
    "tolerance_nan": Edit("1e-6", "nan", "16:33", (f"{TOLERANCE} nan",)),
    "tolerance_inf": Edit("1e-6", "inf", "16:33", (f"{TOLERANCE} inf",)),
    "absolute_tolerance_zero": Edit("1e-6", "1e-6, atol = 0.0", "16:46", ("'atol' must be a number > 0",)),
    "absolute_tolerance_nan": Edit("1e-6", "1e-6, atol = nan", "16:46", ("'atol' must be a number > 0",)),
    "no_steps": Edit("1e-6", "1e-6, max_steps = 0", "16:51", ("'max_steps' must be an integer >= 1",)),
    "problem": Edit("linear", "lineer", "12:11", ("unknown problem 'lineer'; did you mean 'linear'?",)),
    "method": Edit("aca", "acca", "14:10", ("unknown method 'acca'; did you mean 'aca'?",)),
    "solver": Edit("prince54", "prince45", "15:10", ("'dormand_prince45'; did you mean 'dormand_prince54'?",)),
    "backend": Edit('"m"', '"m"\nbackend = "seriel"', "12:11", ("unknown backend 'seriel'; did you mean 'serial'?",)),
    "precision": Edit('"m"', '"m"\nprecision = "f46"', "12:13", ("unknown precision 'f46'; did you mean 'f64'?",)),
    "check": Edit("[run]", "[checks]\nduel = {}\n[run]", "5:1", ("unknown key 'duel'; did you mean 'dual'?",)),
    "end_is_start": Edit("T = 1.0", "T = 0.0", "13:16", ("'T' is 0, where problem 'linear' begins",)),
    "end_is_start_later": Edit(
        '"linear"\nproblem_args = { T = 1.0',
        '"van_der_pol_forced"\nproblem_args = { T = 0.1',
        "13:16",
        ("'T' is 0.1, where problem 'van_der_pol_forced' begins",),
    ),
    "syntax": Edit('"Acceptance"', '"Acceptance', "2:", ("Error while parsing",)),
    "schema": Edit("schema = 1", "schema = 2", "1:10", ("schema 2 is not supported", "reads schema 1")),
}


@pytest.mark.parametrize("edit", BROKEN_SUITES.values(), ids=BROKEN_SUITES)
def test_broken_suite(folder: Path, edit: Edit) -> None:
    assert edit.old in program.SUITE
    (folder / "suite.toml").write_text(program.SUITE.replace(edit.old, edit.new, 1))

    said, out = complaint(folder, "run", "-c", "suite.toml", "-o", "out.h5")

    assert said.startswith(f"retrace: suite.toml:{edit.where}")
    assert all(part in said for part in edit.said), said
    assert out == ""


CALLS = {
    "missing_config": (["run", "-c", "absent.toml"], "absent.toml: cannot be read: No such file or directory"),
    "config_is_a_folder": (["run", "-c", "."], ".: is a folder; expected a TOML or JSON file"),
    "unknown_suite": (["run", "--suite", "quik"], "--suite: unknown suite 'quik'; did you mean 'quick'?"),
    "set_unknown_key": (["verify", "--set", "run.repaet=3"], "run.repaet=3: [run]: unknown key 'repaet'; did you mean"),
    "set_bad_value": (["verify", "--set", "run.repeat=0"], "--set run.repeat=0: 'repeat' must be an integer >= 1"),
    "set_no_value": (["verify", "--set", "run.repeat"], "--set run.repeat: expected one KEY=VALUE, such as run.repeat"),
    "set_not_toml": (["verify", "--set", "run.order=odd"], "--set run.order=odd: Error while parsing value"),
    "bad_filter": (["verify", "-k", "linear & ("], "filter 'linear & (', column 11: expected a glob on the case id"),
    "bad_filter_tag": (["verify", "-k", "tga:x"], "column 1: unknown prefix 'tga:'; did you mean 'tag:'?"),
    "bad_exclude": (["verify", "-x", "(linear"], "filter '(linear', column 1: '(' is never closed"),
    "no_command": ([], "a command is missing; valid: run, verify, plan, list"),
    "unknown_command": (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
    "unknown_option": (["run", "--sutie", "quick"], "unknown option '--sutie'; did you mean '--suite'?"),
    "unknown_option_first": (["--verison"], "unknown option '--verison'; did you mean '--version'?"),
    "too_many_words": (["run", "quick"], "'quick' is one argument too many for run"),
    "option_without_value": (["run", "-o"], "--output: 1 required FILE missing"),
    "not_a_count": (["run", "--repeat", "many"], "--repeat: 'many' is not an integer from 1 to 100000"),
    "count_too_small": (["run", "--repeat", "0"], "--repeat: '0' is not an integer from 1 to 100000"),
    "negative_count": (["verify", "--maxfail", "-1"], "--maxfail: '-1' is not an integer >= 0"),
    "time_not_finite": (["run", "--min-time", "nan"], "--min-time: 'nan' is not a number of seconds >= 0"),
    "kokkos_value": (["run", "--kokkos-num-threads=all"], "--kokkos-num-threads: 'all' is not an integer >= 1"),
    "kokkos_name": (["run", "--kokkos-num-thread=1"], "did you mean '--kokkos-num-threads'?"),
    "unknown_list": (["list", "solvesr"], "unknown list 'solvesr'; did you mean 'solvers'?"),
    "inspect_nothing": (["inspect", "absent.h5"], "'absent.h5': No such file or directory"),
    "report_nothing": (["report", "absent.h5"], "'absent.h5': No such file or directory"),
}


@pytest.mark.parametrize(("arguments", "message"), CALLS.values(), ids=CALLS)
def test_bad_call(folder: Path, arguments: list[str], message: str) -> None:
    said, out = complaint(folder, *arguments)

    assert message in said
    assert out == ""


def test_everything_can_be_listed(tmp_path: Path) -> None:
    """On a machine where MPI cannot start, too: nothing of it is called."""
    done = program.run("list", cwd=tmp_path)

    assert (done.code, done.err) == (0, ""), done
    assert all(f"\n{what}\n" in "\n" + done.out for what in ("problems", "methods", "solvers", "checks", "suites"))


@pytest.mark.parametrize(
    "name", ["missing_config", "unknown_suite", "set_bad_value", "bad_filter", "unknown_option", "inspect_nothing"]
)
@pytest.mark.ranks
def test_bad_call_on_three_ranks(folder: Path, name: str) -> None:
    arguments, message = CALLS[name]

    said, _ = complaint(folder, *arguments, ranks=3)

    assert message in said


@pytest.mark.ranks
def test_broken_suite_on_three_ranks(folder: Path) -> None:
    edit = BROKEN_SUITES["tolerance_nan"]
    (folder / "suite.toml").write_text(program.SUITE.replace(edit.old, edit.new, 1))

    said, _ = complaint(folder, "run", "-c", "suite.toml", "-o", "out.h5", ranks=3)

    assert edit.said[0] in said


EMPTY = ("run", "-c", "suite.toml", "-o", "out.h5", "-k", "lorenz63", "-x", "tag:slow")


@pytest.mark.parametrize(("extra", "code"), [((), 5), (("--allow-empty",), 0)], ids=["refused", "allowed"])
@pytest.mark.parametrize("ranks", [1, pytest.param(3, marks=pytest.mark.ranks)])
def test_empty_selection(folder: Path, extra: tuple[str, ...], code: int, ranks: int) -> None:
    said, out = complaint(folder, *EMPTY, *extra, ranks=ranks, code=code)

    assert "none of the 1 cases of the suite is selected by -k 'lorenz63' -x 'tag:slow'" in said
    assert "linear/aca/dormand_prince54/" in said  # what an id looks like
    assert out.splitlines()[-1] == "0 passed, 0 failed, 0 skipped"
