"""Turns Matplotlib's SVG into a fragment for the page: no prologue, no foreign names, themed colours, ids of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

_NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'  # a name, never fetched; needed by SVG files that stand alone
_CHILD = re.compile(r"<(?:use|path) [^>]*?(?:/>|><title>[^<]*</title></use>)")
_GROUP = re.compile(rf"<g([^>]*)>((?:{_CHILD.pattern}){{2,}})</g>")
_FONT = re.compile(r"font: (?:\w+ )?([\d.]+)px [^;\"]*")


def fragment(raw: str, prefix: str, colours: Mapping[str, str], label: str) -> str:
    """`raw` as an inline element; `prefix` keeps the ids of several figures on one page apart."""
    body = raw[raw.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.S)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r' xmlns(:\w+)?="[^"]*"| version="1\.1"', "", body)
    body = body.replace("xlink:href", "href")
    body = re.sub(
        r'(<svg) width="[^"]*" height="[^"]*"', lambda m: f'{m[1]} role="img" aria-label="{escape(label)}"', body
    )
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', body))
    names = {name for pair in used for name in pair if name}
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in names else "", body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", body)
    body = _FONT.sub(r"font-size: \1px", body)
    body = re.sub(r"#fe0[01][0-9a-f]{2}", lambda m: colours.get(m[0], m[0]), body)
    return _GROUP.sub(_hoist, re.sub(r"\s*\n\s*", " ", re.sub(r">\s+<", "><", body)).strip())


def _hoist(match: re.Match[str]) -> str:
    """Moves what all children of a group repeat (style, clip path) to the group: a third less of a dense panel."""
    attributes, children = match[1], match[2]
    for name in ("clip-path", "style"):
        values = set(re.findall(rf' {name}="([^"]*)"', children))
        if (
            len(values) == 1
            and children.count(f" {name}=") == len(_CHILD.findall(children))
            and f" {name}=" not in attributes
        ):
            value = values.pop()
            attributes += f' {name}="{value}"'
            children = children.replace(f' {name}="{value}"', "")
    return f"<g{attributes}>{children}</g>"


def coarse(raw: str) -> str:
    """Cuts coordinates to a hundredth of a pixel. To be called before text that holds numbers is added."""
    return re.sub(r"(\d\.\d\d)\d{2,}", r"\1", raw)


def standalone(svg: str, plain: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """A fragment as a file of its own, in the light colours on white."""
    for key, variable in variables.items():
        svg = svg.replace(variable, plain[key])
    svg = svg.replace("<svg", f'<svg {_NAMESPACE} font-family="sans-serif" style="background: #fff"', 1)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg}\n'


def add_titles(raw: str, group: str, titles: list[str]) -> str:
    """Gives the markers of the artist with gid `group` a tooltip each, in drawing order."""
    start = raw.find(f'<g id="{group}">')
    if start < 0 or not titles:
        return raw
    # The artist's markers end where the next artist of the axes begins.
    end = raw.find('\n   <g id="', start + 1)
    end = len(raw) if end < 0 else end
    part, remaining = raw[start:end], iter(titles)
    if part.count("<use ") != len(titles):
        return raw  # a marker was not drawn: better no tooltip than a wrong one

    def with_title(match: re.Match[str]) -> str:
        return f"<use {match[1]}><title>{escape(next(remaining))}</title></use>"

    return raw[:start] + re.sub(r"<use ([^>]*?)/>", with_title, part) + raw[end:]
