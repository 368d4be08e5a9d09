"""The result schema, once: groups, columns, types, units. Used by the reader, the synthetic writer, the schema test.

A table is a group of equally long column datasets. Each has one dimension scale, named in `Table.scale` (int64 0…n-1),
attached to axis 0 of every column. Strings are variable-length UTF-8; codes are uint8 with `flag_values` and
`flag_meanings` (one word each, blank-separated); a missing integer is -1 and says so in `missing_value_meaning`.
"""

from __future__ import annotations

from dataclasses import dataclass

NAME = "retrace"
VERSION = (1, 2, 0)
VERSION_TEXT = ".".join(map(str, VERSION))

ROOT_ATTRIBUTES = (
    "schema_name",
    "schema_version",
    "title",
    "created_utc",
    "modified_utc",
    "finalized",
    "generator",
    "license",
    "history",
)
CONFIG_DATASETS = ("toml", "effective_json", "sha256")  # scalars, variable-length UTF-8, in /config

STATUS = (
    "pass",
    "fail",
    "error",
    "timeout",
    "nonfinite",
    "oom",
    "skipped",
    "xfail",
    "xpass",
    "inconclusive",
    "crashed",
)
METHOD_CLASS = ("exact_program", "exact_frozen", "consistent")
REFERENCE_KIND = ("analytic", "dual", "refined", "extended", "external", "none")
TIMING_QUALITY = ("good", "noisy", "unstable", "too_fast", "none")
PHASE = ("total", "forward", "backward", "setup")
MEMORY_KIND = ("solver", "runtime", "process_rss", "device_used")
MEMORY_STAT = ("max_rank", "min_rank", "median_rank", "sum_ranks")
VERDICT = ("pass", "fail", "inconclusive", "skipped")
ENDED_BY = ("finished", "time_limit", "signal", "crash")


@dataclass(frozen=True)
class Column:
    """One column: `kind` is str, flag, f8, i4, i8 or u8i (uint64); `units` in UDUNITS spelling, "1" if none."""

    name: str
    kind: str
    units: str = "1"
    meanings: tuple[str, ...] = ()  # of a flag, in the order of its values 0, 1, 2, …
    index_of: str = ""  # the table whose rows this column counts
    since: int = 0  # minor version that brought it; earlier files lack it


@dataclass(frozen=True)
class Table:
    name: str
    scale: str
    columns: tuple[Column, ...]
    required: bool = True

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _columns(kind: str, names: str, units: str = "1") -> tuple[Column, ...]:
    return tuple(Column(name, kind, units) for name in names.split())


def _flag(name: str, meanings: tuple[str, ...]) -> Column:
    return Column(name, "flag", "1", meanings)


_RUN = Column("run", "i8", "1", index_of="runs")
_CASE = Column("case", "i8", "1", index_of="cases")
_YES_NO = ("no", "yes")

TABLES: tuple[Table, ...] = (
    Table(
        "runs",
        "run",
        (
            *_columns("str", "run_uuid started_utc ended_utc cmdline workdir_hash fingerprint_hw fingerprint_sw shard"),
            *_columns("i4", "launch_index exit_code world_size"),
            _flag("ended_by", ENDED_BY),
            *_columns("u8i", "seed"),
        ),
    ),
    Table("environment", "env", (_RUN, *_columns("str", "scope key value"))),
    Table(
        "cases",
        "case",
        (
            *_columns("str", "case_id case_hash"),
            _RUN,
            _flag("status", STATUS),
            *_columns("str", "reason"),
            *_columns("i4", "attempts"),
            *_columns("str", "problem family method"),
            _flag("method_class", METHOD_CLASS),
            *_columns("str", "solver"),
            *_columns("i4", "order"),
            *_columns("str", "control precision backend tags"),
            *_columns("i8", "state_dim param_dim batch"),
            *_columns("i4", "ranks threads"),
            *_columns("i8", "steps_requested"),
            *_columns("f8", "rtol atol"),
            *_columns("i8", "checkpoints"),
            *_columns("str", "case_json"),
            Column("seconds", "f8", "s", since=1),
        ),
    ),
    Table(
        "accuracy",
        "case",
        (
            *_columns(
                "f8",
                "grad_rel_l2 grad_rel_linf grad_abs_linf grad_cos_defect grad_y0_rel_l2 grad_theta_rel_l2"
                " loss_rel state_rel_l2",
            ),
            _flag("ref_kind", REFERENCE_KIND),
            *_columns("f8", "ref_uncertainty cond_estimate"),
            *_columns("str", "grad_digest"),
        ),
    ),
    Table(
        "cost",
        "case",
        (
            *_columns("f8", "time_median time_min time_mad time_ci_lo time_ci_hi", "s"),
            *_columns("f8", "time_cv"),
            *_columns("f8", "forward_median backward_median setup_median", "s"),
            *_columns("i4", "n_samples n_launches timer_batch"),
            _flag("timing_quality", TIMING_QUALITY),
            Column("timing_reason", "str", since=1),
            *_columns(
                "i8",
                "nfe_fwd nfe_bwd n_jvp n_vjp steps_accepted steps_rejected recomputed_steps kernel_launches"
                " linear_solves newton_iters",
            ),
            *_columns("f8", "bytes_moved_model", "byte"),
            *_columns("f8", "flops_model imbalance"),
            *_columns("f8", "energy_J", "J"),
        ),
    ),
    Table(
        "samples",
        "sample",
        (
            _CASE,
            *_columns("i4", "launch rep"),
            _flag("phase", PHASE),
            *_columns("f8", "seconds", "s"),
            _flag("is_warmup", _YES_NO),
            _flag("flagged", _YES_NO),
        ),
    ),
    Table(
        "memory",
        "mem_row",
        (
            _CASE,
            *_columns("str", "space"),
            _flag("kind", MEMORY_KIND),
            _flag("stat", MEMORY_STAT),
            *_columns("i8", "baseline_bytes peak_bytes peak_above_baseline end_bytes", "byte"),
            *_columns("i8", "alloc_count"),
            *_columns("str", "largest_label"),
            *_columns("i8", "largest_bytes", "byte"),
            *_columns("i8", "unmatched_frees"),
        ),
    ),
    Table("mem_labels", "label_row", (_CASE, *_columns("str", "space label"), *_columns("i8", "live_at_peak", "byte"))),
    Table(
        "checks",
        "check_row",
        (
            _CASE,
            *_columns("str", "check"),
            *_columns("f8", "value threshold"),
            *_columns("str", "op"),
            _flag("verdict", VERDICT),
            *_columns("str", "message"),
            *_columns("f8", "seconds", "s"),
        ),
    ),
    Table(
        "ranks",
        "rank_row",
        (
            _RUN,
            *_columns("i4", "rank"),
            *_columns("str", "host cpus"),
            *_columns("i4", "numa gpu_index"),
            *_columns("str", "gpu_uuid"),
            *_columns("i4", "threads"),
        ),
        required=False,
    ),
    Table(
        "taylor",
        "taylor_row",
        (
            _CASE,
            *_columns("i4", "direction"),
            *_columns("f8", "eps remainder0 remainder1 noise_floor rate"),
            _flag("used", _YES_NO),
        ),
        required=False,
    ),
    Table(
        "time_gradients",
        "time_row",
        (_CASE, *_columns("str", "name"), *_columns("f8", "time derivative reference")),
        required=False,
    ),
    Table(
        "convergence",
        "conv_row",
        (
            *_columns("str", "case_group"),
            *_columns("i4", "level"),
            *_columns("f8", "h"),
            *_columns("str", "error_norm"),
            *_columns("f8", "error observed_order"),
        ),
        required=False,
    ),
)
BY_NAME: dict[str, Table] = {table.name: table for table in TABLES}
SAME_LENGTH = ("cases", "accuracy", "cost")  # one row per case in each, in the same order

DTYPES = {"flag": "u1", "f8": "f8", "i4": "i4", "i8": "i8", "u8i": "u8"}  # NumPy types; str is variable-length UTF-8
