"""Ground and walls of stone."""

from __future__ import annotations

import numpy as np

from ..palette import Rgb
from .canvas import shade
from .stage import Stage

_SNOWY: Rgb = (216, 218, 224)


def draw_paving(stage: Stage, top: float, ink: Rgb, step: float = 9, growth: float = 1.13) -> None:
    """Rows of paving stones down to the lower edge, larger as they come nearer."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    ink = stage.mood.dim(_SNOWY if stage.mood.weather == "snow" else ink)
    y, step, row = top, step * u, 0
    canvas.gradient(y, canvas.height, (shade(ink, -0.2), ink, shade(ink, 0.1)))
    while y < canvas.height:
        canvas.rectangle(0, y, canvas.width, y + max(1.0, 0.7 * u), shade(ink, 0.2))
        for x in np.arange(-(row % 2) * step, canvas.width, 2.1 * step):
            at = x + rng.uniform(-0.1, 0.1) * step
            canvas.rectangle(at, y, at + max(1.0, 0.7 * u), y + step, shade(ink, 0.2))
            if rng.random() < 0.16:
                tint = shade(ink, float(rng.uniform(-0.14, 0.14)))
                canvas.rectangle(at + u, y + u, at + 2.1 * step - u, y + step, tint)
        y, step, row = y + step, step * growth, row + 1


def draw_coping(stage: Stage, top: float, high: float) -> None:
    """The edge of a quay that one stands on: long flat stones, from end to end."""
    canvas, u = stage.canvas, stage.canvas.unit
    ink = _SNOWY if stage.mood.weather == "snow" else (176, 168, 158)
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
