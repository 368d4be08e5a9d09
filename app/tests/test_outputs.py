"""What a run writes beside its result: files for other programs, lines for CTest and Ramble, marks for CI hosts."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import h5py
import program
import pytest

RUN = ("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5")
SCHEMA = Path(__file__).with_name("junit.xsd")
FAILING = program.SUITE + program.matrix("steps", "linear", "T = 10.0, n = 3", "adaptive = { rtol = 1e-6, max_steps = 7 }")
XPASS = (
    program.SUITE
    + '\n[[matrix.expect]]\nwhere = { method = "aca" }\nstatus = "xfail"\nreason = "was wrong once"\n'
)
FORMS = {"--junit": "out.xml", "--json": "out.json", "--csv": "out.csv", "--tap": "out.tap"}
NO_HOST = {"GITHUB_ACTIONS": "", "GITLAB_CI": "", "GITHUB_STEP_SUMMARY": ""}


def column(file: Path, name: str) -> list:
    with h5py.File(file, "r") as opened:
        data = opened[name]
        return list(data.asstr()[:] if data.dtype == object else data[:])


def words_of_forms() -> list[str]:
    return [word for pair in FORMS.items() for word in pair]


@pytest.fixture
def written(folder: Path) -> Path:
    """A case that passes and one that fails, with every file."""
    (folder / "suite.toml").write_text(FAILING)
    done = program.run(*RUN, *words_of_forms(), cwd=folder, **NO_HOST)
    assert done.code == 1 and done.complaints == [], done
    assert program.names_in(folder) == {"suite.toml", "out.h5", *FORMS.values()}
    return folder


def validate_junit(path: Path) -> None:
    if not shutil.which("xmllint"):
        pytest.skip("no xmllint here")
    done = program.plain(["xmllint", "--noout", "--schema", str(SCHEMA), path.name], path.parent)
    assert done.code == 0, done


def test_junit_keeps_to_the_schema_and_counts_as_the_file(written: Path) -> None:
    validate_junit(written / "out.xml")
    root = ElementTree.parse(written / "out.xml").getroot()
    checks = len(column(written / "out.h5", "checks/check"))
    assert checks <= len(root.findall(".//testcase")) <= checks + 1  # and the solve that failed
    assert root.findall(".//failure") and "retrace verify -c 'suite.toml' -k 'linear/" in root.find(".//system-out").text
    errors = [p.get("value") for p in root.findall(".//property") if p.get("name").endswith(" grad_rel_l2")]
    wanted = [error for error in column(written / "out.h5", "accuracy/grad_rel_l2") if not math.isnan(error)]
    assert [float(error) for error in errors] == wanted


def test_the_schema_refuses_what_is_no_junit(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text('<testsuites><testsuite name="a" tests="1"><case/></testsuite></testsuites>')
    with pytest.raises(AssertionError):
        validate_junit(tmp_path / "bad.xml")


def test_junit_of_compare_keeps_to_the_schema(written: Path) -> None:
    shutil.copy(written / "out.h5", written / "base.h5")
    with h5py.File(written / "base.h5", "r+") as file:
        file["cost/nfe_fwd"][:] //= 2
    done = program.run("compare", "out.h5", "base.h5", "--format", "junit", "-o", "compare.xml", cwd=written, **NO_HOST)
    assert done.code == 1
    validate_junit(written / "compare.xml")


def test_json_has_the_numbers_of_the_file(written: Path) -> None:
    root = json.loads((written / "out.json").read_text())
    assert (root["exit_code"], root["finalized"], root["planned_cases"]) == (1, True, 2)
    assert (root["counts"]["passed"], root["counts"]["failed"]) == (1, 1)
    assert [case["cases"]["case_id"] for case in root["cases"]] == column(written / "out.h5", "cases/case_id")
    assert [case["cost"]["nfe_fwd"] for case in root["cases"]] == column(written / "out.h5", "cost/nfe_fwd")
    assert root["cases"][0]["accuracy"]["grad_rel_l2"] == column(written / "out.h5", "accuracy/grad_rel_l2")[0]
    assert root["merits"]["time_median"]["value"] > 0


def test_csv_has_the_numbers_of_the_file(written: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((written / "out.csv").read_text())))
    assert [row["case_id"] for row in rows] == column(written / "out.h5", "cases/case_id")
    assert [row["status"] for row in rows] == ["pass", "fail"]
    assert rows[0]["reason"] == "" and rows[1]["reason"].startswith("max_steps: ")
    assert float(rows[0]["time_median"]) == column(written / "out.h5", "cost/time_median")[0]
    assert rows[1]["time_median"] == ""  # a case that failed is not timed
    assert int(rows[0]["peak_above_baseline"]) > 0 and int(rows[0]["process_rss"]) > 0


def test_tap_has_a_plan_and_a_line_for_each(written: Path) -> None:
    lines = (written / "out.tap").read_text().splitlines()
    points = [line for line in lines if re.match(r"(not )?ok ", line)]
    assert lines[0] == "TAP version 14" and lines[1] == f"1..{len(points)}"
    assert [int(re.search(r"ok (\d+) - ", line).group(1)) for line in points] == list(range(1, len(points) + 1))
    assert any(line.startswith("not ok") for line in points)


@pytest.mark.parametrize("option", FORMS)
def test_dash_is_stdout_and_the_last_line_stays(folder: Path, option: str) -> None:
    done = program.run("verify", "-c", "suite.toml", "-q", option, "-", cwd=folder, **NO_HOST)
    assert done.code == 0 and done.err == "", done
    assert done.last_line == "1 passed, 0 failed, 0 skipped"
    assert len(done.out.splitlines()) > 2 and program.names_in(folder) == {"suite.toml"}


def test_a_complete_result_is_written_out_again(folder: Path) -> None:
    assert program.run(*RUN, cwd=folder).code == 0
    assert program.run(*RUN, *words_of_forms(), cwd=folder).code == 0
    assert program.names_in(folder) == {"suite.toml", "out.h5", *FORMS.values()}
    assert json.loads((folder / "out.json").read_text())["counts"]["passed"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--json", "absent/out.json"), "--json: 'absent/out.json': there is no folder 'absent'"),
        (("--csv", "."), "--csv: '.' is a folder"),
        (("--tap", "a", "--csv", "a"), "'a' is the name of another output"),
        (("--junit", "out.h5"), "--junit: 'out.h5' is the name of another output"),
    ],
)
def test_outputs_that_cannot_be_are_refused_before_the_first_case(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = program.run(*RUN, *words, cwd=folder)
    assert done.code == 2 and said in done.err and done.out == "", done
    assert program.names_in(folder) == {"suite.toml"}


@pytest.mark.ranks
def test_three_ranks_write_one_of_each(folder: Path) -> None:
    done = program.run_ranks(3, *RUN, *words_of_forms(), "--fom", cwd=folder)
    assert done.code == 0 and done.out.count("FOM cases_passed") == 1, done
    assert program.names_in(folder) == {"suite.toml", "out.h5", *FORMS.values()}
    bad = program.run_ranks(3, *RUN[:-1], "other.h5", "--json", "absent/out.json", cwd=folder)
    assert bad.code == 2 and len(bad.complaints) == 1, bad


def test_figures_of_merit_are_lines_of_four_words(folder: Path) -> None:
    done = program.run(*RUN, "--fom", "--ctest", cwd=folder)
    merits = dict(re.findall(r"^FOM (\S+) (\S+) \S+$", done.out, re.MULTILINE))
    assert done.out.count("\nFOM ") == len(merits)
    case = column(folder / "out.h5", "cases/case_id")[0]
    assert float(merits[f"{case}:grad_rel_l2"]) == column(folder / "out.h5", "accuracy/grad_rel_l2")[0]
    assert merits["cases_passed"] == "1" and float(merits["time_median"]) > 0
    measured = dict(re.findall(r'<CTestMeasurement type="numeric/double" name="(\w+)">([^<]+)</CTestMeasurement>', done.out))
    assert measured == {name: value for name, value in merits.items() if ":" not in name}
    assert done.last_line == "1 passed, 0 failed, 0 skipped"


MANY_FAILURES = program.SUITE.replace("rtol = 1e-6", f"rtol = {[10.0**-k for k in range(2, 14)]}, max_steps = 1")


def test_github_gets_ten_marks_and_a_page(folder: Path) -> None:
    (folder / "suite.toml").write_text(MANY_FAILURES)
    host = {**NO_HOST, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "page.md")}

    done = program.run("verify", "-c", "suite.toml", "-q", cwd=folder, **host)

    marks = [line for line in done.err.splitlines() if line.startswith("::error title=retrace ")]
    assert done.code == 1 and len(marks) == 10, done
    page = (folder / "page.md").read_text()
    assert page.startswith("### Retrace: INVALID: 0 passed, 12 failed") and page.count("| `linear/") >= 12
    assert "::" not in done.out


@pytest.mark.parametrize(("word", "marks"), [("none", 0), ("gitlab", 1), ("github", 1)])
def test_annotations_by_request(folder: Path, word: str, marks: int) -> None:
    (folder / "suite.toml").write_text(FAILING)
    done = program.run("verify", "-c", "suite.toml", f"--annotate={word}", cwd=folder, **{**NO_HOST, "GITHUB_ACTIONS": "true"})
    assert (("ERROR" in done.err) or ("::error" in done.err)) == bool(marks), done


def test_an_unexpected_pass_may_be_forgiven(folder: Path) -> None:
    (folder / "suite.toml").write_text(XPASS)
    strict = program.run("run", "--no-ceilings", "-c", "suite.toml", "-o", "strict.h5", cwd=folder)
    lenient = program.run(*RUN, "--lenient-xpass", "--junit", "out.xml", cwd=folder)

    assert (strict.code, strict.last_line) == (1, "0 passed, 1 failed, 0 skipped")
    assert (lenient.code, lenient.last_line) == (0, "0 passed, 0 failed, 0 skipped")
    assert program.read(folder / "out.h5").statuses == ["xpass"]
    assert "<failure" not in (folder / "out.xml").read_text()
    assert program.run("inspect", "--exit-code", "out.h5", cwd=folder).code == 1
    assert program.run("inspect", "--exit-code", "--lenient-xpass", "out.h5", cwd=folder).code == 0


@pytest.mark.parametrize(
    ("measure", "kinds"), [("exact", {0, 1, 2}), ("rss", {2}), ("off", set())], ids=["exact", "rss", "off"]
)
def test_memory_is_measured_as_asked(folder: Path, measure: str, kinds: set[int]) -> None:
    done = program.run(*RUN, "--memory", measure, cwd=folder)
    assert done.code == 0, done
    assert set(column(folder / "out.h5", "memory/kind")) <= kinds and (2 in kinds) == (2 in column(folder / "out.h5", "memory/kind"))
    assert ("leak" in column(folder / "out.h5", "checks/check")) == (measure == "exact")
    if measure != "off":
        rows = zip(column(folder / "out.h5", "memory/kind"), column(folder / "out.h5", "memory/peak_bytes"), strict=True)
        assert all(peak > 1 << 20 for kind, peak in rows if kind == 2)  # a process with MPI is larger than a mebibyte
    program.assert_valid(folder / "out.h5")
    assert program.run("run", "--no-ceilings", "-c", "suite.toml", "-o", "out.h5", "--memory", measure, cwd=folder).code == 0


def test_case_timeout_by_option(folder: Path) -> None:
    (folder / "suite.toml").write_text(
        program.SUITE + program.matrix("endless", "van_der_pol_forced", "T = 2000.0, n = 200", "adaptive = { rtol = 1e-3 }")
    )
    done = program.run(*RUN, "--case-timeout", "700ms", cwd=folder)
    assert done.code == 75 and program.read(folder / "out.h5").statuses == ["pass", "timeout"], done
    assert program.run(*RUN, "--case-timeout", "7", cwd=folder).complaints[0].startswith("retrace: --case-timeout: ")


LIMITED = program.SUITE + "\n[limits.linear]\npeak_bytes = \"1GiB\"\n"


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (("run", "--no-ceilings"), "pass"),
        (("run", "--no-ceilings", "--memory=rss"), "skipped"),
        (("verify",), "skipped"),
    ],
)
def test_a_limit_of_bytes_needs_bytes(folder: Path, words: tuple[str, ...], verdict: str) -> None:
    (folder / "suite.toml").write_text(LIMITED)
    done = program.run(*words, "-c", "suite.toml", "-o", "out.h5", "--json", "out.json", cwd=folder)
    assert done.code == 0, done
    (case,) = json.loads((folder / "out.json").read_text())["cases"]
    assert [check["verdict"] for check in case["checks"] if check["check"] == "limit_peak_bytes"] == [verdict]


@pytest.mark.parametrize(
    ("order", "methods"), [("config", "naive naive aca aca"), ("interleaved", "naive aca naive aca")]
)
def test_cases_run_in_the_order_that_the_suite_asks_for(folder: Path, order: str, methods: str) -> None:
    control = "adaptive = { rtol = [1e-4, 1e-6] }"
    suite = program.SUITE.replace('"aca"', '"naive"').replace("adaptive = { rtol = 1e-6 }", control)
    (folder / "suite.toml").write_text(suite + program.matrix("second", "linear", "T = 1.0, n = 3", control))
    done = program.run("verify", "-c", "suite.toml", "--set", f'run.order="{order}"', "-o", "out.h5", cwd=folder)
    ran = re.findall(r"^\[\d/4\] pass +linear/(\w+)/", done.out, re.MULTILINE)
    assert " ".join(ran) == methods, done
    stored = [case_id.split("/")[1] for case_id in column(folder / "out.h5", "cases/case_id")]
    assert stored == ["naive", "naive", "aca", "aca"]  # the file keeps the suite's order
