"""Drawings by matplotlib, made fit for the page: SVG that inherits the page's fonts and follows its colours.

matplotlib writes one file per figure, with a DOCTYPE, fonts by name, ids that repeat from figure to figure and a style
at each mark. Here that becomes an element to put into HTML: its own ids only, coordinates to a hundredth of a pixel, a
`<title>` (shown as a tooltip, read aloud) where the caller gave one. The same figure gives the same text every time.
"""

from __future__ import annotations

import gc
import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'  # a name, never fetched
_FAMILY = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"'
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_FONT = re.compile(r"font: ((?:\w+ )*)([\d.]+px)[^;]*")
_GEOMETRY = ("d", "x", "y", "transform", "points", "width", "height", "viewBox", "cx", "cy", "r")
PIXELS = 72.0  # per inch: a point of matplotlib is a pixel of the page
TEXT = 12.5

matplotlib.rcParams.update(
    {
        "svg.fonttype": "none",  # text stays text
        "font.size": TEXT,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "text.parse_math": False,  # a dollar sign is a dollar sign
        "path.simplify": False,  # a mark for every number
        "lines.scale_dashes": False,  # dash patterns are in pixels
        "lines.dash_capstyle": "butt",
    }
)

_SELDOM = (50_000, 50)  # allocations between collections, and of these between deeper ones

Titles = dict[str, list[str]]  # gid of an artist -> titles of its marks in the order of the data


@contextmanager
def collect_seldom() -> Iterator[None]:
    """Within it Python looks for garbage seldom. matplotlib makes so many small objects that the search takes a quarter
    of the time of a figure; what a few figures leave behind until then is some 20 MiB."""
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM, before[2])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many pixels, without a ground of its own."""
    return Figure(figsize=(width / PIXELS, height / PIXELS), dpi=PIXELS, frameon=False)


def add_axes(figure: Figure, left: float, top: float, width: float, height: float, **options) -> Axes:
    """Axes at a place in pixels from the upper left corner."""
    whole_width, whole_height = figure.get_size_inches() * PIXELS
    box = (left / whole_width, 1 - (top + height) / whole_height, width / whole_width, height / whole_height)
    axes = figure.add_axes(box, **options)
    axes.patch.set_visible(False)
    return axes


def write_text(figure: Figure, left: float, baseline: float, text: str, **options) -> None:
    """Text at a place in pixels from the upper left corner."""
    width, height = figure.get_size_inches() * PIXELS
    figure.text(left / width, 1 - baseline / height, text, va="baseline", **options)


def to_svg(figure: Figure, name: str, label: str, titles: Titles | None = None) -> str:
    """The figure as an `<svg>` element in the light colours. `name` is unique on the page and begins every id in it;
    `label` is read to those who do not see it."""
    with matplotlib.rc_context({"svg.hashsalt": "retrace"}), warnings.catch_warnings():
        # The font only measures here; the reader's has other glyphs.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ET.fromstring(file.getvalue())
    _drop(root, "metadata", "style")
    _add_titles(root, titles or {})
    _own_ids(root, name)
    for element in root.iter():
        _tidy(element)
    _prune(root)
    viewed = root.get("viewBox", "")
    root.attrib = {"role": "img", "aria-label": label, "viewBox": viewed, "style": "stroke-linejoin: round"}
    return ET.tostring(root, encoding="unicode")


def themed(svg: str, colours: Mapping[str, str]) -> str:
    """In CSS variables (variable -> the light colour that it stands for)."""
    variables = {colour: f"var(--{variable})" for variable, colour in colours.items()}
    return re.sub(r"#[0-9a-f]{6}\b", lambda match: variables[match[0]], svg)


def standalone(svg: str) -> str:
    """A file of its own, on white."""
    svg = svg.replace("<svg ", f"<svg {_NAMESPACE} {_FAMILY} ", 1).replace('style="', 'style="background: #ffffff; ', 1)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg}\n'


def _drop(root: ET.Element, *tags: str) -> None:
    """Removes elements: the rules in `style` would hold for the whole page."""
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag.removeprefix(_SVG) in tags]:
            parent.remove(child)


def _prune(parent: ET.Element) -> None:
    """Removes empty groups and groups of one that say nothing themselves."""
    for position, child in enumerate(list(parent)):
        _prune(child)
        while child.tag == "g" and not child.attrib and len(child) == 1:
            parent.remove(child)
            child = child[0]
            parent.insert(min(position, len(parent)), child)
    for child in [child for child in parent if child.tag in ("g", "defs") and not len(child)]:
        parent.remove(child)


def _add_titles(root: ET.Element, titles: Mapping[str, Sequence[str]]) -> None:
    """To the marks of a group in their order, or to the group where it draws one shape only."""
    for group in root.iter(_SVG + "g"):
        wanted = titles.get(group.get("id", ""))
        if wanted:
            marks = list(group.iter(_SVG + "use")) or [group]
            for mark, text in zip(marks, wanted, strict=True):
                title = ET.Element(_SVG + "title")
                title.text = text
                mark.insert(0, title)


def _own_ids(root: ET.Element, name: str) -> None:
    """Keeps the ids that something refers to, numbered behind `name`."""
    used = {reference for element in root.iter() for reference in _references(element)}
    new = {}
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in used:
            new[old] = f"{name}-{len(new)}"
            element.set("id", new[old])
    for element in root.iter():
        link = element.attrib.pop(_LINK, None)
        if link:
            element.set("href", f"#{new[link[1:]]}")
        clip = element.get("clip-path")
        if clip:
            element.set("clip-path", f"url(#{new[clip[5:-1]]})")


def _references(element: ET.Element) -> list[str]:
    link, clip = element.get(_LINK), element.get("clip-path")
    return [*([link[1:]] if link else []), *([clip[5:-1]] if clip else [])]


def _tidy(element: ET.Element) -> None:
    element.tag = element.tag.removeprefix(_SVG)
    for key in _GEOMETRY:
        value = element.get(key)
        if value:
            element.set(key, " ".join(_NUMBER.sub(_hundredth, value).split()))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    style = element.get("style")
    if style:
        # The family is the page's; weight and size stay.
        element.set("style", _FONT.sub(lambda match: f"{_weight(match[1])}font-size: {match[2]}", style))
    if element.tag != "text" and element.text:
        element.text = element.text.strip() or None
    element.tail = None
    styles = {child.get("style") for child in element if child.tag.endswith("use")}
    if len(styles) == 1 and None not in styles and len(element) > 1 and all(c.tag.endswith("use") for c in element):
        element.set("style", styles.pop())  # once for all marks of the group
        for child in element:
            del child.attrib["style"]


def _weight(words: str) -> str:
    return f"font-weight: {words.strip()}; " if words.strip() else ""


def _hundredth(match: re.Match[str]) -> str:
    number = f"{float(match[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if number == "-0" else number
