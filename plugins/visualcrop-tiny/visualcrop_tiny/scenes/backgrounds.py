"""Muted grounds for bright things: cloth, tiles, planks, terrazzo and blocks, with clutter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import PIL.Image
import PIL.ImageChops
import PIL.ImageDraw

from .casting import Rng

Picture = PIL.Image.Image
_RESAMPLING = PIL.Image.Resampling


def background(rng: Rng, size: tuple[int, int]) -> Picture:
    """A textured ground with structures, lines and litter on it."""
    base = float(rng.integers(70, 165))
    ground = _grain(rng, _cloth(rng, size, base))
    draw = PIL.ImageDraw.Draw(ground, "RGBA")
    style = _STYLES[rng.integers(len(_STYLES))]
    style(rng, draw, size, base)
    _lines(rng, draw, size, base)
    _litter(rng, draw, size)
    return ground


def _cloth(rng: Rng, size: tuple[int, int], base: float) -> Picture:
    tint, grey = rng.normal(0, 11, 3), rng.normal(0, 20, (6, 6, 1))
    low = np.clip(base + tint + grey + rng.normal(0, 5, (6, 6, 3)), 25, 215).astype(np.uint8)
    return PIL.Image.fromarray(low).resize(size, _RESAMPLING.BICUBIC)


def _grain(rng: Rng, ground: Picture) -> Picture:
    """Coarse and fine noise, the fine one from one tile repeated."""
    coarse = 128 + rng.normal(0, rng.uniform(4, 14), (48, 48))
    middle = PIL.Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8))
    fine = 128 + rng.integers(-8, 9, (128, 128)).repeat(2, 0).repeat(2, 1)
    rows, columns = -(-ground.height // 256), -(-ground.width // 256)
    tiled = np.tile(fine.astype(np.uint8), (rows, columns))[: ground.height, : ground.width]
    noise = PIL.ImageChops.add(
        middle.resize(ground.size, _RESAMPLING.BILINEAR), PIL.Image.fromarray(tiled), offset=-128
    )
    return PIL.ImageChops.add(ground, PIL.Image.merge("RGB", (noise,) * 3), offset=-128)


def _muted(rng: Rng, base: float, spread: float) -> tuple[int, int, int]:
    red, green, blue = np.clip(base + rng.normal(0, spread) + rng.normal(0, 8, 3), 20, 225)
    return int(red), int(green), int(blue)


def _blocks(rng: Rng, draw: PIL.ImageDraw.ImageDraw, size: tuple[int, int], base: float) -> None:
    unit = max(size) / 1024
    for _ in range(rng.integers(3, 9)):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        wide, high = rng.uniform(60, 320, 2) * unit
        fill = (*_muted(rng, base, 28), int(rng.integers(60, 190)))
        shape = draw.rectangle if rng.random() < 0.5 else draw.ellipse
        shape((x, y, x + wide, y + high), fill=fill)


def _tiles(rng: Rng, draw: PIL.ImageDraw.ImageDraw, size: tuple[int, int], base: float) -> None:
    step = rng.uniform(60, 240) * max(size) / 1024
    ink, width = (*_muted(rng, base - 30, 12), 150), int(rng.integers(2, 7))
    for x in np.arange(rng.uniform(0, step), size[0], step):
        draw.line((x, 0, x, size[1]), fill=ink, width=width)
    for y in np.arange(rng.uniform(0, step), size[1], step):
        draw.line((0, y, size[0], y), fill=ink, width=width)


def _planks(rng: Rng, draw: PIL.ImageDraw.ImageDraw, size: tuple[int, int], base: float) -> None:
    y = 0.0
    while y < size[1]:
        high = rng.uniform(40, 160) * max(size) / 1024
        fill = (*_muted(rng, base, 14), 120)
        draw.rectangle((0, y, size[0], y + high), fill=fill)
        draw.line((0, y, size[0], y), fill=(20, 20, 20, 90), width=3)
        y += high


def _terrazzo(rng: Rng, draw: PIL.ImageDraw.ImageDraw, size: tuple[int, int], base: float) -> None:
    for _ in range(rng.integers(60, 200)):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        wide, high = rng.uniform(4, 26, 2)
        draw.ellipse((x, y, x + wide, y + high), fill=(*_muted(rng, base, 26), 170))


_STYLES: tuple[Callable[[Rng, PIL.ImageDraw.ImageDraw, tuple[int, int], float], None], ...] = (
    *(_blocks, _tiles, _planks, _terrazzo),
)


def _lines(rng: Rng, draw: PIL.ImageDraw.ImageDraw, size: tuple[int, int], base: float) -> None:
    for _ in range(rng.integers(0, 6)):
        ends = rng.uniform(0, 1, 4) * np.array([*size, *size])
        draw.line(tuple(ends), fill=_muted(rng, base, 30), width=int(rng.integers(2, 9)))


def _litter(rng: Rng, draw: PIL.ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Muted polygons, about as large as the things."""
    unit = max(1.0, max(size) / 2048)
    for _ in range(rng.integers(4, 20)):
        count = int(rng.integers(5, 9))
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        radii = rng.uniform(10, 30) * unit * rng.uniform(0.5, 1, count)
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        points = zip(x + radii * np.cos(angles), y + radii * np.sin(angles), strict=True)
        draw.polygon([*points], fill=_muted(rng, float(rng.integers(30, 210)), 0))
