"""Ground and walls of stone."""

from __future__ import annotations

import numpy as np

from ..palette import Rgb, mix
from .canvas import shade
from .stage import Stage

_SNOWY: Rgb = (216, 218, 224)
_DUSK: Rgb = (112, 116, 168)


def draw_paving(stage: Stage, top: float, ink: Rgb, step: float = 9, growth: float = 1.13) -> None:
    """Rows of paving stones down to the lower edge; all joints lead to one point far away."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    snowy = stage.mood.weather == "snow"
    if snowy:
        ink = _SNOWY
    if stage.mood.hour == "evening":
        ink = mix(ink, _DUSK, 0.36 if snowy else 0.42)
    ink = stage.mood.dim(ink)
    y, step, row, thick = top, step * u, 0, max(1.0, 0.6 * u)
    middle, far = float(rng.uniform(0.4, 0.6)) * canvas.width, top - 0.4 * canvas.height
    canvas.gradient(y, canvas.height, (shade(ink, -0.2), ink, shade(ink, 0.1)))
    while y < canvas.height:
        wide, spread = 2.1 * 9 * u * (y - far) / (top - far), (y + step - far) / (y - far)
        count = int(max(middle, canvas.width - middle) / wide) + 2
        starts = (np.arange(-count, count) + row % 2 / 2) * wide
        uppers = middle + starts + rng.uniform(-0.05, 0.05, 2 * count) * wide
        lowers = middle + (uppers - middle) * spread
        for start, end in rng.permutation(np.stack([uppers, lowers], 1))[: count // 4]:
            stone = [
                [start, y],
                [start + wide, y],
                [end + wide * spread, y + step],
                [end, y + step],
            ]
            canvas.area(np.array(stone), shade(ink, float(rng.uniform(-0.07, 0.07))))
        joints = [
            np.array([[start, y], [start + thick, y], [end + thick, y + step], [end, y + step]])
            for start, end in zip(uppers, lowers, strict=True)
        ]
        canvas.area(joints, shade(ink, 0.16))
        canvas.rectangle(0, y, canvas.width, y + thick, shade(ink, 0.16))
        y, step, row = y + step, step * growth, row + 1


def draw_coping(stage: Stage, top: float, high: float) -> None:
    """The edge of a quay that one stands on: long flat stones, from end to end."""
    canvas, u = stage.canvas, stage.canvas.unit
    ink: Rgb = _SNOWY if stage.mood.weather == "snow" else (176, 168, 158)
    if stage.mood.hour == "evening":
        ink = mix(ink, _DUSK, 0.24)
    canvas.rectangle(0, top, canvas.width, top + high, ink)
    canvas.rectangle(0, top, canvas.width, top + 1.2 * u, shade(ink, -0.4))
    canvas.rectangle(0, top + high - 1.2 * u, canvas.width, top + high, shade(ink, 0.3))
    for x in np.arange(float(stage.rng.uniform(-40, 0)) * u, canvas.width, 40 * u):
        canvas.rectangle(x, top, x + 0.8 * u, top + high, shade(ink, 0.3))


def draw_quay_wall(stage: Stage, left: float, right: float, top: float, high: float) -> None:
    """A quay wall of stones above the water."""
    canvas, rng, u, ink = stage.canvas, stage.rng, stage.canvas.unit, (150, 142, 136)
    canvas.rectangle(left, top, right, top + 3.4 * u, shade(ink, -0.3))
    canvas.rectangle(left, top + 3.4 * u, right, top + high, ink)
    for row, y in enumerate(np.arange(top + 3.4 * u, top + high, 5 * u)):
        canvas.rectangle(left, y, right, y + 0.8 * u, shade(ink, 0.3))
        for x in np.arange(left + (row % 2) * 7 * u, right, 14 * u):
            canvas.rectangle(x, y, x + 0.8 * u, min(y + 5 * u, top + high), shade(ink, 0.3))
    canvas.rectangle(left, top + high - 3 * u, right, top + high, (84, 98, 88))
    for _ in range(int((right - left) / (40 * u))):
        x = float(rng.uniform(left, right))
        canvas.rectangle(x, top + 6 * u, x + 3 * u, top + high, (96, 84, 80))
