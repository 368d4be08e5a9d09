"""A summary for pull requests: verdict, failures, findings, cheapest methods; at most 60 lines."""

from __future__ import annotations

from .content import Report
from .tables import written

_FAILURES, _PROBLEMS, _DECADES = 10, 8, 5


def summary(report: Report) -> str:
    lines = [
        f"# {report.title}: {report.verdict.headline}",
        "",
        report.verdict.sentence,
        "",
        ", ".join(f"{count:,} {status}" for status, count in report.verdict.counts.items()) or "no case",
        "",
    ]
    if report.failures:
        lines += ["## Failures", "", "| case | check | value | limit | message |", "| --- | --- | --- | --- | --- |"]
        for one in report.failures[:_FAILURES]:
            lines.append(
                _row(
                    f"`{one.case_id}`",
                    one.check or one.status,
                    written(one.value, "plain"),
                    f"{one.op} {written(one.threshold, 'plain')}".strip(),
                    one.message,
                )
            )
        if len(report.failures) > _FAILURES:
            lines.append(f"\n… and {len(report.failures) - _FAILURES:,} more.")
        lines += ["", "Repeat the first one:", "", f"    {report.failures[0].command}", ""]
    lines += ["## What the numbers say", "", *(f"- {claim}" for claim in report.claims), ""]
    evaluations = next((one for one in report.cheapest if one.name == "evaluations"), None)
    if evaluations:
        # The decades that most problems reach, not those that one alone does.
        reached = {k: sum(k in row for row in evaluations.rows.values()) for k in evaluations.decades}
        decades = sorted(sorted(reached, key=lambda k: (-reached[k], -k))[:_DECADES])
        lines += [
            "## Cheapest method by evaluations",
            "",
            _row("problem", *(f"1e-{k}" for k in decades)),
            _row(*["---"] * (len(decades) + 1)),
        ]
        for panel, row in list(evaluations.rows.items())[:_PROBLEMS]:
            ways = [row.get(k) for k in decades]
            lines.append(
                _row(
                    panel,
                    *(f"{way.point.method} {written(way.cost, evaluations.kind)}" if way else "–" for way in ways),
                )
            )
        if len(evaluations.rows) > _PROBLEMS:
            lines.append(f"\n… and {len(evaluations.rows) - _PROBLEMS} more problems or settings.")
        lines.append("")
    if report.comparisons:
        lines += ["## Baseline", "", *(text for section in report.comparisons for text in section.text), ""]
    return "\n".join([*lines, report.timing.sentence, ""])


def _row(*cells: str) -> str:
    # A bar within a cell would start a new column, a line break end the table.
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
