"""SIGKILL at random moments: no finished case is lost, and the tables are in the end those of a run that nobody disturbed.

RETRACE_KILLS is how many (6); RETRACE_KILLS_SEED chooses other moments.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import program
import pytest

KILLS = int(os.environ.get("RETRACE_KILLS", "6"))
SEED = int(os.environ.get("RETRACE_KILLS_SEED", "1"))

# Some two seconds of work of several kinds: ensembles, a field, a failing case.
SUITE = program.SUITE.replace("1ms", "40ms").replace("repeat = 1", "repeat = 3")
SUITE = SUITE.replace("adaptive = { rtol = 1e-6 }", "adaptive = { rtol = [1e-4, 1e-6, 1e-8] }")
SUITE += "".join(
    [
        program.matrix("vdp", "van_der_pol", "T = 1.0, n = 2", "adaptive = { rtol = [1e-4, 1e-6] }", '["aca", "naive", "adjoint"]'),
        program.matrix("net", "neural_mlp", "widths = [3, 4, 3], n = 5, block = 2", "adaptive = { rtol = 1e-5 }"),
        program.matrix("short", "linear", "T = 10.0, n = 3", "adaptive = { rtol = 1e-6, max_steps = 7 }"),
    ]
)

# What does not depend on the clock, nor on what the process did before.
DETERMINISTIC = {
    "cases": "case_id case_hash status reason problem family method method_class solver order control precision backend tags"
    " state_dim param_dim batch ranks threads steps_requested rtol atol checkpoints case_json",
    "accuracy": "grad_rel_l2 grad_rel_linf grad_abs_linf grad_cos_defect grad_y0_rel_l2 grad_theta_rel_l2 loss_rel"
    " state_rel_l2 ref_kind ref_uncertainty cond_estimate grad_digest",
    "cost": "nfe_fwd nfe_bwd n_jvp n_vjp steps_accepted steps_rejected recomputed_steps kernel_launches linear_solves"
    " newton_iters bytes_moved_model flops_model",
    "checks": "case check value threshold op verdict message",
    "mem_labels": "case space label live_at_peak",
    "taylor": "case direction eps remainder0 remainder1 noise_floor rate used",
    "convergence": "case_group level h error_norm error observed_order",
}
SOLVER_MEMORY = "case space stat peak_above_baseline alloc_count"


def tables(path: Path) -> dict[str, list]:
    with h5py.File(path) as file:
        found = {
            f"{table}/{column}": file[table][column][:].tolist()
            for table, columns in DETERMINISTIC.items()
            for column in columns.split()
        }
        is_solver = file["memory/kind"][:] == 0
        for column in SOLVER_MEMORY.split():
            found[f"memory/{column}"] = file["memory"][column][:][is_solver].tolist()
    return found


def same(a: list, b: list) -> bool:
    try:
        return np.array_equal(np.array(a, dtype=float), np.array(b, dtype=float), equal_nan=True)
    except (TypeError, ValueError):
        return a == b


@dataclass
class Victim:
    """One result file, and the program that is killed while it writes it."""

    folder: Path
    ranks: int
    done: set[str] = field(default_factory=set)
    killed_in: dict[str, int] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[str]:
        call = ("run", "--no-ceilings", "-q", "-c", "suite.toml", "-o", "out.h5")
        notes = self.folder / "notes"
        notes.mkdir(exist_ok=True)
        for old in notes.iterdir():
            old.unlink()
        words = [program.PROGRAM, *call]
        if self.ranks > 1:
            words = ["env", f"RETRACE_NOTES={notes}", program.MPIEXEC[0], *program.noted(self.ranks, *call)]
        return subprocess.Popen(
            words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def lines(self) -> list[dict]:
        try:
            text = (self.folder / "out.h5.journal").read_text()
        except FileNotFoundError:  # not begun, or complete at this very moment
            return []
        whole, _, _ = text.rpartition("\n")  # a torn last line does not count
        return [json.loads(line) for line in whole.splitlines()]

    def finished(self) -> set[str]:
        return {line["done"]["cases"]["case_id"] for line in self.lines() if "done" in line}

    def in_flight(self) -> str:
        """The case that was begun and has not ended."""
        last = (self.lines() or [{}])[-1]
        return last.get("start", "")

    def kill(self, running: subprocess.Popen[str], delay: float, choice: random.Random) -> bool:
        """The program itself, not a launcher before it, while it works on a case; False when it was faster."""
        begin = time.monotonic()
        while running.poll() is None:
            case = self.in_flight()
            # A case that takes the program down twice counts as crashed, which is not the matter here.
            if case and self.killed_in.get(case, 0) == 0 and time.monotonic() - begin > delay:
                break
            time.sleep(0.002)
        target = running.pid
        if self.ranks > 1 and running.poll() is None:
            target = int((self.folder / "notes" / f"pid.{choice.randrange(self.ranks)}").read_text())
        try:
            os.kill(target, signal.SIGKILL)
        except ProcessLookupError:
            pass
        running.communicate(timeout=program.NO_HANG)
        self.wait_for_all()
        case = self.in_flight()
        if not case:
            return False
        self.killed_in[case] = self.killed_in.get(case, 0) + 1
        return True

    def wait_for_all(self) -> None:
        """A launcher may be gone before the ranks that it has ended."""
        deadline = time.monotonic() + program.NO_HANG
        for note in (self.folder / "notes").glob("pid.*"):
            while Path(f"/proc/{note.read_text().strip()}").exists():
                assert time.monotonic() < deadline, note.name
                time.sleep(0.01)

    def check(self) -> None:
        now = self.finished()
        assert self.done <= now, self.done - now
        self.done = now
        program.assert_valid(self.folder / "out.h5")


@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=pytest.mark.ranks)])
def test_no_kill_loses_a_finished_case(tmp_path: Path, ranks: int) -> None:
    choice = random.Random(SEED)
    undisturbed = tmp_path / "undisturbed"
    undisturbed.mkdir()
    (undisturbed / "suite.toml").write_text(SUITE)
    call = ("run", "--no-ceilings", "-q", "-c", "suite.toml", "-o", "out.h5")
    begin = time.monotonic()
    done = program.run(*call, cwd=undisturbed) if ranks == 1 else program.run_ranks(ranks, *call, cwd=undisturbed)
    duration = time.monotonic() - begin
    assert done.code == 1, done  # one case fails, as it should
    expected = tables(undisturbed / "out.h5")

    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        folder = tmp_path / f"round{rounds}"
        folder.mkdir()
        (folder / "suite.toml").write_text(SUITE)
        victim = Victim(folder, ranks)
        while kills < KILLS and victim.kill(victim.start(), choice.uniform(0.0, 0.5 * duration), choice):
            kills += 1
            victim.check()
        if not (folder / "out.h5").exists() or (folder / "out.h5.journal").exists():
            running = victim.start()
            out, err = running.communicate(timeout=program.NO_HANG)
            assert running.returncode in (0, 1), (out, err)
        found = tables(folder / "out.h5")
        different = [name for name in expected if not same(expected[name], found[name])]
        assert not different, {name: (expected[name], found[name]) for name in different}
        program.assert_valid(folder / "out.h5")
        with h5py.File(folder / "out.h5") as file:
            assert file.attrs["finalized"] and len(file["runs/run"]) > sum(victim.killed_in.values())
        assert program.run("inspect", "--exit-code", "out.h5", cwd=folder).code == 1
    print(f"{kills} kills in {rounds} results on {ranks} ranks")
