"""The page in a real browser: it prints, and it is light or dark as the reader wishes. Skipped where none runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from matplotlib.image import imread

from retrace_report.content import build
from retrace_report.drawing import collect_seldom
from retrace_report.html import render
from retrace_report.reader import read

BROWSER_SECONDS = 90
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    """Runs headless Chromium with arguments on a page; whatever it cannot do skips the test."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if not program:
        pytest.skip("no Chromium on this machine")
    profile = tmp_path_factory.mktemp("profile")

    def run(page: Path, output: Path, *arguments: str) -> Path:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has none for root
        fixed = ["--headless=new", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        # Whatever host the page asked for would not be found.
        fixed.append("--host-resolver-rules=MAP * ~NOTFOUND")
        command = [program, *fixed, *sandbox, *arguments, page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=BROWSER_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.skip(f"Chromium did not end within {BROWSER_SECONDS} s")
        if not output.exists():
            pytest.skip(f"Chromium does not run here: {done.stderr.strip().splitlines()[-1:]}")
        return output

    return run


@pytest.fixture(scope="module")
def file(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def short(little: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of few cases: of what a browser does with a page most does not depend on how long it is."""
    path = tmp_path_factory.mktemp("short") / "report.html"
    with collect_seldom():
        path.write_text(render(build(read(little))), encoding="utf-8")
    return path


def test_it_prints(browser, short: Path, tmp_path: Path) -> None:
    output = tmp_path / "report.pdf"

    content = browser(short, output, f"--print-to-pdf={output}", "--no-pdf-header-footer").read_bytes()

    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
    pages = max(int(count) for count in re.findall(rb"/Count (\d+)", content))
    assert 5 <= pages <= 60


@pytest.mark.parametrize("scheme, darkest, lightest", [(0, 0.0, 0.3), (1, 0.8, 1.0)], ids=["dark", "light"])
def test_it_follows_the_scheme(
    scheme: int, darkest: float, lightest: float, browser, short: Path, tmp_path: Path
) -> None:
    """preferredColorScheme of Blink: 0 is dark, 1 is light."""
    output = tmp_path / "report.png"

    browser(
        short,
        output,
        f"--screenshot={output}",
        "--window-size=1280,2000",
        f"--blink-settings=preferredColorScheme={scheme}",
    )

    assert darkest <= imread(output)[..., :3].mean() <= lightest


def test_nothing_is_wider_than_a_phone(browser, file: Path, tmp_path: Path) -> None:
    """In a frame of 390 pixels the page does not scroll sideways; wide tables scroll in boxes of their own."""
    frame, output = file.with_name("frame.html"), tmp_path / "frame.png"
    measure = (
        "const f = document.querySelector('iframe'); f.onload = () => { const d = f.contentDocument.documentElement;"
        " document.body.style.background = d.scrollWidth > d.clientWidth ? 'red' : 'lime'; f.remove(); }"
    )
    frame.write_text(
        f"<body style='margin:0'><iframe src='{file.name}' style='width:390px;height:900px;border:0'></iframe>"
        f"<script>{measure}</script></body>",
        encoding="utf-8",
    )

    browser(
        frame,
        output,
        f"--screenshot={output}",
        "--window-size=600,600",
        "--allow-file-access-from-files",
        "--virtual-time-budget=10000",
    )

    red, green, _ = imread(output)[300, 300, :3]
    assert green > 0.9 and red < 0.1
