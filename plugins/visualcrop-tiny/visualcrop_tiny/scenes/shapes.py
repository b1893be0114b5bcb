"""Masks of the shapes, drawn large once and scaled when used."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from .words import DIGITS, PLATE

_SIDE = 512
_Draw = PIL.ImageDraw.ImageDraw
_RESAMPLING = PIL.Image.Resampling


def mask(name: str, size: int, angle: float) -> PIL.Image.Image:
    """The shape or digit called *name*, *size* pixels on a side, turned by *angle* degrees."""
    sprite = _small(name) if size <= 96 else _sprite(name)
    method = _RESAMPLING.BOX if size < 48 else _RESAMPLING.BILINEAR
    return sprite.rotate(angle, _RESAMPLING.BILINEAR).resize((size, size), method)


@cache
def _small(name: str) -> PIL.Image.Image:
    return _sprite(name).resize((_SIDE // 4, _SIDE // 4), _RESAMPLING.LANCZOS)


@cache
def _sprite(name: str) -> PIL.Image.Image:
    image = PIL.Image.new("L", (_SIDE, _SIDE), 0)
    draw = PIL.ImageDraw.Draw(image)
    if name in DIGITS:
        _digit(draw, name)
    elif name in _POLYGONS:
        draw.polygon(_scaled(_POLYGONS[name]), fill=255)
    else:
        _DRAWN[name](draw)
    return image


def _scaled(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x * _SIDE, y * _SIDE) for x, y in points]


def _around(count: int, radii: Sequence[float]) -> list[tuple[float, float]]:
    """Points about the centre, the first at the top."""
    turns = [-math.pi / 2 + 2 * math.pi * i / count for i in range(count)]
    return [
        (0.5 + radii[i % len(radii)] * math.cos(t), 0.5 + radii[i % len(radii)] * math.sin(t))
        for i, t in enumerate(turns)
    ]


_POLYGONS: dict[str, list[tuple[float, float]]] = {
    "star": _around(10, (0.5, 0.2)),
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


def _ellipse(draw: _Draw, sides: Sequence[float], fill: int = 255) -> None:
    draw.ellipse(tuple(side * _SIDE for side in sides), fill=fill)


def _bar(draw: _Draw, sides: Sequence[float]) -> None:
    draw.rectangle(tuple(side * _SIDE for side in sides), fill=255)


def _heart(draw: _Draw) -> None:
    _ellipse(draw, (0.02, 0.05, 0.54, 0.57))
    _ellipse(draw, (0.46, 0.05, 0.98, 0.57))
    draw.polygon(_scaled([(0.06, 0.43), (0.94, 0.43), (0.5, 0.98)]), fill=255)


def _ring(draw: _Draw) -> None:
    _ellipse(draw, (0.02, 0.02, 0.98, 0.98))
    _ellipse(draw, (0.28, 0.28, 0.72, 0.72), 0)


def _cross(draw: _Draw) -> None:
    _bar(draw, (0.36, 0.02, 0.64, 0.98))
    _bar(draw, (0.02, 0.36, 0.98, 0.64))


def _moon(draw: _Draw) -> None:
    _ellipse(draw, (0.05, 0.02, 0.98, 0.98))
    _ellipse(draw, (0.38, -0.04, 1.16, 0.78), 0)


def _disk(draw: _Draw) -> None:
    _ellipse(draw, (0.04, 0.04, 0.96, 0.96))


def _flower(draw: _Draw) -> None:
    for x, y in _around(5, (0.29,)):
        _ellipse(draw, (x - 0.2, y - 0.2, x + 0.2, y + 0.2))
    _ellipse(draw, (0.38, 0.38, 0.62, 0.62), 0)


def _key(draw: _Draw) -> None:
    _ellipse(draw, (0.02, 0.27, 0.46, 0.73))
    _ellipse(draw, (0.15, 0.4, 0.33, 0.6), 0)
    for sides in (
        (0.42, 0.44, 0.98, 0.56),
        (0.7, 0.5, 0.79, 0.74),
        (0.87, 0.5, 0.96, 0.7),
    ):
        _bar(draw, sides)


def _plate(draw: _Draw) -> None:
    sides = (0.04 * _SIDE, 0.04 * _SIDE, 0.96 * _SIDE, 0.96 * _SIDE)
    draw.rounded_rectangle(sides, radius=0.2 * _SIDE, fill=255)


def _digit(draw: _Draw, digit: str) -> None:
    font = PIL.ImageFont.load_default(0.86 * _SIDE)
    middle = (_SIDE / 2, _SIDE / 2)
    draw.text(middle, digit, fill=255, font=font, anchor="mm", stroke_width=_SIDE // 64)


_DRAWN: dict[str, Callable[[_Draw], None]] = {
    "heart": _heart,
    "ring": _ring,
    "cross": _cross,
    "moon": _moon,
    "disk": _disk,
    "flower": _flower,
    "key": _key,
    PLATE: _plate,
}
