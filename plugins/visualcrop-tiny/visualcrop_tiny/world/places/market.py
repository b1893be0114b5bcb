"""A market street: houses behind, stalls in rows, goods, and people between them."""

from __future__ import annotations

from itertools import pairwise

import attrs
import numpy as np

from ..palette import Rgb
from ..paths import bar
from .canvas import shade
from .crowds import Crowd, fill_ledges, fly
from .extras import (
    BARREL,
    BARROW,
    CART,
    CARTON,
    CRATE,
    MUTED,
    POT,
    SACK,
    sample_muted,
    sample_person,
)
from .ground import draw_paving
from .houses import draw_awning, draw_row
from .stage import Stage
from .weather import draw_sky, finish

ABSENT = frozenset({"flag", "lantern", "tent", "apple", "cherry"})
_ROWS = 3  # of stalls
_BETWEEN = Crowd(
    "on the street",
    named=0.07,
    laden=0.03,
    signs=1,
    people=36,
    stacks=3,
    extras=36,
    kinds=(BARREL, BARREL, CRATE, SACK, SACK, CARTON, POT, POT, BARROW, CART),
    size=46,
)


_BEFORE = Crowd("on the street", named=0.03, people=9, extras=12, size=46)


@attrs.frozen
class _Stall:
    """A stall: its sides, the ground it stands on, and how large it is drawn."""

    left: float
    right: float
    base: float
    grow: float

    def box(self, unit: float) -> tuple[float, float, float, float]:
        """All that it covers, with its awning."""
        edge = 4 * unit * self.grow
        return self.left - edge, self.base - 23 * edge, self.right + edge, self.base


def draw_market(stage: Stage) -> None:
    """Draw it from the sky to what is nearest."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    wide, high = canvas.width, canvas.height
    street = float(rng.uniform(0.44, 0.5)) * high
    draw_sky(canvas, stage.mood, rng, street)
    fly(stage, 0.16 * high, 0.07, 7)
    tall = (street - 0.07 * high) / u
    ledges = draw_row(stage, -30 * u, wide + 40 * u, street, (0.5 * tall, 0.86 * tall))
    fill_ledges(stage, ledges, 0.28, 4)
    _hang_bunting(stage, street)
    draw_paving(stage, street, (184, 170, 152), 6, 1.07)
    pavement: Rgb = (150, 142, 138)
    canvas.rectangle(0, street, wide, street + 3 * u, shade(pavement, -0.2))
    edges = np.linspace(street + 6 * u, high - 3 * u, _ROWS + 1)
    rows = [_plan_row(stage, top, bottom, street) for top, bottom in pairwise(edges)]
    for number, (row, (top, bottom)) in enumerate(zip(rows, pairwise(edges), strict=True)):
        canvas.reserved = [stall.box(u) for later in rows[number:] for stall in later]
        _BETWEEN.draw(stage, top, top + 0.45 * (bottom - top))
        canvas.reserved = [stall.box(u) for later in rows[number + 1 :] for stall in later]
        for stall in row:
            _draw_stall(stage, stall)
        _BEFORE.draw(stage, top + 0.66 * (bottom - top), bottom)
    canvas.reserved = []
    finish(canvas, stage.mood, rng, stage.lights)


def _hang_bunting(stage: Stage, street: float) -> None:
    """Strings of muted pennants from house to house."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    for slot in range(3):
        left, right = rng.uniform(-0.15, -0.02) * canvas.width, rng.uniform(0.5, 1.1) * canvas.width
        if rng.random() < 0.5:
            left, right = canvas.width - right, canvas.width - left
        start, end = (0.46 + 0.08 * slot + rng.uniform(0, 0.05, 2)) * street
        sag = rng.uniform(16, 46) * u
        t = np.linspace(0, 1, max(8, int((right - left) / (11 * u))))
        x, y = left + t * (right - left), start + t * (end - start) + sag * 4 * t * (1 - t)
        top = np.stack([x, y], 1)
        canvas.area(np.concatenate([top, top[::-1] + np.array([0, 0.9 * u])]), (92, 84, 92))
        for i in range(len(x) - 1):
            ink = MUTED[int(rng.integers(len(MUTED)))]
            middle = (x[i] + x[i + 1]) / 2, (y[i] + y[i + 1]) / 2 + 11 * u
            canvas.area(np.array([top[i], top[i + 1], middle]), ink)
        for end in (0, -1):
            canvas.dot(float(x[end]), float(y[end]), 2 * u, (92, 84, 92))


def _plan_row(stage: Stage, top: float, bottom: float, street: float) -> list[_Stall]:
    """Stalls side by side with gaps."""
    canvas, rng = stage.canvas, stage.rng
    base = top + 0.62 * (bottom - top)
    grow = 0.66 + 0.5 * (top - street) / (canvas.height - street)
    u = canvas.unit * grow
    x, stalls = float(rng.uniform(-60, 10)) * u, list[_Stall]()
    while x < canvas.width:
        wide = float(rng.uniform(96, 150)) * u
        stalls.append(_Stall(x, x + wide, base, grow))
        x += wide + float(rng.uniform(34, 70)) * u
    return stalls


def _draw_stall(stage: Stage, stall: _Stall) -> None:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit * stall.grow
    left, right, base, grow = attrs.astuple(stall)
    cloth = MUTED[int(rng.integers(len(MUTED)))]
    top, counter, middle = base - 74 * u, base - 26 * u, (left + right) / 2
    canvas.shade_ground(middle + 3 * u, base, 1.3 * (right - left), 22 * u, 0.6)
    canvas.rectangle(left + 4 * u, top + 10 * u, right - 4 * u, base, shade(cloth, 0.55))
    for x in (left + 3 * u, right - 6 * u):
        canvas.rectangle(x, top, x + 3 * u, base, (128, 100, 80))
    for x in np.arange(left + 18 * u, right - 14 * u, 40 * u):
        stage.prop(
            sample_person(stage.rng), float(x + rng.uniform(0, 14) * u), base - 8 * u, 46 * grow
        )
    _draw_goods(stage, left, right, counter, grow)
    canvas.rectangle(left, counter, right, base, cloth)
    canvas.rectangle(left, counter, right, counter + 3 * u, (198, 166, 124))
    canvas.rectangle(right - 5 * u, counter + 3 * u, right, base, shade(cloth, 0.2))
    for x in np.arange(left + 6 * u, right - 4 * u, 12 * u):
        canvas.rectangle(float(x), counter + 5 * u, float(x) + 1.2 * u, base, shade(cloth, 0.14))
    draw_awning(stage, left - 3 * u, right + 3 * u, top - 6 * u, grow * 1.3)
    spots = np.arange(left + 14 * u, right - 10 * u, 21 * u)
    for x in rng.permutation(spots)[: int(rng.random() < 0.5)]:
        stage.thing(float(x), counter + 3.4 * u, "on a stall")
    if rng.random() < 0.08:
        stage.thing(float(rng.uniform(left, right)), top - 5 * u, "on an awning")
    if rng.random() < 0.1:
        stage.sign(middle, base - u, "on a stall", "plate")


def _draw_goods(stage: Stage, left: float, right: float, counter: float, grow: float) -> None:
    """Goods in muted colours behind the edge of a counter, a few kinds side by side."""
    rng, u = stage.rng, stage.canvas.unit * grow
    x, first = left + 6 * u, int(rng.integers(len(_GOODS)))
    while x < right - 22 * u:
        kind = first if rng.random() < 0.6 else int(rng.integers(len(_GOODS)))
        heap, ink = float(rng.uniform(18, 30)) * u, sample_muted(rng)
        _GOODS[kind](stage, (x, x + heap, counter), u, ink)
        x += heap + 4 * u


def _heap_balls(stage: Stage, box: tuple[float, float, float], u: float, ink: Rgb) -> None:
    canvas, rng, (left, right, base) = stage.canvas, stage.rng, box
    size = float(rng.uniform(2.6, 4.2)) * u
    for level in range(3):
        for place in np.arange(left + level * size, right - level * size, 2 * size):
            x, y = float(place + size), base - (0.5 + 1.5 * level) * size
            canvas.dot(x, y, size * 1.14, shade(ink, 0.35))
            lit = shade(ink, float(rng.uniform(-0.2, 0.1)))
            canvas.dot(x - 0.15 * size, y - 0.15 * size, size * 0.96, lit)


def _stack_loaves(stage: Stage, box: tuple[float, float, float], u: float, ink: Rgb) -> None:
    canvas, rng, (left, right, base) = stage.canvas, stage.rng, box
    for level in range(int(rng.integers(2, 4))):
        for x in np.arange(left + 2.5 * level * u, right - 8 * u - 2.5 * level * u, 8 * u):
            y, lit = base - 5 * level * u, shade(ink, float(rng.uniform(-0.2, 0.1)))
            canvas.area(bar(x, y - 5.6 * u, 8.4 * u, 5.6 * u, 2.4 * u), shade(ink, 0.4))
            canvas.area(bar(x + 0.6 * u, y - 5 * u, 7.2 * u, 4.6 * u, 2 * u), lit)


def _stand_rolls(stage: Stage, box: tuple[float, float, float], u: float, _: Rgb) -> None:
    canvas, rng, (left, right, base) = stage.canvas, stage.rng, box
    for x in np.arange(left, right - 4 * u, 5 * u):
        ink, top = sample_muted(rng), base - float(rng.uniform(11, 17)) * u
        canvas.rectangle(x, top, x + 4.6 * u, base, shade(ink, 0.4))
        canvas.rectangle(x + 0.5 * u, top + 0.5 * u, x + 4.1 * u, base, ink)
        canvas.rectangle(x + 0.5 * u, top + 0.5 * u, x + 1.6 * u, base, shade(ink, -0.3))
        canvas.rectangle(x + 0.5 * u, top + 3 * u, x + 4.1 * u, top + 4 * u, shade(ink, 0.25))


def _bunch_flowers(stage: Stage, box: tuple[float, float, float], u: float, ink: Rgb) -> None:
    canvas, rng, (left, right, base) = stage.canvas, stage.rng, box
    for x in np.arange(left + 4 * u, right, 9 * u):
        canvas.rectangle(x - 3 * u, base - 7 * u, x + 3 * u, base, (150, 140, 134))
        for _ in range(9):
            at = x + float(rng.uniform(-4.4, 4.4)) * u, base - float(rng.uniform(8, 16)) * u
            canvas.dot(*at, 2.3 * u, (104, 122, 92))
            canvas.dot(*at, 1.3 * u, shade(ink, float(rng.uniform(-0.4, 0))))


_GOODS = (_heap_balls, _heap_balls, _stack_loaves, _stand_rolls, _bunch_flowers)
