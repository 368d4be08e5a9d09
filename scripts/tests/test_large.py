"""Ten thousand cases as the suite's own writer stores them, each distinct text once: read back whole.

RETRACE_LARGE_RESULT names the file, which test_results_large leaves behind. How long a report of so many takes is asked in
test_extremes.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import pytest

CASES = 10_000


@pytest.fixture
def large() -> Path:
    name = os.environ.get("RETRACE_LARGE_RESULT")
    if not name:
        pytest.skip("RETRACE_LARGE_RESULT names no result file")
    return Path(name)


def test_texts_that_share_their_place_are_read_like_others(large: Path) -> None:
    with h5py.File(large) as file:
        ids = file["cases/case_id"].asstr()[:]
        assert len(set(ids)) == CASES
        parts = [case_id.split("/") for case_id in ids]
        for place, column in enumerate(("problem", "method", "solver")):
            assert file[f"cases/{column}"].asstr()[:].tolist() == [part[place] for part in parts]
        checks = file["checks/check"].asstr()[:]
        assert len(checks) == 11 * CASES and checks[-11:].tolist() == checks[:11].tolist()
        assert all(message for message in file["checks/message"].asstr()[:])
