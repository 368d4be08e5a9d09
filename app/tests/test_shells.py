"""The printed completion and manual, given to the programs that read them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import program
import pytest

SHELLS = ("bash", "zsh", "fish")


def printed(*arguments: str, cwd: Path) -> str:
    done = program.run(*arguments, cwd=cwd)
    assert (done.code, done.err) == (0, ""), done
    return done.out


def commands(cwd: Path) -> list[str]:
    section = printed("--help", cwd=cwd).split("Commands:\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+)", section, re.MULTILINE)


@pytest.mark.parametrize("shell", SHELLS)
def test_shell_reads_its_completion(tmp_path: Path, shell: str) -> None:
    (tmp_path / "script").write_text(printed("completion", shell, cwd=tmp_path))
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    done = program.plain([shell, "-n", "script"], cwd=tmp_path)
    assert (done.code, done.err) == (0, "")


def completed(folder: Path, *words: str) -> set[str]:
    """What bash offers for the last word."""
    (folder / "script").write_text(printed("completion", "bash", cwd=folder))
    line = " ".join(f"'{word}'" for word in words)
    ask = f"source ./script; compopt() {{ :; }}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _retrace; "
    done = program.plain(["bash", "-c", ask + 'printf "%s\\n" "${COMPREPLY[@]}"'], cwd=folder)
    assert (done.code, done.err) == (0, ""), done
    return set(done.out.split("\n")) - {""}


def test_bash_offers_commands(tmp_path: Path) -> None:
    assert completed(tmp_path, "retrace", "r") == {"run", "report"}
    assert set(commands(tmp_path)) <= completed(tmp_path, "retrace", "")


def test_bash_offers_the_options_of_the_command(tmp_path: Path) -> None:
    assert completed(tmp_path, "retrace", "run", "--con") == {"--config"}
    assert completed(tmp_path, "retrace", "list", "--con") == set()


def test_bash_offers_words_and_files(tmp_path: Path) -> None:
    (tmp_path / "study.toml").touch()
    (tmp_path / "folder").mkdir()
    assert completed(tmp_path, "retrace", "script", "") == {"slurm", "flux", "pbs", "lsf"}
    assert completed(tmp_path, "retrace", "man", "do") == {"doctor"}
    assert completed(tmp_path, "retrace", "run", "--progress", "") == {"auto", "bar", "plain", "none"}
    assert completed(tmp_path, "retrace", "--color", "a") == {"auto", "always"}
    assert "study.toml" in completed(tmp_path, "retrace", "run", "-c", "st")
    assert completed(tmp_path, "retrace", "doctor", "-o", "") == {"folder"}
    assert completed(tmp_path, "retrace", "run", "-k", "st") == set()


def test_fish_offers_the_options_of_the_command(tmp_path: Path) -> None:
    if not shutil.which("fish"):
        pytest.skip("no fish here")
    (tmp_path / "script").write_text(printed("completion", "fish", cwd=tmp_path))
    ask = "source ./script; complete -C 'retrace run --con'; complete -C 'retrace scr'"
    done = program.plain(["fish", "--no-config", "-c", ask], tmp_path, {"HOME": str(tmp_path)})
    assert [line.split("\t")[0] for line in done.out.splitlines()] == ["--config", "script"], done


def test_manual_is_clean(tmp_path: Path) -> None:
    if not shutil.which("groff"):
        pytest.skip("no groff here")
    for command in [[], *([name] for name in commands(tmp_path))]:
        (tmp_path / "page").write_text(printed("man", *command, cwd=tmp_path))
        done = program.plain(["groff", "-man", "-Tascii", "-ww", "-rLL=100n", "page"], cwd=tmp_path)
        assert (done.code, done.err) == (0, ""), command
        plain = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.out)
        for section in ("NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"):
            assert section in plain, command


def test_unknown_page(tmp_path: Path) -> None:
    done = program.run("man", "rnu", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "unknown command 'rnu'; did you mean 'run'?" in done.err
