"""The adapters for other harnesses, in scripts/adapters: ReFrame runs its check where it is installed; of both the commands
run and the figures are found."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import program
import pytest

ADAPTERS = Path(__file__).resolve().parents[2] / "scripts" / "adapters"
REFRAME = ADAPTERS / "reframe" / "retrace_check.py"


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, with retrace on the PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "retrace").symlink_to(program.PROGRAM)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    return tmp_path


def test_reframe_runs_its_check(on_path: Path) -> None:
    if not shutil.which("reframe"):
        pytest.skip("no reframe here")
    words = ["reframe", "-c", str(REFRAME), "-r", "--prefix", str(on_path), "--report-file", str(on_path / "report.json")]
    done = program.plain(words, on_path)
    assert done.code == 0 and re.search(r"PASSED.* 1/1 test case", done.out), done
    for figure in ("cases_passed", "cases_failed", "grad_rel_l2", "time_median", "peak_above_baseline", "evaluations"):
        assert figure in (on_path / "report.json").read_text(), figure
    broken = on_path / "broken_check.py"
    nothing_runs = '"--no-ceilings", "-q", "-k", "no-such-case"'
    broken.write_text(REFRAME.read_text().replace('"--no-ceilings", "-q"', nothing_runs))
    assert program.plain([*words[:2], str(broken), *words[3:]], on_path).code != 0


def fake_module(monkeypatch: pytest.MonkeyPatch, name: str, **content: object) -> None:
    module = ModuleType(name)
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, name, module)


def test_reframe_check_reads_what_the_program_writes(on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ReFrame: its words as plain functions."""
    same = lambda thing: thing  # noqa: E731
    fake_module(monkeypatch, "reframe", simple_test=same, RunOnlyRegressionTest=object)
    fake_module(monkeypatch, "reframe.utility", __path__=[])
    fake_module(monkeypatch, "reframe.utility.sanity", all=all, defer=same, make_performance_function=lambda value, unit: (value, unit),
         assert_found=lambda pattern, text: bool(re.search(pattern, text, re.MULTILINE)), assert_true=bool)
    fake_module(monkeypatch, "reframe.core", __path__=[])
    fake_module(monkeypatch, "reframe.core.builtins", deferrable=same, run_before=lambda phase: same, sanity_function=same,
         variable=lambda kind, value: value)
    sys.modules["reframe"].utility = sys.modules["reframe.utility"]
    sys.modules["reframe.utility"].sanity = sys.modules["reframe.utility.sanity"]
    space: dict = {}
    exec(compile(REFRAME.read_text(), str(REFRAME), "exec"), space)  # noqa: S102

    check = space["RetraceSuite"]()
    check.set_command()
    assert program.run(*check.executable_opts, cwd=on_path).code == 0
    check.stagedir = str(on_path)
    check.stdout = program.plain(["sh", "-c", *check.postrun_cmds], on_path).out
    assert check.every_case_passed()
    check.set_figures()

    merits = json.loads((on_path / "retrace.json").read_text())["merits"]
    assert check.perf_variables == {name: (merit["value"], merit["unit"]) for name, merit in merits.items()}
    assert check.perf_variables["time_median"][1] == "s" and check.perf_variables["cases_passed"][0] > 0


def test_ramble_finds_figures_and_success(on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directives collected as Ramble would, the executables run, its pattern applied to what they print."""
    said = SimpleNamespace(executables={}, figures=[], criteria=[], variables={}, workloads={})
    fake_module(monkeypatch, "ramble", __path__=[])
    fake_module(
        monkeypatch, "ramble.appkit", ExecutableApplication=object, tags=lambda *words: None,
        executable=lambda name, template, use_mpi: said.executables.update({name: template}),
        workload=lambda name, executables: said.workloads.update({name: executables}),
        workload_variable=lambda name, default, **rest: said.variables.update({name: default}),
        figure_of_merit=lambda name, **rest: said.figures.append((name, rest)),
        success_criteria=lambda name, **rest: said.criteria.append(rest),
    )
    source = ADAPTERS / "benchpark" / "application.py"
    exec(compile(source.read_text(), str(source), "exec"), {})  # noqa: S102

    out = ""
    for name in said.workloads["suite"]:
        line = said.executables[name].format(suite="smoke", experiment_run_dir=on_path)
        out += program.plain(["sh", "-c", line], on_path).out
    (name, figure), (criterion,) = said.figures[0], said.criteria

    found = {m["name"]: m for m in (re.search(figure["fom_regex"], line) for line in out.splitlines()) if m}
    assert float(found["time_median"][figure["group_name"]]) > 0 and found["time_median"]["unit"] == "s"
    assert len([key for key in found if key.endswith(":grad_rel_l2")]) == int(found["cases_passed"]["value"])
    assert name.format(**found["evaluations"].groupdict()) == "evaluations"
    assert any(re.search(criterion["match"], line) for line in out.splitlines())
    assert said.variables == {"suite": "quick"}
