"""The templates of scripts/ci do what they say: they are well formed, and their commands run, in their order, on a small
suite with a stored baseline."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import program
import pytest

yaml = pytest.importorskip("yaml")

TEMPLATES = Path(__file__).resolve().parents[2] / "scripts" / "ci"


def github_jobs() -> dict:
    return yaml.safe_load((TEMPLATES / "github-actions.yml").read_text())


def gitlab_job() -> dict:
    return yaml.safe_load((TEMPLATES / "gitlab-ci.yml").read_text())


def github_scripts() -> list[str]:
    return [step["run"] for step in github_jobs()["jobs"]["retrace"]["steps"] if "run" in step]


def gitlab_scripts() -> list[str]:
    job = gitlab_job()["retrace"]
    return [*job["before_script"], *job["script"], *job["after_script"]]


SCRIPTS = {"github": github_scripts, "gitlab": gitlab_scripts}


def retrace_lines(host: str) -> list[str]:
    """The commands of retrace, one per line; the templates do not break them."""
    lines = [line.strip() for script in SCRIPTS[host]() for line in script.splitlines()]
    return [line for line in lines if line.startswith("retrace ")]


@pytest.fixture(params=SCRIPTS)
def host(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def project(folder: Path) -> Path:
    """A project with a suite of one case, its baseline, and retrace on the PATH."""
    (folder / "bin").mkdir()
    (folder / "bin" / "retrace").symlink_to(program.PROGRAM)
    for words in (
        ("run", "--no-ceilings", "-c", "suite.toml", "-o", "first.h5"),
        ("baseline", "save", "quick", "first.h5", "--portable"),
    ):
        done = program.run(*words, cwd=folder, RETRACE_BASELINES="baselines")
        assert done.code == 0, done
    (folder / "first.h5").unlink()
    return folder


def in_shell(project: Path, line: str) -> program.Done:
    """One line of a template, with a suite of milliseconds in the place of the quick one."""
    small = line.replace('--suite "$RETRACE_SUITE"', "-c suite.toml")
    return program.plain(
        ["bash", "-euo", "pipefail", "-c", small],
        project,
        {
            "PATH": f"{project / 'bin'}:{os.environ['PATH']}",
            "RETRACE_SUITE": "quick",
            "RETRACE_BASELINE": "quick",
            "RETRACE_BASELINES": "baselines",
            "GITHUB_ACTIONS": "",
            "GITLAB_CI": "",
        },
    )


def test_the_variables_are_defined(host: str) -> None:
    defined = github_jobs()["env"] if host == "github" else gitlab_job()["variables"]
    used = set(re.findall(r"\$\{?(RETRACE_[A-Z]+)", "\n".join(retrace_lines(host))))
    assert used and used <= set(defined)


def test_artifacts_are_kept_always() -> None:
    upload = github_jobs()["jobs"]["retrace"]["steps"][-1]
    assert upload["if"] == "always()" and "upload-artifact" in upload["uses"]
    assert gitlab_job()["retrace"]["artifacts"]["when"] == "always"


def test_every_command_runs(host: str, project: Path) -> None:
    lines = retrace_lines(host)
    assert [line.split()[1] for line in lines] == ["verify", "run", "compare", "compare", "compare", "report"]
    for line in lines:
        required = line.removesuffix(" || true")  # what may fail in a job must not fail here
        done = in_shell(project, required)
        assert done.code == 0, done
    assert {"verify.h5", "verify.xml", "new.h5", "compare.md", "compare.xml", "compare.json", "report.html"} <= program.names_in(project)


def test_a_regression_ends_the_job(host: str, project: Path) -> None:
    """With a baseline whose case needed fewer evaluations, the line that gates fails, and leaves the text to post."""
    import h5py

    with h5py.File(project / "baselines" / "quick.h5", "r+") as file:
        file["cost/nfe_fwd"][...] = file["cost/nfe_fwd"][...] // 2
    codes = [in_shell(project, line).code for line in retrace_lines(host)]
    assert codes == [0, 0, 1, 0, 0, 0]
    assert "counter-more" in (project / "compare.md").read_text()


def test_shell_parts_parse(host: str) -> None:
    for script in SCRIPTS[host]():
        checked = re.sub(r"\$\{\{.*?\}\}", "x", script)  # GitHub's own expressions
        done = program.plain(["bash", "-n", "-c", checked], TEMPLATES)
        assert done.code == 0, done


def test_shellcheck(host: str, folder: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck here")
    for script in SCRIPTS[host]():
        (folder / "script").write_text("#!/bin/bash\n" + re.sub(r"\$\{\{.*?\}\}", "x", script) + "\n")
        done = program.plain(["shellcheck", "--exclude=SC2016", "script"], folder)
        assert done.code == 0, done
