"""A town at night: rows of houses up a hill, lit windows, street lamps, a moon."""

from __future__ import annotations

import numpy as np

from ..palette import Rgb, mix
from .canvas import shade
from .crowds import Crowd, fill_ledges, fly
from .extras import BARREL, BENCH, BUSH, CARTON, POT
from .ground import draw_paving
from .houses import draw_row
from .stage import Stage
from .weather import draw_sky, finish

_WOODS: tuple[Rgb, ...] = ((58, 84, 84), (70, 92, 82), (56, 76, 92))  # trees at night
ABSENT = frozenset({"lantern", "lamp", "candle"})
_ON_TERRACE = Crowd(
    "on a terrace",
    named=0.08,
    people=16,
    extras=26,
    posts=3,
    kinds=(BUSH, BUSH, POT, POT, BENCH),
    size=34,
)
_ON_STREET = Crowd(
    "on the street",
    named=0.24,
    laden=0.05,
    signs=2,
    people=40,
    stacks=4,
    extras=62,
    posts=5,
    kinds=(BARREL, BARREL, POT, POT, POT, CARTON, CARTON, BENCH),
)


def draw_night(stage: Stage) -> None:
    """Draw it from the moon to the street in front."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    wide, high = canvas.width, canvas.height
    draw_sky(canvas, stage.mood, rng, 0.4 * high)
    _draw_skyline(stage, 0.36 * high)
    fly(stage, 0.22 * high, 0.12, 5)
    rows = (0.44, 0.63, 0.83)
    for number, share in enumerate(rows):
        base = share * high
        storey = 0.21 * high / u
        ledges = draw_row(
            stage, -30 * u, wide + 40 * u, base, (max(68, 0.34 * storey), max(76, 0.54 * storey))
        )
        fill_ledges(stage, ledges, 0.17, 1 + number // 2)
        if number < 2:
            ground = (84, 80, 100)
            canvas.rectangle(0, base, wide, base + 16 * u, ground)
            canvas.rectangle(0, base, wide, base + 2 * u, shade(ground, -0.3))
            for x in np.arange(0, wide, 11 * u):
                canvas.rectangle(
                    float(x), base + 2 * u, float(x) + u, base + 16 * u, shade(ground, 0.2)
                )
            _draw_slope(stage, base + 16 * u)
            _ON_TERRACE.draw(stage, base + 3 * u, base + 13 * u)
    draw_paving(stage, rows[-1] * high, (150, 142, 146))
    _ON_STREET.draw(stage, rows[-1] * high + 5 * u, high - 3 * u)
    finish(canvas, stage.mood, rng, stage.lights)


def _draw_slope(stage: Stage, top: float) -> None:
    """A wooded slope below a terrace, down to the roofs that will stand before it."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    canvas.gradient(top, canvas.height, ((62, 74, 84), (34, 42, 62), (34, 42, 62)))
    canvas.rectangle(0, top, canvas.width, top + 2.4 * u, (112, 106, 124))
    canvas.rectangle(0, top + 2.4 * u, canvas.width, top + 5 * u, (40, 42, 62))
    for foot in np.sort(rng.uniform(26, 92, 60)):
        x, tall = float(rng.uniform(0, canvas.width)), min(float(rng.uniform(24, 46)), foot - 4) * u
        y, ink = top + foot * u, mix(_WOODS[int(rng.integers(3))], (40, 48, 66), 0.5 - foot / 300)
        canvas.rectangle(x - 1.4 * u, y - 0.3 * tall, x + 1.4 * u, y, (52, 46, 58))
        if rng.random() < 0.5:
            for part in (0.36, 0.28, 0.2):
                low, wide = y - (0.48 - part) * 2.4 * tall, part * tall
                canvas.area(
                    np.array([[x - wide, low], [x, low - 0.5 * tall], [x + wide, low]]), ink
                )
        else:
            for across, up, radius in ((-0.18, 0.42, 0.2), (0.2, 0.44, 0.2), (0, 0.68, 0.26)):
                canvas.dot(x + across * tall, y - up * tall, radius * tall, ink)


def _draw_skyline(stage: Stage, base: float) -> None:
    """Far towers and their lights."""
    canvas, rng, u, x = stage.canvas, stage.rng, stage.canvas.unit, 0.0
    ink = stage.mood.far((44, 46, 78), 0.45)
    while x < canvas.width:
        wide, tall = float(rng.uniform(18, 52)) * u, float(rng.uniform(40, 150)) * u
        canvas.rectangle(x, base - tall, x + wide, base + 90 * u, ink)
        if rng.random() < 0.3:
            canvas.area(
                np.array(
                    [
                        [x, base - tall],
                        [x + wide / 2, base - tall - 0.8 * wide],
                        [x + wide, base - tall],
                    ]
                ),
                ink,
            )
        for _ in range(int(tall * wide / (90 * u * u))):
            column, row = (
                int(rng.uniform(1, wide / (4 * u) - 1)),
                int(rng.uniform(1, tall / (5 * u))),
            )
            at = x + column * 4 * u, base - tall + row * 5 * u
            canvas.rectangle(at[0], at[1], at[0] + 1.6 * u, at[1] + 2.4 * u, (222, 186, 120))
        x += wide + float(rng.uniform(0, 14)) * u
