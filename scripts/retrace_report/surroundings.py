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
