"""The shapes, colours and digits in scenes: their names, and masks of the shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

SHAPES = (
    *("star", "heart", "ring", "triangle", "cross", "moon"),
    *("arrow", "square", "disk", "flower", "bolt", "key"),
)
PLATE = "plate"  # a sign with a digit on it
COLOURS = {  # RGB
    "red": (215, 40, 40),
    "orange": (245, 140, 20),
    "yellow": (245, 225, 50),
    "green": (40, 160, 60),
    "cyan": (60, 210, 220),
    "blue": (40, 80, 215),
    "purple": (140, 50, 175),
    "white": (245, 245, 245),
}
DIGITS = tuple("0123456789")

_SIDE = 512  # pixels at which each mask is drawn once, to be scaled down when used
_Draw = PIL.ImageDraw.ImageDraw
_RESAMPLING = PIL.Image.Resampling


def plural(shape: str) -> str:
    """The plural of a shape's name."""
    return shape + ("es" if shape == "cross" else "s")


def shape_mask(name: str, size: int, angle: float) -> PIL.Image.Image:
    """
    The mask of a shape or digit, as an 8-bit grey image.

    Args:
        name: One of `SHAPES`, `PLATE` or `DIGITS`.
        size: Pixels on a side of the square mask.
        angle: Degrees, anticlockwise.
    """
    sprite = _draw_small_mask(name) if size <= 96 else _draw_mask(name)
    method = _RESAMPLING.BOX if size < 48 else _RESAMPLING.BILINEAR
    return sprite.rotate(angle, _RESAMPLING.BILINEAR).resize((size, size), method)


@cache
def _draw_small_mask(name: str) -> PIL.Image.Image:
    """The mask at a quarter of its side, so that rotating small shapes is cheap."""
    return _draw_mask(name).resize((_SIDE // 4, _SIDE // 4), _RESAMPLING.LANCZOS)


@cache
def _draw_mask(name: str) -> PIL.Image.Image:
    image = PIL.Image.new("L", (_SIDE, _SIDE), 0)
    draw = PIL.ImageDraw.Draw(image)
    if name in DIGITS:
        _draw_digit(draw, name)
    elif name in _POLYGONS:
        draw.polygon(_to_pixels(_POLYGONS[name]), fill=255)
    else:
        _DRAW[name](draw)
    return image


def _to_pixels(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x * _SIDE, y * _SIDE) for x, y in points]


def _circle_points(count: int, radii: Sequence[float]) -> list[tuple[float, float]]:
    """Points on circles about the centre, the first at the top; *radii* take turns."""
    turns = [-math.pi / 2 + 2 * math.pi * i / count for i in range(count)]
    return [
        (0.5 + radii[i % len(radii)] * math.cos(t), 0.5 + radii[i % len(radii)] * math.sin(t))
        for i, t in enumerate(turns)
    ]


_POLYGONS: dict[str, list[tuple[float, float]]] = {
    "star": _circle_points(10, (0.5, 0.2)),
    "triangle": [(0.5, 0.04), (0.98, 0.94), (0.02, 0.94)],
    "arrow": [
        *((0.02, 0.36), (0.5, 0.36), (0.5, 0.08), (0.98, 0.5)),
        *((0.5, 0.92), (0.5, 0.64), (0.02, 0.64)),
    ],
    "bolt": [
        *((0.62, 0.0), (0.14, 0.56), (0.44, 0.56)),
        *((0.34, 1.0), (0.88, 0.38), (0.54, 0.38)),
    ],
    "square": [(0.08, 0.08), (0.92, 0.08), (0.92, 0.92), (0.08, 0.92)],
}


def _draw_ellipse(draw: _Draw, sides: Sequence[float], fill: int = 255) -> None:
    draw.ellipse(tuple(side * _SIDE for side in sides), fill=fill)


def _draw_bar(draw: _Draw, sides: Sequence[float]) -> None:
    draw.rectangle(tuple(side * _SIDE for side in sides), fill=255)


def _draw_heart(draw: _Draw) -> None:
    _draw_ellipse(draw, (0.02, 0.05, 0.54, 0.57))
    _draw_ellipse(draw, (0.46, 0.05, 0.98, 0.57))
    draw.polygon(_to_pixels([(0.06, 0.43), (0.94, 0.43), (0.5, 0.98)]), fill=255)


def _draw_ring(draw: _Draw) -> None:
    _draw_ellipse(draw, (0.02, 0.02, 0.98, 0.98))
    _draw_ellipse(draw, (0.28, 0.28, 0.72, 0.72), 0)


def _draw_cross(draw: _Draw) -> None:
    _draw_bar(draw, (0.36, 0.02, 0.64, 0.98))
    _draw_bar(draw, (0.02, 0.36, 0.98, 0.64))


def _draw_moon(draw: _Draw) -> None:
    _draw_ellipse(draw, (0.05, 0.02, 0.98, 0.98))
    _draw_ellipse(draw, (0.38, -0.04, 1.16, 0.78), 0)


def _draw_disk(draw: _Draw) -> None:
    _draw_ellipse(draw, (0.04, 0.04, 0.96, 0.96))


def _draw_flower(draw: _Draw) -> None:
    for x, y in _circle_points(5, (0.29,)):
        _draw_ellipse(draw, (x - 0.2, y - 0.2, x + 0.2, y + 0.2))
    _draw_ellipse(draw, (0.38, 0.38, 0.62, 0.62), 0)


def _draw_key(draw: _Draw) -> None:
    _draw_ellipse(draw, (0.02, 0.27, 0.46, 0.73))
    _draw_ellipse(draw, (0.15, 0.4, 0.33, 0.6), 0)
    for sides in (
        (0.42, 0.44, 0.98, 0.56),
        (0.7, 0.5, 0.79, 0.74),
        (0.87, 0.5, 0.96, 0.7),
    ):
        _draw_bar(draw, sides)


def _draw_plate(draw: _Draw) -> None:
    sides = (0.04 * _SIDE, 0.04 * _SIDE, 0.96 * _SIDE, 0.96 * _SIDE)
    draw.rounded_rectangle(sides, radius=0.2 * _SIDE, fill=255)


def _draw_digit(draw: _Draw, digit: str) -> None:
    font = PIL.ImageFont.load_default(0.86 * _SIDE)
    middle = (_SIDE / 2, _SIDE / 2)
    draw.text(middle, digit, fill=255, font=font, anchor="mm", stroke_width=_SIDE // 64)


_DRAW: dict[str, Callable[[_Draw], None]] = {
    "heart": _draw_heart,
    "ring": _draw_ring,
    "cross": _draw_cross,
    "moon": _draw_moon,
    "disk": _draw_disk,
    "flower": _draw_flower,
    "key": _draw_key,
    PLATE: _draw_plate,
}
