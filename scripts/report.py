#!/usr/bin/env python3
"""Makes one self-contained HTML page from a Retrace result file; see `report.py --help`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from retrace_report.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
