"""Waves on water, and ripples around what swims in it."""

from __future__ import annotations

import numpy as np
import PIL.Image

from ..coverage import Edges, cover
from ..palette import Rgb, mix
from ..paths import flatten, turned
from .canvas import Canvas, shade
from .stage import Stage

_LEVELS = 10  # sizes of waves


def draw_waves(stage: Stage, top: float, bottom: float, deep: Rgb) -> None:
    """Hundreds of short waves between two heights, longer as they come nearer."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    light, dark = mix(deep, (238, 240, 236), 0.5), shade(deep, 0.22)
    sizes = [(4 + 30 * k / _LEVELS, 0.5 + 1.7 * k / _LEVELS) for k in range(_LEVELS)]
    masks = [_wave(long * u, thick * u) for long, thick in sizes]
    for _ in range(int((bottom - top) * canvas.width / (240 * u * u))):
        depth = float(rng.random()) ** 1.4
        mask = masks[int(depth * _LEVELS)]
        corner = int(rng.uniform(-mask.width, canvas.width)), round(top + depth * (bottom - top))
        canvas.picture.paste(light if rng.random() < 0.5 else dark, corner, mask)


def _wave(long: float, thick: float) -> PIL.Image.Image:
    y, middle = 2 * thick, long / 2
    path = f"M 0 {y} Q {middle} 0 {long} {y} Q {middle} {3 * thick} 0 {y} Z"
    area = turned(flatten(path)[0][0])
    covered = cover(Edges.of([[area]]), 1, int(long) + 1, int(3 * thick) + 2)[0]
    return PIL.Image.fromarray((covered * 140).astype(np.uint8))


def draw_ripple(canvas: Canvas, x: float, y: float, half: float) -> None:
    """Light flat lines at the foot of what swims at x, y and is twice *half* wide."""
    for reach, drop, thick in ((half, 0.0, 0.8), (0.7 * half, 1.8, 0.5)):
        low, high = y + drop * canvas.unit, min(thick * canvas.unit, 0.1 * half)
        canvas.area(
            f"M {x - reach} {low} Q {x} {low + 2 * high} {x + reach} {low} "
            f"Q {x} {low - high} {x - reach} {low} Z",
            (226, 236, 236),
            0.6,
        )


def draw_reflection(canvas: Canvas, x: float, y: float, half: float) -> None:
    """A dark image on the water below what swims at x, y and is twice *half* wide."""
    deep = 0.13 * half
    canvas.area(
        f"M {x - half} {y} H {x + half} L {x + 0.94 * half} {y + deep} H {x - 0.94 * half} Z",
        (34, 46, 74),
        0.32,
    )
    for reach, share, aside in ((0.98, 1.0, 0.03), (0.86, 1.7, -0.04), (0.7, 2.3, 0.05)):
        middle, low = x + aside * half, y + share * deep  # broken by the waves
        canvas.area(
            f"M {middle - reach * half} {low} Q {middle} {low - 0.5 * deep} "
            f"{middle + reach * half} {low} Q {middle} {low + 0.7 * deep} "
            f"{middle - reach * half} {low} Z",
            (34, 46, 74),
            0.24,
        )
