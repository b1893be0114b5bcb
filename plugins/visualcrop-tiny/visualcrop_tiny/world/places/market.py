"""A market street: houses behind, stalls in rows, goods, and people between them."""

from __future__ import annotations

from itertools import pairwise

import attrs
import numpy as np

from ..palette import Rgb, mix
from ..paths import bar, oval
from .canvas import shade
from .crowds import Crowd, draw_foreground, fill_ledges, fly, grown
from .extras import (
    BARREL,
    BARROW,
    CART,
    CARTON,
    CRATE,
    MUTED,
    POT,
    SACK,
    TREE,
    sample_muted,
    sample_person,
)
from .ground import draw_paving
from .houses import SNOW, Ledges, draw_awning, draw_row
from .stage import Stage
from .weather import GLOW, draw_sky, finish

ABSENT = frozenset({"flag", "lantern", "tent", "apple", "cherry"})
_BETWEEN = Crowd(
    "on the street",
    named=0.07,
    laden=0.03,
    signs=1,
    people=30,
    stacks=3,
    extras=22,
    posts=1,
    kinds=(BARREL, BARREL, CRATE, SACK, SACK, CARTON, POT, POT, BARROW, CART),
    size=46,
)


_BEFORE = Crowd("on the street", named=0.03, people=9, extras=12, size=46)
_PAVINGS: tuple[Rgb, ...] = ((184, 170, 152), (172, 166, 162), (190, 166, 146), (180, 174, 164))


def _fuller(crowd: Crowd, times: float) -> Crowd:
    """So many times the people and extras of a crowd."""
    return attrs.evolve(crowd, people=crowd.people * times, extras=crowd.extras * times)


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
    street = float(rng.uniform(0.42, 0.5)) * high
    draw_sky(canvas, stage.mood, rng, street)
    houses = _draw_houses(stage, street)
    canvas.reserved = [house.box for house in houses.houses]
    fly(stage, 0.16 * high, 0.07, 7)
    canvas.reserved = []
    _hang_bunting(stage, houses, street)
    fill_ledges(stage, houses, 0.28, 4)
    draw_paving(stage, street, _PAVINGS[int(rng.integers(len(_PAVINGS)))], 6, 1.07)
    canvas.rectangle(0, street, wide, street + 3 * u, shade((150, 142, 138), -0.2))
    near = (2 if rng.random() < 0.4 else 3) + int(high - street > 480 * u)  # rows of stalls
    edges = street + 6 * u + np.linspace(0, 1, near + 1) ** 1.12 * (high - street - 9 * u)
    rows = [_plan_row(stage, top, bottom, street) for top, bottom in pairwise(edges)]
    between, before = (_fuller(crowd, 3 / near) for crowd in (_BETWEEN, _BEFORE))
    centre = rows[-1][int(rng.integers(1, len(rows[-1]) - 1))] if len(rows[-1]) > 2 else None
    for number, (row, (top, bottom)) in enumerate(zip(rows, pairwise(edges), strict=True)):
        canvas.reserved = [stall.box(u) for later in rows[number:] for stall in later]
        between.draw(stage, top, top + 0.45 * (bottom - top), street)
        canvas.reserved = [stall.box(u) for later in rows[number + 1 :] for stall in later]
        for stall in row:
            if stall is centre:
                _draw_centre(stage, stall)
            else:
                _draw_stall(stage, stall)
        before.draw(stage, top + 0.66 * (bottom - top), bottom, street)
    canvas.reserved = []
    draw_foreground(stage, (BARREL, CRATE, SACK, POT))
    finish(canvas, stage.mood, rng, stage.lights)


def _draw_houses(stage: Stage, street: float) -> Ledges:
    """The row of houses; in most streets with a church or an alley in a gap."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    tall = (street - 0.07 * canvas.height) / u
    left, right, heights = -30 * u, canvas.width + 40 * u, (0.5 * tall, 0.86 * tall)
    fill = _GAPS[int(rng.integers(len(_GAPS)))]
    if fill is None:
        return draw_row(stage, left, right, street, heights)
    half = float(rng.uniform(26, 34)) * u
    middle = float(rng.uniform(0.25, 0.75)) * canvas.width
    fill(stage, (middle - half, middle + half), street, tall)
    houses = draw_row(stage, left, middle - half, street, heights)
    more = draw_row(stage, middle + half, right, street, heights)
    return Ledges(*(getattr(houses, f.name) + getattr(more, f.name) for f in attrs.fields(Ledges)))


def _draw_church(stage: Stage, sides: tuple[float, float], street: float, tall: float) -> None:
    """A church tower between two houses, higher than both: spire, bells, clock and door."""
    canvas, rng, u, mood = stage.canvas, stage.rng, stage.canvas.unit, stage.mood
    (left, right), middle = sides, sum(sides) / 2
    wall, roof = mood.dim((196, 186, 172)), mood.dim((104, 116, 122))
    top, dark = street - float(rng.uniform(0.66, 0.74)) * tall * u, mood.dim((86, 78, 88))
    eaves, tip = top + 2 * u, 0.02 * canvas.height
    canvas.area(f"M {left - 2 * u} {eaves} L {middle} {tip} L {right + 2 * u} {eaves} Z", roof)
    shaded = f"M {middle} {tip} L {right + 2 * u} {eaves} H {middle + 6 * u} Z"
    canvas.area(shaded, shade(roof, 0.24))
    if mood.weather == "snow":
        canvas.area(f"M {left - 2 * u} {eaves} L {middle} {tip} L {middle - 6 * u} {eaves} Z", SNOW)
    canvas.dot(middle, tip, 2 * u, (204, 172, 104))
    canvas.rectangle(left, top, right, street, wall)
    canvas.rectangle(right - 9 * u, top, right, street, shade(wall, 0.16))
    for y in (top, top + 0.26 * (street - top), top + 0.62 * (street - top)):
        canvas.rectangle(left - u, y, right + u, y + 3 * u, shade(wall, -0.25))
        canvas.rectangle(left - u, y + 3 * u, right + u, y + 4 * u, shade(wall, 0.25))
    for x in (middle - 9 * u, middle + 9 * u):
        canvas.area(_arch(x, 5 * u, top + 0.52 * (street - top), 24 * u), dark)
    clock = top + 0.13 * (street - top) + u  # above the bunting
    canvas.dot(middle, clock, 10.5 * u, shade(wall, 0.35))
    canvas.dot(middle, clock, 9 * u, (240, 234, 218))
    canvas.area(
        f"M {middle - 0.6 * u} {clock + u} V {clock - 7 * u} H {middle + 0.6 * u} V {clock} "
        f"L {middle + 4.6 * u} {clock + 2.4 * u} L {middle + 4 * u} {clock + 3.4 * u} Z",
        dark,
    )
    lit = (255, 214, 134) if mood.is_dark else dark
    canvas.area(_arch(middle, 5 * u, street - 46 * u, 18 * u), lit)
    canvas.area(_arch(middle, 12 * u, street, 34 * u), shade(wall, -0.2))
    canvas.area(_arch(middle, 9.5 * u, street, 31 * u), mood.dim((112, 84, 70)))
    canvas.rectangle(middle - 0.5 * u, street - 30 * u, middle + 0.5 * u, street, dark)


def _arch(x: float, half: float, base: float, high: float) -> str:
    """Path of an opening with a pointed arch, its foot in the middle of *base*."""
    spring = base - high + 1.2 * half
    return (
        f"M {x - half} {base} V {spring} Q {x - half} {base - high + 0.3 * half} {x} {base - high} "
        f"Q {x + half} {base - high + 0.3 * half} {x + half} {spring} V {base} Z"
    )


def _draw_alley(stage: Stage, sides: tuple[float, float], street: float, tall: float) -> None:
    """A lane that leads away between two houses, to a house at its end."""
    canvas, rng, u, mood, (left, right) = (
        stage.canvas,
        stage.rng,
        stage.canvas.unit,
        stage.mood,
        sides,
    )
    inner, foot = 0.22 * (right - left), street - 9 * u
    a, b, middle = left + inner, right - inner, (left + right) / 2
    wall, roof = mood.far(mood.dim((206, 186, 158)), 0.45), mood.far(mood.dim((140, 96, 84)), 0.45)
    top = street - float(rng.uniform(0.3, 0.4)) * tall * u
    gable = f"M {a - 6 * u} {top} L {middle} {top - 26 * u} L {b + 6 * u} {top} Z"
    canvas.area(gable, roof)
    canvas.rectangle(a - 6 * u, top, b + 6 * u, foot, wall)
    pane = (255, 214, 134) if mood.is_dark else mood.far((92, 104, 122), 0.4)
    for y in np.arange(top + 9 * u, foot - 24 * u, 24 * u):
        for x in (middle - 6 * u, middle + 6 * u):
            canvas.rectangle(x - 2.6 * u, y, x + 2.6 * u, y + 10 * u, pane)
    canvas.area(_arch(middle, 4 * u, foot, 15 * u), mood.far((104, 84, 76), 0.4))
    upper, deep = street - 0.46 * tall * u, street - 0.36 * tall * u
    for x, end, ink in ((left, a, (150, 132, 118)), (right, b, (176, 156, 136))):
        side = np.array([[x, upper], [end, deep], [end, foot], [x, street]])
        canvas.area(side, mood.dim(ink))
        for share in (0.3, 0.6):
            y, x0, x1 = deep + share * (foot - deep), x + 0.3 * (end - x), x + 0.7 * (end - x)
            canvas.area(
                np.array([[x0, y - u], [x1, y], [x1, y + 11 * u], [x0, y + 12 * u]]),
                shade(ink, 0.4),
            )
    lane = np.array([[a, foot], [b, foot], [right, street + u], [left, street + u]])
    canvas.area(lane, mood.dim(shade((176, 164, 150), 0.14)))


_GAPS = (_draw_church, _draw_church, _draw_alley, _draw_alley, None)


def _hang_bunting(stage: Stage, ledges: Ledges, street: float) -> None:
    """A string or two of muted pennants from house to house, above the signs of the shops."""
    canvas, rng, u, cord = stage.canvas, stage.rng, stage.canvas.unit, (92, 84, 92)
    corners = [house.left for house in ledges.houses[1:] if 0 < house.left < canvas.width]
    hooks = [-30 * u, *corners[int(rng.integers(2)) :: 2], canvas.width + 30 * u]
    low = street - 78 * u  # above shops and their signs
    heights = low - rng.uniform(14, 26, len(hooks)) * u
    for deep in (1.0, 0.4)[: int(rng.integers(1, 3))]:
        for (x0, x1), (y0, y1) in zip(pairwise(hooks), pairwise(heights), strict=True):
            sag = deep * min(low - max(y0, y1), 0.1 * (x1 - x0))
            t = np.linspace(0, 1, max(4, int((x1 - x0) / (11 * u))))
            line = np.stack([x0 + t * (x1 - x0), y0 + t * (y1 - y0) + sag * 4 * t * (1 - t)], 1)
            canvas.area(np.concatenate([line, line[::-1] + np.array([0, 0.9 * u])]), cord)
            for one, other in pairwise(line):
                ink = stage.mood.dim(MUTED[int(rng.integers(len(MUTED)))])
                tip = (one + other) / 2 + np.array([0, 11 * u])
                canvas.area(np.array([one, other, tip]), ink)
    for x, y in zip(hooks, heights, strict=True):
        canvas.dot(x, y, 2 * u, cord)


def _plan_row(stage: Stage, top: float, bottom: float, street: float) -> list[_Stall]:
    """Stalls side by side with gaps."""
    canvas, rng = stage.canvas, stage.rng
    base = top + 0.62 * (bottom - top)
    grow = grown(stage, base, street)
    u = canvas.unit * grow
    x, stalls = float(rng.uniform(-60, 10)) * u, list[_Stall]()
    while x < canvas.width:
        wide = float(rng.uniform(96, 150)) * u
        stalls.append(_Stall(x, x + wide, base, grow))
        x += wide + float(rng.uniform(34, 70)) * u
    return stalls


def _draw_centre(stage: Stage, stall: _Stall) -> None:
    """A fountain, a tree, a column with posters or a statue in place of a stall."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit * stall.grow
    x, y = (stall.left + stall.right) / 2, stall.base
    kind = int(rng.integers(6))
    if kind < 2:
        (_draw_column, _draw_statue)[kind](stage, x, y, u)
        return
    if kind < 4:
        leaf = (214, 220, 226) if stage.mood.weather == "snow" else (112, 138, 96)
        stage.large(TREE, x, y, 112 * u, stage.mood.dim(leaf))
        return
    stone, water = stage.mood.dim((178, 172, 164)), stage.mood.dim((150, 186, 200))
    canvas.shade_ground(x + 3 * u, y, 132 * u, 22 * u, 0.55)
    for half, rise, deep, flat in ((50, 0, 15, 9), (20, 30, 6, 4.5), (9, 50, 4, 3)):
        low, rim = y - rise * u, y - (rise + deep) * u
        if rise:
            canvas.rectangle(
                x - 0.2 * half * u,
                low - u,
                x + 0.2 * half * u,
                y - (rise - 20) * u,
                shade(stone, 0.2),
            )
        canvas.area(
            f"M {x - half * u} {rim} Q {x - 0.9 * half * u} {low} {x} {low} "
            f"Q {x + 0.9 * half * u} {low} {x + half * u} {rim} Z",
            shade(stone, 0.12),
        )
        canvas.area(
            f"M {x} {rim} L {x} {low} Q {x + 0.9 * half * u} {low} {x + half * u} {rim} Z",
            shade(stone, 0.3),
        )
        canvas.area(oval(x, rim, half * u, flat * u), shade(stone, -0.25))
        canvas.area(oval(x, rim, 0.88 * half * u, 0.7 * flat * u), water)
    for side in (-1, 1):
        for out, from_, to in ((7, 55, 37), (17, 37, 16)):
            start, end = x + 0.6 * side * out * u, x + 1.5 * side * out * u
            drop = (
                f"M {start} {y - from_ * u} Q {end} {y - (from_ + 3) * u} {end} {y - to * u} "
                f"L {end - 1.6 * side * u} {y - to * u} "
                f"Q {end - 1.6 * side * u} {y - from_ * u} {start} {y - from_ * u} Z"
            )
            canvas.area(drop, (226, 238, 242), 0.8)


def _draw_column(stage: Stage, x: float, y: float, u: float) -> None:
    """A thick round column with posters, under a small dome."""
    canvas, rng, mood = stage.canvas, stage.rng, stage.mood
    green, wall = mood.dim((96, 122, 108)), mood.dim((206, 198, 180))
    half, top = 19 * u, y - 92 * u
    canvas.shade_ground(x + 4 * u, y, 66 * u, 14 * u, 0.55)
    canvas.area(
        f"M {x - half} {top} H {x + half} V {y - 2 * u} Q {x} {y + 5 * u} {x - half} {y - 2 * u} Z",
        wall,
    )
    for row, across in enumerate((-0.92, -0.2, 0.4)):
        low = top + 8 * u
        while low < y - 34 * u:
            high, wide = float(rng.uniform(16, 26)) * u, (0.62, 0.52, 0.46)[row] * half
            left, ink = x + across * half, mood.dim(sample_muted(rng))
            canvas.rectangle(left, low, left + wide, low + high, ink)
            for line in np.arange(low + 3 * u, low + high - 2 * u, 4 * u):
                end = left + float(rng.uniform(0.5, 0.85)) * wide
                canvas.rectangle(left + 1.5 * u, line, end, line + 1.4 * u, shade(ink, -0.5))
            low += high + 2.4 * u
    canvas.area(
        f"M {x + 0.55 * half} {top} H {x + half} V {y - 2 * u} Q {x + 0.8 * half} "
        f"{y + u} {x + 0.55 * half} {y + 1.4 * u} Z",
        (38, 30, 58),
        0.2,
    )
    canvas.area(
        f"M {x - half} {y - 14 * u} Q {x} {y - 8 * u} {x + half} {y - 14 * u} V {y - 2 * u} "
        f"Q {x} {y + 5 * u} {x - half} {y - 2 * u} Z",
        green,
    )
    canvas.area(
        bar(x - half - 3 * u, top - 5 * u, 2 * half + 6 * u, 8 * u, 2 * u), shade(green, 0.2)
    )
    cap = SNOW if mood.weather == "snow" else green
    canvas.area(
        f"M {x - half - u} {top - 5 * u} Q {x - half} {top - 22 * u} {x} {top - 24 * u} "
        f"Q {x + half} {top - 22 * u} {x + half + u} {top - 5 * u} Z",
        cap,
    )
    canvas.dot(x, top - 25 * u, 3 * u, mood.dim((204, 172, 104)))


def _draw_statue(stage: Stage, x: float, y: float, u: float) -> None:
    """Somebody in bronze with an arm up, on a pedestal with steps."""
    canvas, mood = stage.canvas, stage.mood
    stone, bronze = mood.dim((178, 172, 164)), mood.dim((98, 128, 116))
    canvas.shade_ground(x + 5 * u, y, 110 * u, 18 * u, 0.55)
    for half, low, high in ((46, 0, 7), (38, 7, 7), (22, 14, 34)):
        left, right, top = x - half * u, x + half * u, y - (low + high) * u
        canvas.rectangle(left, top, right, y - low * u, stone)
        canvas.rectangle(left, top, right, top + 2 * u, shade(stone, -0.4))
        canvas.rectangle(
            right - 0.22 * half * u, top + 2 * u, right, y - low * u, shade(stone, 0.2)
        )
    canvas.rectangle(x - 25 * u, y - 52 * u, x + 25 * u, y - 47 * u, shade(stone, 0.1))
    canvas.rectangle(x - 12 * u, y - 38 * u, x + 12 * u, y - 26 * u, shade(stone, 0.35))
    foot = y - 52 * u
    coat = (
        f"M {x - 13 * u} {foot} Q {x - 9 * u} {foot - 26 * u} {x - 10 * u} {foot - 42 * u} "
        f"Q {x} {foot - 48 * u} {x + 10 * u} {foot - 42 * u} Q {x + 9 * u} {foot - 26 * u} "
        f"{x + 13 * u} {foot} Z"
    )
    arms = (
        f"M {x + 7 * u} {foot - 43 * u} L {x + 21 * u} {foot - 60 * u} L {x + 25 * u} "
        f"{foot - 57 * u} L {x + 10 * u} {foot - 34 * u} Z "
        f"M {x - 8 * u} {foot - 43 * u} L {x - 18 * u} {foot - 28 * u} L {x - 12 * u} "
        f"{foot - 18 * u} L {x - 9 * u} {foot - 22 * u} L {x - 13 * u} {foot - 28 * u} "
        f"L {x - 7 * u} {foot - 34 * u} Z"
    )
    canvas.area(arms, shade(bronze, 0.14))
    canvas.area(coat, bronze)
    canvas.area(
        f"M {x + 2 * u} {foot} L {x + 3 * u} {foot - 44 * u} L {x + 10 * u} {foot - 42 * u} "
        f"Q {x + 9 * u} {foot - 26 * u} {x + 13 * u} {foot} Z",
        shade(bronze, 0.24),
    )
    canvas.dot(x, foot - 51 * u, 7.5 * u, shade(bronze, 0.1))
    cap = SNOW if mood.weather == "snow" else shade(bronze, 0.3)
    canvas.area(
        f"M {x - 12 * u} {foot - 55 * u} Q {x} {foot - 70 * u} {x + 12 * u} {foot - 55 * u} "
        f"Q {x} {foot - 59 * u} {x - 12 * u} {foot - 55 * u} Z",
        cap,
    )


def _draw_stall(stage: Stage, stall: _Stall) -> None:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit * stall.grow
    left, right, base, grow = attrs.astuple(stall)
    cloth = stage.mood.dim(MUTED[int(rng.integers(len(MUTED)))])
    top, counter, middle = base - 74 * u, base - 26 * u, (left + right) / 2
    shadow = [
        [left, base],
        [right, base],
        [right + 9 * u, base + 5 * u],
        [left + 6 * u, base + 5 * u],
    ]
    canvas.area(np.array(shadow), (38, 30, 58), 0.3)
    inside = shade(cloth, 0.55)
    canvas.rectangle(left + 4 * u, top + 10 * u, right - 4 * u, base, inside)
    if stage.mood.is_dark:  # by a lamp under the awning
        canvas.rectangle(left + 4 * u, top + 10 * u, right - 4 * u, base, mix(inside, GLOW, 0.3))
        canvas.glow(middle, top + 22 * u, 0.5 * (right - left), GLOW, 0.7)
    for x in (left + 3 * u, right - 6 * u):
        canvas.rectangle(x, top + 16 * u, x + 3 * u, base, (128, 100, 80))
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
    cover = _COVERS[int(rng.integers(len(_COVERS)))]
    if cover is None:
        draw_awning(stage, left - 3 * u, right + 3 * u, top - 6 * u, grow * 1.3)
    else:
        cover(stage, (left - 4 * u, right + 4 * u), top - 6 * u, u)
    spots = np.arange(left + 14 * u, right - 10 * u, 21 * u)
    for x in rng.permutation(spots)[: int(rng.random() < 0.5)]:
        stage.thing(float(x), counter + 3.4 * u, "on a stall", grow=0.85 * grow)
    if cover is None and rng.random() < 0.12:
        stage.thing(float(rng.uniform(left, right)), top - 5 * u, "on an awning", grow=0.85 * grow)
    if rng.random() < 0.1:
        stage.sign(middle, base - u, "on a stall", "plate")


def _draw_gable(stage: Stage, sides: tuple[float, float], top: float, u: float) -> None:
    """A cloth over a ridge: its striped front, and a valance below."""
    canvas, (left, right) = stage.canvas, sides
    ink, pale = _sample_cloths(stage)
    middle, eaves, tip = (left + right) / 2, top + 13 * u, top - 8 * u
    count = max(5, 2 * round((right - left) / (22 * u)) + 1)
    edges = np.linspace(left, right, count + 1)
    tops = np.interp(edges, (left, middle, right), (eaves, tip, eaves))
    for number, (one, other) in enumerate(pairwise(range(count + 1))):
        tint = pale if number % 2 else ink
        x0, x1, y0, y1 = edges[one], edges[other], tops[one], tops[other]
        peak = [[middle, tip]] if x0 < middle < x1 else []
        front = [[x0, eaves], [x0, y0], *peak, [x1, y1], [x1, eaves]]
        canvas.area(np.array(front), tint)
        low = eaves + 7 * u
        canvas.area(
            f"M {x0} {eaves} H {x1} V {low - 4 * u} Q {(x0 + x1) / 2} {low} {x0} {low - 4 * u} Z",
            shade(tint, 0.14),
        )
    roof = np.array([[left - u, eaves], [middle, tip - 3 * u], [right + u, eaves]])
    thick = roof[::-1] + np.array([0, 3.4 * u])
    snowy = stage.mood.weather == "snow"
    canvas.area(np.concatenate([roof, thick]), SNOW if snowy else shade(ink, 0.2))


def _draw_canopy(stage: Stage, sides: tuple[float, float], top: float, u: float) -> None:
    """A plain cloth with a pale hem that hangs in waves."""
    canvas, (left, right) = stage.canvas, sides
    ink, pale = _sample_cloths(stage)
    low, inner = top + 17 * u, 9 * u
    canvas.area(
        np.array([[left + inner, top], [right - inner, top], [right, low], [left, low]]), ink
    )
    for share in (0.25, 0.5, 0.75):
        x, foot = left + inner + share * (right - left - 2 * inner), left + share * (right - left)
        crease = [[x - 0.5 * u, top], [x + 0.5 * u, top], [foot + u, low], [foot - u, low]]
        canvas.area(np.array(crease), shade(ink, 0.16))
    count = max(4, round((right - left) / (11 * u)))
    for x0, x1 in pairwise(np.linspace(left, right, count + 1)):
        wave = f"M {x0} {low - u} H {x1} V {low + 3 * u} Q {(x0 + x1) / 2} {low + 9 * u} {x0} "
        canvas.area(wave + f"{low + 3 * u} Z", pale)
    snowy = stage.mood.weather == "snow"
    edge = SNOW if snowy else shade(ink, -0.25)
    canvas.rectangle(
        left + inner, top - 1.5 * u, right - inner, top + (4 if snowy else 1) * u, edge
    )


def _draw_parasol(stage: Stage, sides: tuple[float, float], top: float, u: float) -> None:
    """A round cloth on ribs that meet in a knob."""
    canvas, (left, right) = stage.canvas, sides
    ink, pale = _sample_cloths(stage)
    middle, low, tip = (left + right) / 2, top + 16 * u, top - 9 * u
    if stage.mood.weather == "snow":
        pale = SNOW
    count = 6
    edges = np.linspace(left, right, count + 1)
    ribs = middle + 0.3 * (edges - middle)  # where each rib is, near the top
    for number in range(count):
        tint = ink if number % 2 else pale
        x0, x1, r0, r1 = edges[number], edges[number + 1], ribs[number], ribs[number + 1]
        canvas.area(
            f"M {middle} {tip} Q {r0} {tip + 3 * u} {x0} {low} "
            f"Q {(x0 + x1) / 2} {low + 8 * u} {x1} {low} Q {r1} {tip + 3 * u} {middle} {tip} Z",
            shade(tint, 0.1 * (number - 2.5) / 2.5),
        )
    canvas.dot(middle, tip, 2 * u, shade(ink, 0.3))


def _sample_cloths(stage: Stage) -> tuple[Rgb, Rgb]:
    """The colours of a cloth: a muted one and a pale one."""
    ink = MUTED[int(stage.rng.integers(len(MUTED) - 1))]  # the last is pale itself
    return stage.mood.dim(ink), stage.mood.dim((236, 228, 212))


_COVERS = (None, None, None, _draw_gable, _draw_gable, _draw_canopy, _draw_canopy, _draw_parasol)


def _draw_goods(stage: Stage, left: float, right: float, counter: float, grow: float) -> None:
    """Goods in muted colours behind the edge of a counter, a few kinds side by side."""
    rng, u = stage.rng, stage.canvas.unit * grow
    x, first = left + 6 * u, int(rng.integers(len(_GOODS)))
    while x < right - 22 * u:
        kind = first if rng.random() < 0.6 else int(rng.integers(len(_GOODS)))
        heap = min(float(rng.uniform(18, 30)) * u, right - 5 * u - x)
        ink = stage.mood.dim(sample_muted(rng))
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
