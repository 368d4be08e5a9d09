"""The command line of the report."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .choices import DEFAULT_ERROR, ERRORS, GROUPS, Choices, costs_named, names, one_of
from .errors import ReportError

if TYPE_CHECKING:
    from .content import Report

EXIT_OK, EXIT_USAGE = 0, 2

FORMATS = ("html", "md", "csv", "svg", "json")
_EXAMPLES = """examples:
  report.py study.h5                                        # study.html
  report.py pr.h5 --baseline main.h5 --format html,md,csv   # pr.html, pr.md and the folder pr-csv
  report.py study.h5 --x time --y grad_theta_rel_l2 --group solver -o theta.html
  report.py ranks-1.h5 ranks-2.h5 ranks-4.h5 -o scaling.html
  report.py quick.h5 --picture work-precision.svg --problems lorenz63,three_body

exit codes: 0 the report was written (whatever its verdict); 2 it could not be: usage, input file or output path.
"""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="report.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXAMPLES,
        description="Makes one self-contained HTML page, and other formats, from Retrace result files (HDF5).",
    )
    add = parser.add_argument
    add(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="result file; the first is reported, further ones of its series go into scaling and trend",
    )
    add("-o", "--output", type=Path, metavar="F", help="the page (default: the first FILE with the suffix .html)")
    add(
        "--format",
        default="html",
        metavar="LIST",
        help="any of html, md, csv, svg, json, separated by commas; beside the page as F.md, F.json and the folders "
        "F-csv, F-svg (default: %(default)s)",
    )
    add("--baseline", type=Path, metavar="B", help="result file to show the first FILE against")
    add("--judged", type=Path, metavar="J", help="what `retrace compare --format json` said; shown as it is")
    add(
        "--x",
        default=",".join(Choices().x),
        metavar="LIST",
        help="costs of the work-precision figures: time, evaluations (or nfe), bytes (default: all, in this order)",
    )
    add("--y", default=DEFAULT_ERROR, metavar="E", help=f"error: {', '.join(ERRORS)} (default: %(default)s)")
    add(
        "--group",
        default="problem",
        metavar="G",
        help=f"a panel per problem setting and value of G: {', '.join(GROUPS)} (default: %(default)s)",
    )
    add("--title", default="", metavar="T", help="title of the page (default: the file's)")
    add("--picture", type=Path, metavar="F", help="also write one SVG picture of a few panels")
    add(
        "--against",
        choices=("time", "evaluations", "bytes"),
        default="evaluations",
        help="the cost in the picture (default: %(default)s)",
    )
    add("--problems", default="", metavar="P,Q,R", help="its problems, three at most (default: the file's first ones)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    try:
        _make(options)
    except ReportError as error:
        print(f"report: {error}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:
        print(
            f"report: {error.filename or options.output}: cannot be written: {error.strerror or error}", file=sys.stderr
        )
        return EXIT_USAGE
    return EXIT_OK


def _make(options: argparse.Namespace) -> None:
    from .guarded import read_guarded

    output = options.output or options.files[0].with_suffix(".html")
    formats = names("--format", options.format, FORMATS)
    choices = Choices(
        costs_named(options.x), one_of("--y", options.y, ERRORS), one_of("--group", options.group, GROUPS)
    )
    if output.is_dir():  # said before the work, not after it
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(output))
    for file in filter(None, (*options.files, options.baseline, options.judged)):
        if output.resolve() == file.resolve():
            raise ReportError(f"{output}: would overwrite an input file")
    result, *others = [read_guarded(file) for file in options.files]
    baseline = read_guarded(options.baseline) if options.baseline else None

    from .content import build
    from .drawing import collect_seldom

    with collect_seldom():
        report = build(result, options.title, choices, others, baseline, options.judged)
        for path, text in _outputs(report, output, formats):
            write(path, text)
        if options.picture:
            from .picture import picture

            problems = [name.strip() for name in options.problems.split(",") if name.strip()]
            write(options.picture, picture(report, options.against, problems))


def _outputs(report: Report, output: Path, formats: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """(path, content) of everything asked for: the page under its own name, the rest beside it."""
    if "html" in formats:
        from .html import render

        yield output, render(report)
    if "md" in formats:
        from .markdown import summary

        yield output.with_suffix(".md"), summary(report)
    if "json" in formats:
        from .machine import as_json

        yield output.with_suffix(".json"), as_json(report)
    if "csv" in formats:
        for table in report.data_tables():
            yield output.with_name(f"{output.stem}-csv") / f"{table.name}.csv", table.csv()
    if "svg" in formats:
        from .drawing import standalone

        for block in report.blocks():
            for panel in block.panels:
                yield output.with_name(f"{output.stem}-svg") / f"{panel.name}.svg", standalone(panel.svg)


def write(path: Path, text: str) -> None:
    """Writes beside the target and renames, so that no half-written page is ever seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
