"""SciPy's forward witness: its closed form, the file of references that it wrote, and what it says to bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("scipy", reason="SciPy is not there for RETRACE_PYTHON")

import scipy_witness  # noqa: E402

REFERENCE = Path(__file__).resolve().parents[2] / "verification" / "tests" / "reference" / "scipy.json"
SAME = 1e-9  # SciPy's steps at 1e-13, some thousand of them; other versions may choose others


def test_linear_growth_has_its_closed_form() -> None:
    growth = scipy_witness.Problem(
        {"T": 2.0},
        lambda _: (np.array([1.5]), np.array([0.25])),
        lambda y, p: p[0] * y,
        lambda y: float(y @ y),
        lambda y: 2.0 * y,
    )
    found = scipy_witness.gradient(growth, {"T": 2.0})
    loss = 1.5**2 * np.exp(1.0)
    assert found["loss"] == pytest.approx(loss, rel=1e-11)
    assert found["dloss_dy0"] == pytest.approx([2.0 * loss / 1.5], rel=1e-11)
    assert found["dloss_dp"] == pytest.approx([4.0 * loss], rel=1e-11)


def test_the_references_are_what_it_writes(tmp_path: Path) -> None:
    file = tmp_path / "scipy.json"
    assert scipy_witness.main(["lorenz63", "--write", str(file)]) == 0
    now, then = (json.loads(path.read_text())["problems"]["lorenz63"] for path in (file, REFERENCE))
    assert now["arguments"] == then["arguments"]
    for quantity in ("loss", "dloss_dy0", "dloss_dp"):
        assert now[quantity] == pytest.approx(then[quantity], rel=SAME)


@pytest.mark.parametrize(
    ("problem", "file"), [("van_der_pol", "van_der_pol_mu0.15.json"), ("three_body", "three_body.json")]
)
def test_agrees_with_references_of_other_code(problem: str, file: str) -> None:
    mine = json.loads(REFERENCE.read_text())["problems"][problem]
    other = json.loads((REFERENCE.parent / file).read_text())
    for quantity, name in (("dloss_dy0", "dLdz0"), ("dloss_dp", "dLdp")):
        expected = np.array(other[name]["values"])
        assert np.linalg.norm(mine[quantity] - expected) <= 1e-11 * np.linalg.norm(expected)  # a hundred of 1e-13


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["van_der_pol", "--set", "my=5"], "no argument 'my'; did you mean 'mu'?"),
        (["van_der_pol", "--set", "mu=five"], "'five' is not a number"),
    ],
)
def test_bad_input(words: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        scipy_witness.main(words)
    assert said in str(stopped.value)
