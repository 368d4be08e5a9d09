"""A tool of Kokkos' own beside the program's memory tracker: both see every allocation, and the result is the same."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import h5py
import program
import pytest

# What every profiling tool exports; it counts, and says so when Kokkos ends.
TOOL = r"""
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
struct Space { char name[64]; };
namespace { std::atomic<long> allocated{0}, freed{0}; }
extern "C" {
void kokkosp_init_library(int, std::uint64_t, std::uint32_t, void*) {}
void kokkosp_allocate_data(Space, char const*, void const*, std::uint64_t) { ++allocated; }
void kokkosp_deallocate_data(Space, char const*, void const*, std::uint64_t) { ++freed; }
void kokkosp_finalize_library() {
  if (std::FILE* file = std::fopen(std::getenv("TOOL_OUTPUT"), "w")) {
    std::fprintf(file, "%ld %ld\n", allocated.load(), freed.load());
    std::fclose(file);
  }
}
}
"""
COMPILER = os.environ.get("CXX") or shutil.which("c++")


@pytest.fixture
def tool(folder: Path) -> Path:
    if COMPILER is None:
        pytest.skip("no compiler for the tool")
    (folder / "tool.cpp").write_text(TOOL)
    subprocess.run([COMPILER, "-shared", "-fPIC", "-o", "tool.so", "tool.cpp"], cwd=folder, check=True)
    return folder / "tool.so"


def memory_of(path: Path) -> list[tuple[object, ...]]:
    """The rows of what does not depend on the process."""
    columns = ("space", "kind", "stat", "peak_above_baseline", "end_bytes", "alloc_count", "largest_label", "unmatched_frees")
    with h5py.File(path, "r") as file:
        rows = list(zip(*(file[f"memory/{column}"][:] for column in columns), strict=True))
        kinds = {code: name for code, name in enumerate(file["memory/kind"].attrs["flag_meanings"].split())}
    return [row for row in rows if kinds[int(row[1])] in ("solver", "runtime")]


@pytest.mark.parametrize("how", ["option", "variable"])
def test_tool_and_tracker_see_the_same_allocations(folder: Path, tool: Path, how: str) -> None:
    words = ("run", "--no-ceilings", "-c", "suite.toml", "-o")
    counted = folder / "counted"
    plain = program.run(*words, "plain.h5", cwd=folder)
    if how == "option":
        beside = program.run(*words, "tool.h5", f"--kokkos-tools-libs={tool}", cwd=folder, TOOL_OUTPUT=str(counted))
    else:
        beside = program.run(*words, "tool.h5", cwd=folder, KOKKOS_TOOLS_LIBS=str(tool), TOOL_OUTPUT=str(counted))

    assert plain.code == 0 and beside.code == 0, beside
    allocated, freed = (int(word) for word in counted.read_text().split())
    own = memory_of(folder / "tool.h5")
    assert own == memory_of(folder / "plain.h5") and own
    solver_allocations = max(int(row[5]) for row in own)
    assert allocated > solver_allocations > 0  # the whole run, against one gradient
    assert freed > solver_allocations
