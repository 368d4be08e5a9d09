"""How the program talks: colours, progress, a log, how much; and how it names itself."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import h5py
import program
import pytest

SUITE = program.SUITE.replace("rtol = 1e-6", "rtol = [1e-4, 1e-6]")
VERIFY = ("verify", "-c", "suite.toml")
LINE = re.compile(r"^\[1/2\] pass .*linear/.* eta \d\d:\d\d:\d\d$", re.MULTILINE)


@pytest.fixture
def suite(folder: Path) -> Path:
    (folder / "suite.toml").write_text(SUITE)
    return folder


def on_a_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What the program prints on a terminal of 100 columns."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [program.PROGRAM, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **environment},
    ) as running:
        os.close(slave)
        said = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            said += part
        assert running.wait(program.NO_HANG) == 0
    os.close(master)
    return said.decode()


def test_a_line_per_case_where_no_terminal_is(suite: Path) -> None:
    done = program.run(*VERIFY, cwd=suite)
    assert LINE.search(done.out) and "\r" not in done.out and "\033" not in done.out, done
    assert "eta" not in [line for line in done.out.splitlines() if line.startswith("[2/2]")][0]


def test_a_bar_on_a_terminal(suite: Path) -> None:
    said = on_a_terminal(suite, *VERIFY)
    assert re.search(r"\r\033\[K\[=+> +\] +1/2, eta \d\d:\d\d:\d\d", said), said
    assert not LINE.search(said.replace("\r\n", "\n"))  # what passes leaves no line
    assert said.rstrip().endswith("2 passed, 0 failed, 0 skipped")


@pytest.mark.parametrize("words", [("--progress=none",), ("-q",)])
def test_no_progress(suite: Path, words: tuple[str, ...]) -> None:
    done = program.run(*VERIFY, *words, cwd=suite)
    assert "[1/2]" not in done.out
    assert ("error_control" in done.out) == (words[0] != "-q")
    assert done.last_line == "2 passed, 0 failed, 0 skipped"
    if words == ("-q",):
        assert len(done.out.splitlines()) == 2


def test_colours_where_they_are_wanted(suite: Path) -> None:
    green = "\033[32mpass"
    assert green in on_a_terminal(suite, *VERIFY, "--progress=plain")
    assert green not in on_a_terminal(suite, *VERIFY, "--progress=plain", NO_COLOR="1")
    assert green not in on_a_terminal(suite, *VERIFY, "--progress=plain", "--color=never")
    assert green in program.run(*VERIFY, "--color=always", cwd=suite).out
    assert "\033" not in program.run(*VERIFY, cwd=suite).out
    last = program.run(*VERIFY, "--color=always", cwd=suite).last_line
    assert last == "2 passed, 0 failed, 0 skipped"  # for simple readers


def test_verbose_shows_every_check(suite: Path) -> None:
    shown = program.run(*VERIFY, "-v", "-o", "out.h5", cwd=suite).out
    with h5py.File(suite / "out.h5", "r") as file:
        checks = list(file["checks/check"].asstr()[:])
    assert len(re.findall(r"^    (?:pass|fail|inconclusive|skipped) +\w+", shown, re.MULTILINE)) >= len(checks)
    again = program.run("inspect", "-v", "out.h5", cwd=suite).out
    assert all(re.search(rf"^    \w+ +{check}\b", again, re.MULTILINE) for check in checks)
    assert program.run("inspect", "-q", "out.h5", cwd=suite).out == "2 passed, 0 failed, 0 skipped\n"


def test_log_has_command_lines_complaints_and_code(suite: Path) -> None:
    assert program.run("--log-file", "log", *VERIFY, "-q", cwd=suite).code == 0
    assert program.run(*VERIFY, "-k", "nothing", "--log-file=log", cwd=suite).code == 5
    lines = (suite / "log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)
    text = "\n".join(line[21:] for line in lines)
    assert text.count("begins: ") == 2 and "\nends with code 0\n" in text and text.endswith("ends with code 5")
    assert LINE.search(text) and "retrace: none of the 2 cases" in text and "2 passed, 0 failed, 0 skipped" in text


@pytest.mark.parametrize(
    ("words", "ranks"), [(VERIFY, 1), (("list",), 1), pytest.param(VERIFY, 3, marks=pytest.mark.ranks)]
)
def test_a_log_that_cannot_be_is_refused(suite: Path, words: tuple[str, ...], ranks: int) -> None:
    words = (*words, "--log-file", "absent/log")
    done = program.run(*words, cwd=suite) if ranks == 1 else program.run_ranks(ranks, *words, cwd=suite)
    assert done.code == 2 and "--log-file: absent/log: cannot be written" in done.err, done


@pytest.mark.ranks
def test_one_of_three_ranks_keeps_the_log(suite: Path) -> None:
    assert program.run_ranks(3, *VERIFY, "--log-file", "log", cwd=suite).code == 0
    assert (suite / "log").read_text().count("begins: ") == 1


@pytest.mark.ranks
def test_a_launcher_is_no_terminal(suite: Path) -> None:
    """Open MPI gives its ranks one, whatever its own output goes to."""
    done = program.run_ranks(3, *VERIFY, cwd=suite, TERM="xterm")
    assert "\033" not in done.out and LINE.search(done.out.replace("\r\n", "\n")), done


def test_version_as_json(tmp_path: Path) -> None:
    version = json.loads(program.run("--version=json", cwd=tmp_path).out)
    assert f"retrace {version['version']}\n" == program.run("--version", cwd=tmp_path).out
    assert len(version["commit"]) == 40 and version["schema_version"].startswith("1.")
    done = program.run("--version=jsn", cwd=tmp_path)
    assert done.code == 2 and "did you mean 'json'?" in done.err


def test_help_all_has_what_help_leaves_out(tmp_path: Path) -> None:
    usual, everything = (program.run("run", word, cwd=tmp_path).out for word in ("--help", "--help-all"))
    assert "--keep-journal" in everything and "--keep-journal" not in usual and "--help-all" in usual
    assert set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", usual, re.MULTILINE)) < set(
        re.findall(r"^  (?:-\w, )?(--[\w-]+)", everything, re.MULTILINE)
    )


def test_an_older_file_is_upgraded(suite: Path) -> None:
    assert program.run("run", "--no-ceilings", "-c", "suite.toml", "-o", "new.h5", cwd=suite).code == 0
    (suite / "old.h5").write_bytes((suite / "new.h5").read_bytes())
    with h5py.File(suite / "old.h5", "r+") as file:  # as version 1.0 had it
        file.attrs["schema_version"] = "1.0.0"
        for name in ("cases/seconds", "cost/timing_reason", "config/request_json", "time_gradients"):
            del file[name]
        del file.attrs["planned_cases"]

    done = program.run("inspect", "--upgrade", "old.h5", "-o", "upgraded.h5", cwd=suite)

    assert done.code == 0 and "was 1.0.0" in done.out, done
    program.assert_valid(suite / "upgraded.h5")
    assert program.read(suite / "upgraded.h5").cases == program.read(suite / "new.h5").cases
    with h5py.File(suite / "upgraded.h5", "r") as file:
        assert "rewrote it from schema 1.0.0" in file.attrs["history"]
    again = program.run("inspect", "--upgrade", "old.h5", "-o", "upgraded.h5", cwd=suite)
    assert again.code == 2 and "upgraded.h5" in again.err
    assert program.run("inspect", "--upgrade", "old.h5", cwd=suite).code == 2


def test_compare_says_as_much_as_it_is_asked_to(suite: Path) -> None:
    assert program.run("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5", cwd=suite).code == 0
    quiet, usual, verbose = (program.run("compare", "out.h5", "out.h5", *words, cwd=suite).out for words in (["-q"], [], ["-v"]))
    assert quiet == "2 passed, 0 failed, 0 skipped\n"
    assert "counter-equal" in verbose and "counter-equal" not in usual and usual.endswith(quiet)
