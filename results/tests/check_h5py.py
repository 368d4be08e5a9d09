"""Opens two result files with h5py and compares them with the schema as it is written down for readers.

usage: check_h5py.py FULL.h5 EMPTY.h5     exit code 77 when h5py is not installed

The list below is a second statement of results/schema.hpp on purpose: a column that disappears or changes its type
there breaks scripts of other people, and this test.
"""

import sys

try:
    import h5py
    import numpy as np
except ImportError:
    print("h5py is not installed")
    sys.exit(77)

TEXT, FLOAT, I32, I64, U64, CODE = "text", "float64", "int32", "int64", "uint64", "uint8"


def columns(text="", float64="", int32="", int64="", uint64="", uint8=""):
    by_type = {TEXT: text, FLOAT: float64, I32: int32, I64: int64, U64: uint64, CODE: uint8}
    return {name: kind for kind, names in by_type.items() for name in names.split()}


TABLES = {
    "runs": ("run", columns(
        text="run_uuid started_utc ended_utc cmdline workdir_hash fingerprint_hw fingerprint_sw shard",
        int32="launch_index exit_code world_size", uint64="seed", uint8="ended_by")),
    "environment": ("env", columns(int64="run", text="scope key value")),
    "ranks": ("rank_row", columns(int64="run", int32="rank numa gpu_index threads", text="host cpus gpu_uuid")),
    "cases": ("case", columns(
        text="case_id case_hash reason problem family method solver control precision backend tags case_json",
        uint8="status method_class", int32="attempts order ranks threads",
        int64="run state_dim param_dim batch steps_requested checkpoints", float64="rtol atol seconds")),
    "accuracy": ("case", columns(
        float64="grad_rel_l2 grad_rel_linf grad_abs_linf grad_cos_defect grad_y0_rel_l2 grad_theta_rel_l2 loss_rel"
                " state_rel_l2 ref_uncertainty cond_estimate", uint8="ref_kind", text="grad_digest")),
    "cost": ("case", columns(
        float64="time_median time_min time_mad time_ci_lo time_ci_hi time_cv forward_median backward_median"
                " setup_median bytes_moved_model flops_model imbalance energy_J",
        int32="n_samples n_launches timer_batch", uint8="timing_quality", text="timing_reason",
        int64="nfe_fwd nfe_bwd n_jvp n_vjp steps_accepted steps_rejected recomputed_steps kernel_launches"
              " linear_solves newton_iters")),
    "samples": ("sample", columns(int64="case", int32="launch rep", uint8="phase is_warmup flagged",
                                  float64="seconds")),
    "memory": ("mem_row", columns(
        int64="case baseline_bytes peak_bytes peak_above_baseline end_bytes alloc_count largest_bytes unmatched_frees",
        text="space largest_label", uint8="kind stat")),
    "mem_labels": ("label_row", columns(int64="case live_at_peak", text="space label")),
    "checks": ("check_row", columns(int64="case", text="check op message", float64="value threshold seconds",
                                    uint8="verdict")),
    "taylor": ("taylor_row", columns(int64="case", int32="direction", uint8="used",
                                     float64="eps remainder0 remainder1 noise_floor rate")),
    "time_gradients": ("time_row", columns(int64="case", text="name", float64="time derivative reference")),
    "convergence": ("conv_row", columns(text="case_group error_norm", int32="level",
                                        float64="h error observed_order")),
}
ROOT = {"schema_name", "schema_version", "title", "created_utc", "modified_utc", "finalized", "generator", "license",
        "history"}
STATUS = "pass fail error timeout nonfinite oom skipped xfail xpass inconclusive crashed"


def kind_of(dataset):
    text = h5py.check_string_dtype(dataset.dtype)
    if text is not None:
        return TEXT if text.encoding == "utf-8" and text.length is None else "other text"
    return dataset.dtype.name


def check_column(table, name, dataset, scale):
    where = f"/{table}/{name}"
    assert dataset.shape == scale.shape, where
    is_text = h5py.check_string_dtype(dataset.dtype) is not None
    assert dataset.chunks == (1024,) and dataset.compression_opts == 4, where
    assert dataset.shuffle != is_text, where  # it does nothing for references
    assert dataset.dims[0][0].name == scale.name, where
    assert isinstance(dataset.attrs["long_name"], str) and dataset.attrs["long_name"], where
    if kind_of(dataset) == TEXT:
        assert all(isinstance(value, str) for value in dataset.asstr()[:]), where
        return
    assert dataset.attrs["units"] in ("1", "s", "byte", "J"), where
    if kind_of(dataset) == CODE:
        words = dataset.attrs["flag_meanings"].split()
        assert list(dataset.attrs["flag_values"]) == list(range(len(words))), where
        assert dataset.attrs["flag_values"].dtype == np.uint8, where
        assert all(dataset[:] < len(words)), where


def check(path):
    with h5py.File(path, "r") as file:
        assert set(file) == set(TABLES) | {"config"}, sorted(file)
        assert set(file.attrs) - {"planned_cases"} == ROOT, sorted(file.attrs)
        assert file.attrs["schema_name"] == "retrace" and file.attrs["schema_version"].startswith("1.")
        assert file.attrs["finalized"] in (0, 1) and file.attrs["finalized"].dtype == np.uint8
        assert set(file["config"]) == {"toml", "effective_json", "sha256", "request_json"}
        assert all(isinstance(text.asstr()[()], str) for text in file["config"].values())
        for table, (scale_name, expected) in TABLES.items():
            group = file[table]
            found = {name: kind_of(dataset) for name, dataset in group.items() if name != scale_name}
            assert found == expected, (table, set(found.items()) ^ set(expected.items()))
            scale = group[scale_name]
            assert h5py.h5ds.is_scale(scale.id) and scale.dtype == np.int64, table
            assert np.array_equal(scale[:], np.arange(len(scale))), table
            for name in expected:
                check_column(table, name, group[name], scale)
        assert file["cases/status"].attrs["flag_meanings"] == STATUS
        assert len(file["cases/case"]) == len(file["accuracy/case"]) == len(file["cost/case"])
        return len(file["cases/case"])


if __name__ == "__main__":
    assert check(sys.argv[1]) == 11
    assert check(sys.argv[2]) == 0
    print("both files are as the schema says")
