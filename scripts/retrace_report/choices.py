"""What the user may choose about the figures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from .errors import ReportError

COSTS = {"time": "time", "evaluations": "evaluations", "nfe": "evaluations", "bytes": "bytes"}  # word -> figure
ERRORS = {
    "grad_rel_l2": "relative gradient error (l2)",
    "grad_rel_linf": "relative gradient error (maximum norm)",
    "grad_abs_linf": "largest absolute gradient error",
    "grad_cos_defect": "1 − cosine to the reference gradient",
    "grad_y0_rel_l2": "relative error of dL/dy0 (l2)",
    "grad_theta_rel_l2": "relative error of dL/dp (l2)",
    "loss_rel": "relative error of the loss",
    "state_rel_l2": "relative error of the final state (l2)",
}
DEFAULT_ERROR = "grad_rel_l2"
GROUPS = ("problem", "solver", "method", "precision", "backend", "family", "batch", "ranks", "threads")


@dataclass(frozen=True)
class Choices:
    x: tuple[str, ...] = ("time", "evaluations", "bytes")  # the work-precision figures, in this order
    y: str = DEFAULT_ERROR  # a column of /accuracy
    group: str = "problem"  # a panel per problem setting, or per setting and value of this column of /cases


def one_of(option: str, word: str, valid: Collection[str]) -> str:
    """`word` if it is valid; else ReportError with the nearest valid name."""
    if word in valid:
        return word
    near = get_close_matches(word, valid, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}? " if near else ""
    raise ReportError(f"{option}: unknown {word!r}; {meant}valid: {', '.join(valid)}")


def names(option: str, text: str, valid: Collection[str]) -> list[str]:
    """The words of "a,b", each one valid, without repetition."""
    words = [one_of(option, word.strip(), valid) for word in text.split(",") if word.strip()]
    if not words:
        raise ReportError(f"{option}: names none; valid: {', '.join(valid)}")
    return list(dict.fromkeys(words))


def costs_named(text: str) -> tuple[str, ...]:
    """ "time,nfe" as figures."""
    return tuple(dict.fromkeys(COSTS[word] for word in names("--x", text, COSTS)))
