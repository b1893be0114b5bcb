"""A town at night: rows of houses up a hill, lit windows, street lamps, a moon."""

from __future__ import annotations

import attrs
import numpy as np

from ..palette import Rgb, mix
from .canvas import shade
from .crowds import Crowd, fill_ledges, fly
from .extras import BARREL, BENCH, BUSH, CARTON, CRATE, FIR, POPLAR, POST, POT, TREE, sample_person
from .ground import draw_paving
from .houses import ROOFS, WALLS, House, Ledges, draw_house
from .stage import Stage
from .weather import GLOW, draw_sky, finish

_WOODS: tuple[Rgb, ...] = ((58, 84, 84), (70, 92, 82), (56, 76, 92))  # trees at night
_TREES: tuple[Rgb, ...] = ((112, 134, 92), (128, 146, 98), (96, 122, 96))  # by day
_LIT: Rgb = (255, 214, 134)
_GROUND = 56  # height of a ground floor with a board for a sign, in thousandths
_TERRACE = 25  # room for people before a row of houses, in thousandths
_NUMBERS, _CHANCES = (2, 3, 4), (0.45, 0.4, 0.15)  # of rows
_FIRST = {
    2: (0.45, 0.5),
    3: (0.38, 0.43),
    4: (0.32, 0.36),
}  # foot of the first row, by their number
_SCALES = {2: (0.87, 1.0), 3: (0.75, 0.87, 1.0), 4: (0.66, 0.75, 0.84, 0.94)}
ABSENT = frozenset({"lantern", "lamp", "candle"})
_ON_TERRACE = Crowd(
    "on a terrace", named=0.24, people=46, extras=30, kinds=(BUSH, POT, POT), size=36
)
_ON_STREET = Crowd(
    "on the street",
    named=0.24,
    laden=0.05,
    signs=2,
    people=36,
    stacks=2,
    extras=8,
    kinds=(BARREL, CARTON),
)


@attrs.frozen
class _Row:
    """A row of houses: its foot, size, room before it, and gaps for what else is there."""

    base: float
    scale: float
    terrace: float
    houses: list[House]
    gaps: list[tuple[float, float]]  # left and right
    square: tuple[float, float] | None

    def boxes(self, unit: float) -> list[tuple[float, float, float, float]]:
        """All that is covered by the houses, with their chimneys, and by what is between them."""
        u = unit * self.scale
        between = [*self.gaps, *([self.square] if self.square else [])]
        return [
            *(
                (h.left - 4 * u, h.top - h.pitch - 14 * u, h.right + 4 * u, h.base)
                for h in self.houses
            ),
            *((left, self.base - 94 * u, right, self.base) for left, right in between),
        ]


def draw_night(stage: Stage) -> None:
    """Draw it from the moon to the street in front."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    high = canvas.height
    draw_sky(canvas, stage.mood, rng, 0.25 * high)
    haze = stage.mood.haze
    canvas.gradient(0.25 * high, high, (haze, mix(haze, (150, 116, 122), 0.25), haze))
    rows = _plan_rows(stage)
    _draw_skyline(stage, rows[0].base - 30 * u, 0.14 * high)
    fly(stage, 0.17 * high, 0.12, 4)
    _draw_wood(stage, rows[0].base - 26 * u, 40)
    share = 1 / sum(len(row.houses) for row in rows)
    for number, row in enumerate(rows):
        canvas.reserved = [box for later in rows[number + 1 :] for box in later.boxes(u)]
        ledges = _draw_row(stage, row, number)
        fill_ledges(stage, ledges, 0.52 * share * len(row.houses), 0 if row.terrace else 3)
        if row.terrace:
            _draw_terrace(stage, row, ledges, 1 / (len(rows) - 1))
    street = rows[-1].base
    draw_paving(stage, street, (150, 142, 146))
    _draw_street(stage, ledges, street)
    finish(canvas, stage.mood, rng, stage.lights)


def _plan_rows(stage: Stage) -> list[_Row]:
    """Rows of houses from the hill to the street; few roofs reach up to the terrace before."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    count = int(rng.choice(_NUMBERS, p=_CHANCES))
    street = float(rng.uniform(0.79, 0.83)) * canvas.height
    bases = np.linspace(float(rng.uniform(*_FIRST[count])) * canvas.height, street, count)
    bases[1:-1] += rng.uniform(-0.012, 0.012, count - 2) * canvas.height
    squares = {0} if rng.random() < 0.6 else set[int]()
    squares |= {int(rng.integers(1, count))} if rng.random() < 0.8 or not squares else set()
    rows: list[_Row] = []
    for number, (base, scale) in enumerate(zip(bases, _SCALES[count], strict=True)):
        before = rows[-1] if rows else None
        low = before.base + before.terrace + 4 * u if before else base - 150 * scale * u
        terrace = _TERRACE * scale * u if number < count - 1 else 0
        square = None
        if number in squares:
            left = float(rng.uniform(0.12, 0.78)) * canvas.width
            square = left, left + float(rng.uniform(66, 96)) * scale * u
        houses, gaps = _plan_houses(stage, float(base), scale, float(base - low), square)
        rows.append(_Row(float(base), scale, terrace, houses, gaps, square))
    return rows


def _plan_houses(
    stage: Stage, base: float, scale: float, most: float, square: tuple[float, float] | None
) -> tuple[list[House], list[tuple[float, float]]]:
    """Houses side by side, most of them lower than so *much*, with gaps and a square."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit * scale
    houses, gaps, x = list[House](), list[tuple[float, float]](), float(rng.uniform(-60, -10)) * u
    while x < canvas.width:
        wide = float(rng.uniform(60, 116)) * u
        if square and x < square[0] < x + wide + 40 * u:
            wide = square[0] - x
        if wide >= 56 * u:
            house = _plan_house(stage, (x, x + wide, base), u, most)
            houses.append(house)
        else:
            gaps.append((x, x + wide))
        x += wide
        if square and abs(x - square[0]) < 1:
            x = square[1]
        elif rng.random() < 0.14:
            gap = float(rng.uniform(20, 36)) * u
            if not square or not x - 40 * u < square[0] < x + gap + 60 * u:
                gaps.append((x, x + gap))
                x += gap
    return houses, gaps


def _plan_house(stage: Stage, sides: tuple[float, float, float], u: float, most: float) -> House:
    """A house with 1 to 4 storeys between its sides, on its foot."""
    rng, (left, right, base) = stage.rng, sides
    if rng.random() < 0.25:
        most += 40 * u  # a few are taller
    storey, peak = float(rng.uniform(29, 38)) * u, float(rng.uniform(20, 40)) * u
    ground = _GROUND * u
    room = int((most - ground - peak - 14 * u) / storey)
    upper = int(np.clip(rng.integers(room - 1, room + 1) if room > 1 else room, 0, 3))
    peak = float(np.clip(peak, 16 * u, max(16 * u, most - ground - upper * storey - 14 * u)))
    return House(
        *(left, right, base - ground - upper * storey, base),
        stage.mood.dim(WALLS[int(rng.integers(len(WALLS)))]),
        stage.mood.dim(ROOFS[int(rng.integers(len(ROOFS)))]),
        ground,
        upper,
        bool(rng.random() < 0.6),
        peak,
    )


def _draw_row(stage: Stage, row: _Row, number: int) -> Ledges:
    """The houses of a row, and what stands in its gaps."""
    canvas, rng, ledges = stage.canvas, stage.rng, Ledges()
    with canvas.further(row.scale):
        for left, right in row.gaps:
            _draw_gap(stage, left, right, row.base)
        if row.square:
            draw = (_draw_church, _draw_clock_tower)[int(rng.integers(2))] if not number else None
            draw = draw or (_draw_steps, _draw_oak)[int(rng.integers(2))]
            draw(stage, *row.square, row.base)
        for house in row.houses:
            draw_house(stage, house, ledges)
    return ledges


def _draw_gap(stage: Stage, left: float, right: float, base: float) -> None:
    """A fence with a tree behind it."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    tree, ink = (TREE, FIR, POPLAR)[int(rng.integers(3))], _TREES[int(rng.integers(3))]
    size = float(rng.uniform(50, 74)) * u
    stage.large(tree, (left + right) / 2, base - 3 * u, size, ink, light=stage.mood.light)
    wood = stage.mood.dim((132, 112, 100))
    canvas.rectangle(left, base - 11 * u, right, base - 9 * u, wood)
    canvas.rectangle(left, base - 6 * u, right, base - 4 * u, wood)
    for x in np.arange(left + u, right, 5 * u):
        canvas.rectangle(float(x), base - 14 * u, float(x) + 2.4 * u, base, shade(wood, -0.12))


def _draw_oak(stage: Stage, left: float, right: float, base: float) -> None:
    """A small square with a large tree and a bench around it."""
    canvas, rng, u, middle = stage.canvas, stage.rng, stage.canvas.unit, (left + right) / 2
    ground = stage.mood.dim((150, 142, 146))
    canvas.rectangle(left, base - 16 * u, right, base, ground)
    canvas.rectangle(left, base - 16 * u, right, base - 14 * u, shade(ground, -0.25))
    canvas.shade_ground(middle, base - 5 * u, 70 * u, 16 * u, 0.5)
    ink = _TREES[int(rng.integers(3))]
    stage.large(
        TREE, middle, base - 5 * u, float(rng.uniform(76, 92)) * u, ink, light=stage.mood.light
    )
    for x in (middle - 22 * u, middle + 22 * u):
        stage.prop(BENCH, x, base - u, 24)


def _draw_steps(stage: Stage, left: float, right: float, base: float) -> None:
    """A lane of steps up the hill, with a lamp."""
    canvas, u, middle = stage.canvas, stage.canvas.unit, (left + right) / 2
    stone, count = stage.mood.dim((168, 156, 150)), 12
    wall = stage.mood.dim((124, 116, 118))
    for share in np.linspace(1, 0, count + 1)[:-1]:  # 1 is the topmost
        half = ((right - left) / 2 - 8 * u) * (1 - 0.5 * share)
        y = base - 78 * u * share**0.86
        canvas.rectangle(middle - half - 7 * u, y - 5 * u, middle + half + 7 * u, base, wall)
        canvas.rectangle(middle - half, y, middle + half, base, stone)
        canvas.rectangle(middle - half, y, middle + half, y + 1.6 * u, shade(stone, -0.3))
        canvas.rectangle(middle - half, y + 4.4 * u, middle + half, y + 6 * u, shade(stone, 0.3))
        stone = shade(stone, -0.02)
    canvas.shade_ground(middle, base - 20 * u, 0.8 * (right - left), 50 * u, 0.3, ink=GLOW)
    _stand_lamp(stage, left + 10 * u, base, 56)


def _draw_church(stage: Stage, left: float, right: float, base: float) -> None:
    """A nave and a tower with a spire."""
    canvas, u = stage.canvas, stage.canvas.unit
    wall, roof = stage.mood.dim((206, 196, 184)), stage.mood.dim((150, 96, 84))
    tower = left + 0.42 * (right - left)
    top, eaves = base - 96 * u, base - 46 * u
    canvas.rectangle(tower - 2 * u, eaves, right, base, wall)
    slope = [[tower, eaves], [tower, eaves - 24 * u], [right - 12 * u, eaves - 24 * u]]
    canvas.area(np.array([*slope, [right + 3 * u, eaves]]), roof)
    for x in np.linspace(tower + 12 * u, right - 12 * u, 3):
        _draw_arch(stage, float(x), base - 12 * u, 7 * u, 24 * u)
    _draw_tower(stage, (left, tower, top, base), wall, roof)
    _draw_arch(stage, (left + tower) / 2, base, 12 * u, 24 * u)


def _draw_clock_tower(stage: Stage, left: float, right: float, base: float) -> None:
    """A tower with a clock above a gate, and low walls beside it."""
    canvas, u, middle = stage.canvas, stage.canvas.unit, (left + right) / 2
    wall, roof = stage.mood.dim((188, 164, 146)), stage.mood.dim((124, 84, 80))
    canvas.rectangle(left, base - 34 * u, right, base, shade(wall, 0.12))
    canvas.rectangle(left, base - 36 * u, right, base - 32 * u, shade(wall, -0.2))
    half = 17 * u
    _draw_tower(stage, (middle - half, middle + half, base - 104 * u, base), wall, roof)
    _draw_arch(stage, middle, base, 18 * u, 32 * u)


def _draw_tower(
    stage: Stage, sides: tuple[float, float, float, float], wall: Rgb, roof: Rgb
) -> None:
    canvas, u, (left, right, top, base) = stage.canvas, stage.canvas.unit, sides
    middle = (left + right) / 2
    canvas.rectangle(left, top, right, base, wall)
    canvas.rectangle(right - 5 * u, top, right, base, shade(wall, 0.16))
    for y in (top, top + 34 * u):
        canvas.rectangle(left - 2 * u, y, right + 2 * u, y + 3 * u, shade(wall, -0.25))
    spire = [[left - 3 * u, top], [middle, top - 44 * u], [right + 3 * u, top]]
    canvas.area(np.array(spire), roof)
    canvas.area(np.array([spire[1], spire[2], [middle + 3 * u, top]]), shade(roof, 0.25))
    canvas.glow(middle, top + 18 * u, 22 * u, GLOW, 0.4)
    canvas.dot(middle, top + 18 * u, 11 * u, shade(wall, 0.4))
    canvas.dot(middle, top + 18 * u, 9.4 * u, (250, 232, 190))
    hand = np.array([[-0.7, 1], [-0.7, -7], [0.7, -7], [0.7, 1]]) * u
    at, turn = np.array([middle, top + 18 * u]), float(stage.rng.uniform(0, 6.3))
    for angle, long in ((12 * turn, 1.0), (turn, 0.66)):
        cos, sin = np.cos(angle), np.sin(angle)
        pointed = hand * (1.2, long) @ np.array([[cos, sin], [-sin, cos]])
        canvas.area(pointed + at, (62, 54, 70))


def _draw_arch(stage: Stage, x: float, base: float, wide: float, high: float) -> None:
    """A lit window or gate with a round top."""
    r = wide / 2
    path = (
        f"M {x - r} {base} V {base - high + r} A {r} {r} 0 0 1 {x + r} {base - high + r} V {base} Z"
    )
    stage.canvas.area(path, _LIT)


def _draw_terrace(stage: Stage, row: _Row, ledges: Ledges, share: float) -> None:
    """The ground before a row, the slope below it, lamps, and who is there."""
    canvas, base, low = stage.canvas, row.base, row.base + row.terrace
    ground: Rgb = (150, 150, 174) if stage.mood.weather == "snow" else (84, 80, 100)
    with canvas.further(row.scale):
        u = canvas.unit
        canvas.gradient(base, low, (shade(ground, -0.12), ground))
        canvas.rectangle(0, base, canvas.width, base + 1.4 * u, shade(ground, -0.3))
        for x in np.arange(0, canvas.width, 11 * u):
            canvas.rectangle(float(x), base + 1.4 * u, float(x) + 0.7 * u, low, shade(ground, 0.14))
        _draw_wood(stage, low, 60)
        canvas.rectangle(0, low, canvas.width, low + 3 * u, (118, 112, 130))
        canvas.rectangle(0, low + 3 * u, canvas.width, low + 6 * u, (46, 48, 68))
    _light_panes(stage, ledges, 0.5 * row.terrace)
    u = canvas.unit
    lamps = _space(stage, int(stage.rng.integers(3, 5)))
    for x in lamps:
        _light_ground(stage, x, base + 5 * u, 74 * row.scale)
    for x in lamps:
        _stand_lamp(stage, x, base + 4 * u, 64 * row.scale)
    crowd = attrs.evolve(
        _ON_TERRACE,
        named=_ON_TERRACE.named * share,
        people=_ON_TERRACE.people * share,
        extras=_ON_TERRACE.extras * share,
        size=_ON_TERRACE.size * row.scale,
    )
    crowd.draw(stage, base + 7 * u, low - u)


def _draw_wood(stage: Stage, top: float, number: int) -> None:
    """A wooded slope from a height down, to the roofs that will stand before it."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    canvas.gradient(top, canvas.height, ((62, 74, 84), (34, 42, 62), (34, 42, 62)))
    snow = 0.4 if stage.mood.weather == "snow" else 0
    for foot in np.sort(rng.uniform(26, 92, number)):
        x, tall = float(rng.uniform(0, canvas.width)), min(float(rng.uniform(24, 46)), foot - 4) * u
        y, ink = top + foot * u, mix(_WOODS[int(rng.integers(3))], (40, 48, 66), 0.5 - foot / 300)
        ink = mix(ink, (150, 154, 184), snow)
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


def _draw_skyline(stage: Stage, base: float, top: float) -> None:
    """Far towers, darker than the sky behind them, and their lights."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    most = (base - top) / u
    for distance, tallest in ((0.32, 1.0), (0.6, 0.7)):
        x, ink = float(rng.uniform(-30, 0)) * u, mix(stage.mood.haze, (16, 18, 40), distance)
        while x < canvas.width:
            wide = float(rng.uniform(18, 52)) * u
            tall = float(rng.uniform(0.3, 1)) * tallest * most * u
            canvas.rectangle(x, base - tall, x + wide, base + 90 * u, ink)
            if rng.random() < 0.3:
                tip = [x + wide / 2, base - tall - min(0.8 * wide, 16 * u)]
                canvas.area(np.array([[x, base - tall], tip, [x + wide, base - tall]]), ink)
            for _ in range(int(tall * wide / (150 * u * u))):
                across = int(rng.uniform(1, wide / (4 * u) - 1)) * 4 * u
                down = int(rng.uniform(1, tall / (5 * u))) * 5 * u
                left, up = x + across, base - tall + down
                lamp = mix((232, 192, 120), ink, 0.1 if distance > 0.5 else 0.4)
                canvas.rectangle(left, up, left + 1.6 * u, up + 2.4 * u, lamp)
            x += wide + float(rng.uniform(0, 20)) * u


def _draw_street(stage: Stage, ledges: Ledges, street: float) -> None:
    """Light on the paving, lamps, what stands before the houses, and who is about."""
    canvas, u = stage.canvas, stage.canvas.unit
    _light_panes(stage, ledges, 22 * u)
    lamps = [(x, street + 7 * u, 58.0) for x in _space(stage, 5)]
    near = [(x, canvas.height - 4 * u, 116.0) for x in _space(stage, 2)]
    for x, y, size in (*lamps, *near):
        _light_ground(stage, x, y, 1.5 * size)
    for x, y, size in lamps:
        _stand_lamp(stage, x, y, size)
    _furnish(stage, ledges, street)
    canvas.reserved = [(x - 17 * u, y - size * u, x + 17 * u, y) for x, y, size in near]
    _ON_STREET.draw(stage, street + 9 * u, canvas.height - 3 * u)
    canvas.reserved = []
    for x, y, size in near:
        _stand_lamp(stage, x, y, size)


def _furnish(stage: Stage, ledges: Ledges, street: float) -> None:
    """Pots beside doors, crates beside shops, and benches with people before houses."""
    rng, u = stage.rng, stage.canvas.unit
    for x, _ in ledges.doors:
        for side in (-13, 13):
            if rng.random() < 0.4 * stage.density:
                stage.prop(POT, x + side * u, street + 2 * u, float(rng.uniform(12, 16)))
    for index in rng.permutation(len(ledges.panes))[: stage.scaled(4)]:
        left, right, _ = ledges.panes[index]
        x = float(rng.choice((left, right)))
        for across, up in ((-7, 0), (8, 0), (0, 12)):
            kind = (CRATE, CARTON)[int(rng.integers(2))]
            stage.prop(kind, x + across * u, street + (4 - up) * u, 15, tilt=0)
    for x in rng.permutation([house[0] for house in ledges.doors])[:3]:
        at, seat = float(x) + 34 * u, street + 1 * u
        if stage.prop(BENCH, at, street + 8 * u, 31, tilt=0):
            for side in (-7, 7):
                if rng.random() < 0.7:
                    stage.prop(sample_person(rng, "seated"), at + side * u, seat, 24)


def _space(stage: Stage, count: int) -> list[float]:
    """Places at even distances across the picture."""
    start = float(stage.rng.uniform(0.2, 0.8))
    return [(number + start) / count * stage.canvas.width for number in range(count)]


def _stand_lamp(stage: Stage, x: float, y: float, size: float) -> None:
    u = stage.canvas.unit
    if stage.prop(POST, x, y, size, tilt=0, lit=True):
        stage.lights.append((x, y - 0.84 * size * u, 0.55 * size * u))


def _light_ground(stage: Stage, x: float, y: float, wide: float) -> None:
    """Warm light about the foot of a lamp; on wet ground its image, too."""
    canvas, u = stage.canvas, stage.canvas.unit
    canvas.shade_ground(x, y, wide * u, 0.34 * wide * u, 0.6, ink=GLOW)
    if stage.mood.weather == "rain":
        canvas.shade_ground(x, y + 0.3 * wide * u, 0.12 * wide * u, 0.7 * wide * u, 0.6, ink=GLOW)


def _light_panes(stage: Stage, ledges: Ledges, deep: float) -> None:
    """Light from shop windows on the ground before them."""
    canvas, u = stage.canvas, stage.canvas.unit
    for left, right, base in ledges.panes:
        middle, wide = (left + right) / 2, right - left
        canvas.shade_ground(middle, base + 0.6 * deep, 1.3 * wide, 1.4 * deep, 0.55, ink=GLOW)
        if stage.mood.weather == "rain":
            for x in np.arange(left + 6 * u, right, 12 * u):
                canvas.shade_ground(float(x), base + deep, 5 * u, 2 * deep, 0.5, ink=GLOW)
