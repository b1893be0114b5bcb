"""The wall behind shelves: its colour, and what is printed on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..palette import Rgb
from .canvas import Canvas, shade
from .stage import Stage

_WALLS: tuple[Rgb, ...] = (
    *((122, 134, 136), (124, 128, 150), (98, 122, 124), (146, 108, 108), (112, 122, 102)),
    *((214, 204, 178), (164, 176, 148), (160, 180, 190), (204, 170, 158), (222, 218, 208)),
    *((186, 168, 190), (198, 182, 128)),
)
_DIFFERENT = 96  # least difference of wall and wood, over red, green and blue


def draw_wall(stage: Stage, wood: Rgb) -> None:
    """Fill the picture with a wall whose colour differs from that of the *wood*."""
    canvas, rng = stage.canvas, stage.rng
    walls = [w for w in _WALLS if np.abs(np.subtract(w, wood)).sum() > _DIFFERENT]
    wall = walls[int(rng.integers(len(walls)))]
    dark, prints = float(rng.uniform(-0.1, 0.12)), _PRINTS[int(rng.integers(len(_PRINTS)))]
    canvas.gradient(0, canvas.height, (shade(wall, dark), shade(wall, dark + 0.1)))
    if prints and canvas.painted:
        prints(canvas, shade(wall, dark + 0.05))


def _print_stripes(canvas: Canvas, ink: Rgb) -> None:
    for x in np.arange(0, canvas.width, 17 * canvas.unit):
        canvas.rectangle(x, 0, x + 8.5 * canvas.unit, canvas.height, shade(ink, -0.1))


def _print_lines(canvas: Canvas, ink: Rgb) -> None:
    """Two thin lines, side by side."""
    u = canvas.unit
    for x in np.arange(0, canvas.width, 22 * u):
        for across in (0, 3.4):
            left = x + across * u
            canvas.rectangle(left, 0, left + 1.1 * u, canvas.height, shade(ink, 0.13))


def _print_boards(canvas: Canvas, ink: Rgb) -> None:
    """Upright boards with grooves between them."""
    u = canvas.unit
    for x in np.arange(0, canvas.width, 15 * u):
        canvas.rectangle(x, 0, x + 0.9 * u, canvas.height, shade(ink, 0.26))
        canvas.rectangle(x + 0.9 * u, 0, x + 1.8 * u, canvas.height, shade(ink, -0.16))


def _print_dots(canvas: Canvas, ink: Rgb) -> None:
    for x, y in _staggered(canvas, 19):
        canvas.dot(x, y, 2.2 * canvas.unit, shade(ink, -0.17))


def _print_flowers(canvas: Canvas, ink: Rgb) -> None:
    u = canvas.unit
    for x, y in _staggered(canvas, 27):
        for across, down in ((-2.2, -1.3), (2.2, -1.3), (0, 2.3), (0, -3.4)):
            canvas.dot(x + across * u, y + down * u, 1.9 * u, shade(ink, -0.15))
        canvas.dot(x, y - 0.4 * u, 1.5 * u, shade(ink, 0.2))


def _staggered(canvas: Canvas, step: float) -> list[tuple[float, float]]:
    """Places all over the picture, every other row moved by half a *step* in thousandths."""
    step *= canvas.unit
    rows = np.arange(0, canvas.height, 0.8 * step)
    return [
        (float(x), float(y))
        for number, y in enumerate(rows)
        for x in np.arange(number % 2 * step / 2, canvas.width, step)
    ]


_PRINTS: tuple[Callable[[Canvas, Rgb], None] | None, ...] = (
    *(None, None, _print_stripes, _print_stripes),
    *(_print_lines, _print_boards, _print_boards, _print_dots, _print_flowers),
)
