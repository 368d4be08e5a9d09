"""Where and how the file came about: environment, runs, the command that makes it again."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from .reader import ResultFile, text_of

_LONG = 300  # characters; longer values fold away
# What a reader asks first, in this order, wherever the scope has it. The rest follows in the order of the file.
_FIRST = (
    "version",
    "git_commit",
    "git_sha",
    "git_dirty",
    "dirty",
    "type",
    "build_type",
    "compiler",
    "model",
    "cpu_model",
    "hostname",
    "name",
    "backends",
    "library",
)


@dataclass(frozen=True)
class Entry:
    key: str
    value: str
    long: bool


def environment(result: ResultFile) -> dict[str, list[Entry]]:
    """Scope -> entries, equal ones of several runs once."""
    table, scopes = result["environment"], {}
    for scope, key, value in dict.fromkeys(zip(table["scope"], table["key"], table["value"])):
        entry = Entry(key, value.strip(), len(value) > _LONG or "\n" in value.strip())
        scopes.setdefault(scope, []).append(entry)
    for entries in scopes.values():
        entries.sort(key=lambda entry: _FIRST.index(entry.key) if entry.key in _FIRST else len(_FIRST))
    return scopes


@dataclass(frozen=True)
class Fact:
    """One fact; `before` is the baseline's where it differs, empty otherwise."""

    scope: str
    key: str
    value: str
    before: str = ""


# (heading, scope, keys): the first key that the file has says it.
_KEY_FACTS = (
    ("CPU", "cpu", ("model", "cpu_model")),
    ("cores", "cpu", ("logical_cores", "cores")),
    ("GPU", "gpu", ("name", "model")),
    ("compiler", "build", ("compiler",)),
    ("flags", "build", ("cxx_flags", "flags_cxx")),
    ("Kokkos", "kokkos", ("version",)),
    ("MPI", "mpi", ("library",)),
    ("commit", "build", ("git_commit", "git_sha")),
    ("uncommitted changes", "build", ("git_dirty", "dirty")),
)
_SHORT, _COMMIT = 60, 12  # characters of a key fact, of a commit
# What differs from run to run without saying anything about the results.
_PASSING = ("load_average", "ceiling_", "launchdate", "job_id", "pid")


def _table(result: ResultFile) -> dict[tuple[str, str], str]:
    environment = result["environment"]
    found: dict[tuple[str, str], str] = {}
    for scope, key, value in zip(environment["scope"], environment["key"], environment["value"]):
        found.setdefault((scope, key), value.strip())
    return found


def key_facts(result: ResultFile, baseline: ResultFile | None = None) -> list[Fact]:
    """What a reader wants to know before any number, and whether the baseline had it, too."""
    return [
        Fact("", name, value, before if baseline and before != value else "")
        for (name, value), (_, before) in zip(_key_values(result), _key_values(baseline or result))
        if value or before
    ]


def _key_values(result: ResultFile) -> list[tuple[str, str]]:
    table, cases = _table(result), result["cases"]
    found = []
    for name, scope, keys in _KEY_FACTS:
        values = (table.get((at, key), "") for at in (scope, "host") for key in keys)
        value = next(filter(None, values), "").split(", package")[0]
        if name == "commit":
            value = value[:_COMMIT]
        if name == "flags":  # definitions and warnings, which come first, leave no room for what makes numbers
            value = " ".join(word for word in value.split() if not word.startswith(("-D", "-W")))
        found.append((name, value if len(value) <= _SHORT else value[: _SHORT - 1] + "…"))
    for name, column in (
        ("ranks", "ranks"),
        ("threads per rank", "threads"),
        ("backend", "backend"),
        ("precision", "precision"),
    ):
        known = {value for value in cases[column].tolist() if value != -1}  # -1: it ended too early to say
        found.append((name, ", ".join(str(value) for value in sorted(known))))
    return found


def differences(result: ResultFile, baseline: ResultFile) -> list[Fact]:
    """Every fact of the environment in which the two files differ."""
    now, before = _table(result), _table(baseline)
    keys = list(dict.fromkeys([*now, *before]))
    return [
        Fact(scope, key, now.get((scope, key), ""), before.get((scope, key), ""))
        for scope, key in keys
        if now.get((scope, key), "") != before.get((scope, key), "") and not key.startswith(_PASSING)
    ]


def excluded(result: ResultFile) -> list[tuple[str, str, str]]:
    """(matrix, what is excluded, reason) as the configuration in effect says; empty where it cannot be read."""
    try:
        matrices = json.loads(result.config["effective_json"]).get("matrix", [])
        return [
            (
                str(matrix.get("name", "")),
                ", ".join(f"{key} {value}" for key, value in rule.items() if key != "reason"),
                str(rule.get("reason", "")),
            )
            for matrix in matrices
            for rule in matrix.get("exclude", [])
        ]
    except (ValueError, AttributeError):
        return []


def runs(result: ResultFile) -> list[dict[str, str]]:
    table = result["runs"]
    return [{name: str(table[name][i]) for name in table} for i in range(result.rows("runs"))]


def reproduce_command(result: ResultFile) -> str:
    """The last run's command line behind its launcher, as recorded; empty if none was."""
    if not result.rows("runs"):
        return ""
    command, world = str(result["runs"]["cmdline"][-1]).strip(), int(result["runs"]["world_size"][-1])
    launched = command.split(maxsplit=1)[:1] and command.split()[0].rsplit("/")[-1] in (
        "mpirun",
        "mpiexec",
        "srun",
        "flux",
    )
    return (
        command if not command or launched or world <= 1 else shlex.join(["mpirun", "-n", str(world)]) + " " + command
    )


def config_json(result: ResultFile) -> str:
    """The effective configuration, indented where it can be parsed."""
    text = result.config["effective_json"]
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def history(result: ResultFile) -> str:
    return text_of(result.attributes.get("history", "")).strip()
