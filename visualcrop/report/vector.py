"""Drawings as shapes, written as SVG or painted as pixels; `pdf` writes them as PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import attrs
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from ..drawing import to_data_uri
from ..output.characters import printable
from ..output.html import load_template

if TYPE_CHECKING:
    from collections.abc import Iterator

Rgb: TypeAlias = tuple[int, int, int]

# What a colour is for -> on light paper, on dark. Red is kept for what went wrong. The series are
# Okabe and Ito's colours, which the colour-blind can tell apart, darker or lighter for the paper.
_THEME: Mapping[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#16151a"),
    "ink": ("#1c1b22", "#ece9f2"),
    "soft": ("#5f5c69", "#a19dad"),
    "line": ("#e0dde6", "#35323d"),
    "white": ("#ffffff", "#ffffff"),
    "series-0": ("#0072b2", "#56b4e9"),
    "series-1": ("#b86a00", "#f0a030"),
    "series-2": ("#008060", "#2fc79a"),
    "series-3": ("#a8528a", "#e09ac4"),
    "series-4": ("#3f3d9e", "#9a98f0"),
    "series-5": ("#5a6270", "#aab2c0"),
    "series-6": ("#7a5a1e", "#d2b060"),
    "series-7": ("#10808f", "#60ccd8"),
}
SERIES = 8  # colours of the theme for series


@attrs.frozen
class Line:
    """From (x1, y1) to (x2, y2)."""

    x1: float
    y1: float
    x2: float
    y2: float
    stroke: str = "ink"
    stroke_width: float = 1
    opacity: float = 1
    dashed: bool = False


@attrs.frozen
class Rectangle:
    """Filled, outlined, or both; *fill* is a name of the theme or #rrggbb."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    stroke: str | None = None
    stroke_width: float = 1
    opacity: float = 1
    title: str = ""  # shown under the mouse


@attrs.frozen
class Circle:
    """A filled disc about (x, y)."""

    x: float
    y: float
    radius: float
    fill: str
    opacity: float = 1
    title: str = ""


@attrs.frozen
class Polyline:
    """Straight lines from point to point."""

    points: Sequence[tuple[float, float]]
    stroke: str
    stroke_width: float = 2
    opacity: float = 1


@attrs.frozen
class Text:
    """One line of text whose baseline is at *y*; *x* is its start, middle or end."""

    x: float
    y: float
    text: str = attrs.field(converter=printable)
    size: float = 12
    fill: str = "ink"
    anchor: str = "start"  # or middle, or end
    upright: bool = False  # turned by a quarter, to be read from the right
    opacity: float = 1


@attrs.frozen
class Picture:
    """Pixels, stretched over a rectangle."""

    x: float
    y: float
    width: float
    height: float
    picture: PIL.Image.Image


Shape: TypeAlias = Line | Rectangle | Circle | Polyline | Text | Picture


@attrs.frozen
class Drawing:
    """Shapes in pixels from the upper left corner, later ones above earlier ones."""

    width: float
    height: float
    shapes: Sequence[Shape]
    title: str = attrs.field(converter=printable)

    def to_svg(self, *, styled: bool = True) -> str:
        """
        A document, in light or dark as the reader prefers.

        Without its style it is an element of a page that has `theme_css()`.
        """
        kinds = [(type(shape).__name__, shape) for shape in self.shapes]
        used = {name for shape in self.shapes for name in _colours(shape)} | {"paper"}
        theme = {name: pair for name, pair in _THEME.items() if name in used}
        return load_template("visualcrop.report", "drawing.svg").render(
            drawing=self,
            shapes=kinds,
            style=_write_css(theme) if styled else "",
            data_uri=to_data_uri,
        )

    def to_picture(self) -> PIL.Image.Image:
        """Pixels on white, RGB."""
        picture = PIL.Image.new("RGB", (round(self.width), round(self.height)), "white")
        for shape in self.shapes:
            _paint(picture, shape)
        return picture


def theme_css() -> str:
    """The colours of drawings, for pages that hold some."""
    return _write_css(_THEME)


def _write_css(theme: Mapping[str, tuple[str, str]]) -> str:
    light, dark = (
        "\n".join(
            f".fill-{name} {{ fill: {pair[place]}; }} .stroke-{name} {{ stroke: {pair[place]}; }}"
            for name, pair in theme.items()
        )
        for place in (0, 1)
    )
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def text_width(text: str, size: float) -> float:
    """In the font of pictures and PDF files; browsers take another that is about as wide."""
    return float(_font(64).getlength(text)) * size / 64


def _colours(shape: Shape) -> Iterator[str]:
    for name in ("fill", "stroke"):
        if colour := getattr(shape, name, None):
            yield colour


def light_rgb(colour: str) -> Rgb:
    """On light paper."""
    digits = _THEME.get(colour, (colour,))[0].removeprefix("#")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


@lru_cache(maxsize=64)
def _font(size: int) -> PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont:
    return PIL.ImageFont.load_default(size)


def _paint(picture: PIL.Image.Image, shape: Shape) -> None:
    """Onto pixels: what `look` draws, so no opacity and no turned text."""
    pen = PIL.ImageDraw.Draw(picture)
    match shape:
        case Line():
            ends = (shape.x1, shape.y1, shape.x2, shape.y2)
            pen.line(ends, light_rgb(shape.stroke), round(shape.stroke_width))
        case Rectangle():
            corners = (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
            fill, stroke = (None if c is None else light_rgb(c) for c in (shape.fill, shape.stroke))
            pen.rectangle(corners, fill, stroke, round(shape.stroke_width))
        case Text():
            text = shape.text.encode("ascii", "replace").decode()  # the font has no more
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            font = _font(round(shape.size))
            pen.text((shape.x, shape.y), text, light_rgb(shape.fill), font, anchor)
        case Picture():
            size = round(shape.width), round(shape.height)
            layer = shape.picture if shape.picture.size == size else shape.picture.resize(size)
            mask = layer if layer.mode == "RGBA" else None
            picture.paste(layer, (round(shape.x), round(shape.y)), mask)
        case _:
            raise TypeError(f"{type(shape).__name__} cannot be painted onto pixels.")
