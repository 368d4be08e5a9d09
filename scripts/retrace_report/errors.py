"""The one error a user of the report can meet."""


class ReportError(Exception):
    """Says in one line why no report can be made; the command ends with exit code 2."""
