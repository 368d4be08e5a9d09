"""A panel of the page as an SVG file of its own."""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'  # a name, never fetched; needed by SVG files that stand alone
FONT = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"'


def plain(svg: str, colours: Mapping[str, str]) -> str:
    """`svg` in fixed colours: a file has no page whose CSS variables it could follow."""
    for variable, colour in colours.items():
        svg = svg.replace(f"var(--{variable})", colour)
    return svg


def standalone(svg: str, colours: Mapping[str, str]) -> str:
    """A panel as a file of its own, in the light colours on white."""
    svg = plain(svg, colours).replace('style="', 'style="background: #fff; ', 1)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg.replace("<svg", f"<svg {NAMESPACE} {FONT}", 1)}\n'
