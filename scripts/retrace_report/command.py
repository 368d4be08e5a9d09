"""The command line of the report."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import ReportError

EXIT_OK, EXIT_USAGE = 0, 2

_EXAMPLES = """examples:
  report.py results/quickstart.h5 -o report.html
  report.py study.h5 -o study.html --title "Adjoint memory study"
  report.py pr.h5 -o pr.html --markdown summary.md --csv tables --svg figures
  report.py quick.h5 --picture work-precision.svg --problems lorenz63,three_body

exit codes: 0 the report was written (whatever its verdict); 2 it could not be: usage, input file or output path.
"""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="report.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EXAMPLES,
        description="Makes one self-contained HTML page from a Retrace result file (HDF5).",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="result file")
    parser.add_argument("-o", "--output", type=Path, metavar="F", help="the page (default: FILE with the suffix .html)")
    parser.add_argument("--title", default="", metavar="T", help="title of the page (default: the file's)")
    parser.add_argument("--csv", type=Path, metavar="DIR", help="also write every data table into DIR, exact numbers")
    parser.add_argument("--svg", type=Path, metavar="DIR", help="also write every panel into DIR")
    parser.add_argument("--picture", type=Path, metavar="F", help="also write one SVG picture of a few panels")
    parser.add_argument(
        "--against",
        choices=("time", "evaluations", "bytes"),
        default="evaluations",
        help="the cost in the picture (default: %(default)s)",
    )
    parser.add_argument(
        "--problems", default="", metavar="P,Q,R", help="its problems, three at most (default: the file's first ones)"
    )
    parser.add_argument("--markdown", type=Path, metavar="F", help="also write a summary of at most 60 lines")
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

    output = options.output or options.file.with_suffix(".html")
    if output.resolve() == options.file.resolve():
        raise ReportError(f"{output}: would overwrite the result file")
    result = read_guarded(options.file)

    from .content import build
    from .html import render
    from .markdown import summary
    from .svg import standalone

    report = build(result, options.title)
    write(output, render(report))
    if options.markdown:
        write(options.markdown, summary(report))
    if options.csv:
        for table in report.data_tables():
            write(options.csv / f"{table.name}.csv", table.csv())
    if options.picture:
        from .picture import picture

        problems = [name.strip() for name in options.problems.split(",") if name.strip()]
        write(options.picture, picture(report, options.against, problems))
    if options.svg:
        colours = report.palette.colours()
        for block in report.figures.values():
            for panel in block.panels:
                write(options.svg / f"{panel.name}.svg", standalone(panel.svg, colours))


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
