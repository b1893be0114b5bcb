"""A town at night: rows of houses up a hill, lit windows, street lamps, a moon."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs
import numpy as np

from ..palette import Light, Rgb, mix
from .canvas import shade
from .crowds import Crowd, fill_ledges, fly
from .extras import (
    BARREL,
    BENCH,
    BUST,
    CARTON,
    CRATE,
    FIR,
    POPLAR,
    POST,
    POT,
    TREE,
    sample_muted,
    sample_person,
)
from .ground import draw_paving
from .houses import ROOFS, SNOW, WALLS, House, Ledges, draw_awning, draw_house
from .stage import Stage
from .weather import GLOW, Mood, draw_sky, finish

_Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom
# From above to the horizon, and in the shade.
_NIGHTS: tuple[tuple[tuple[Rgb, Rgb, Rgb], Rgb], ...] = (
    (((22, 28, 62), (38, 48, 92), (84, 84, 126)), (34, 38, 82)),
    (((12, 34, 54), (24, 62, 82), (84, 120, 124)), (20, 50, 76)),
    (((28, 28, 66), (78, 58, 104), (190, 110, 106)), (56, 38, 86)),
    (((30, 38, 76), (92, 80, 108), (224, 156, 100)), (56, 46, 84)),
    (((18, 34, 78), (40, 72, 124), (116, 146, 174)), (26, 44, 96)),
    (((14, 14, 40), (36, 28, 72), (86, 64, 116)), (40, 32, 78)),
)
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
    "on a terrace", named=0.24, people=46, extras=22, kinds=(BARREL, POT, POT), size=36
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
class _Night(Mood):
    """A night in one of several colours."""

    _inks: tuple[Rgb, Rgb, Rgb]
    _shade: Rgb

    @property
    def sky(self) -> tuple[Rgb, ...]:
        """Colours of the sky, from above."""
        grey = mix(self._shade, (116, 118, 136), 0.34)
        share = {"cloudy": 0.25, "rain": 0.6, "mist": 0.5, "snow": 0.5}.get(self.weather, 0)
        return tuple(mix(ink, grey, share) for ink in self._inks)

    def dim(self, ink: Rgb) -> Rgb:
        """The colour of what is not asked for, in the shade of this night."""
        return mix(ink, self._shade, 0.42)

    @property
    def light(self) -> Light:
        """The light on what is drawn without a colour asked for."""
        red, green, blue = self._shade
        return 0.5 + 0.0034 * red, 0.53 + 0.0028 * green, 0.64 + 0.0019 * blue


@attrs.frozen
class _Row:
    """A row of houses: its foot, size, room before it, and gaps for what else is there."""

    base: float
    rise: float  # up to the terrace above
    scale: float
    terrace: float
    houses: list[House]
    gaps: list[tuple[float, float]]  # left and right
    square: tuple[float, float] | None

    def boxes(self, unit: float) -> list[_Box]:
        """All that is covered by the houses, with their chimneys, and by what is between them."""
        high = 94 * unit * self.scale
        between = [(left, self.base - high, right, self.base) for left, right in self.gaps]
        if self.square:
            left, right = self.square
            between.append((left, self.base - max(high, self.rise), right, self.base))
        return [*(house.box for house in self.houses), *between]


def draw_night(stage: Stage) -> None:
    """Draw it from the moon to the street in front."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    high = canvas.height
    stage.mood = _Night("night", stage.mood.weather, *_NIGHTS[int(rng.integers(len(_NIGHTS)))])
    moon = draw_sky(canvas, stage.mood, rng, 0.25 * high)
    haze = stage.mood.haze
    canvas.gradient(0.25 * high, high, (haze, mix(haze, (150, 116, 122), 0.25), haze))
    rows = _plan_rows(stage)
    _draw_skyline(stage, rows[0].base - 30 * u, 0.14 * high)
    if stage.mood.weather == "clear":
        canvas.reserved = [(moon - 30 * u, 0, moon + 30 * u, 0.2 * high)]
    fly(stage, 0.17 * high, 0.12, 4)
    _draw_wood(stage, rows[0].base - 26 * u, 40)
    share = 1 / sum(len(row.houses) for row in rows)
    for number, row in enumerate(rows):
        canvas.reserved = [box for later in rows[number + 1 :] for box in later.boxes(u)]
        ledges = _draw_row(stage, row, number)
        fill_ledges(stage, ledges, 0.52 * share * len(row.houses), 0 if row.terrace else 3)
        if row.terrace:
            _draw_terrace(stage, row, ledges, 1 / (len(rows) - 1), rows[number + 1].rise)
    street = rows[-1].base
    draw_paving(stage, street, (150, 142, 146))
    _draw_street(stage, ledges, street)
    finish(canvas, stage.mood, rng, stage.lights)


def _plan_rows(stage: Stage) -> list[_Row]:
    """Rows of houses from the hill to the street; few roofs reach up to the terrace before."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    count = int(rng.choice(_NUMBERS, p=_CHANCES))
    street = float(rng.uniform(0.76, 0.84)) * canvas.height
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
        rows.append(_Row(float(base), float(base - low), scale, terrace, houses, gaps, square))
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
            kind = int(rng.integers(2))
            if number and kind:
                _draw_steps(stage, *row.square, row.base, row.rise)
            else:
                draw = _draw_oak if number else (_draw_church, _draw_clock_tower)[kind]
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
    ground, wall = stage.mood.dim((150, 142, 146)), stage.mood.dim((118, 108, 112))
    canvas.rectangle(left, base - 46 * u, right, base - 16 * u, wall)
    for number, y in enumerate(np.arange(base - 40 * u, base - 18 * u, 7 * u)):
        canvas.rectangle(left, y, right, y + 0.7 * u, shade(wall, 0.2))
        for x in np.arange(left + (1 + number % 2) * 8 * u, right, 16 * u):
            canvas.rectangle(x, y, x + 0.7 * u, min(y + 7 * u, base - 16 * u), shade(wall, 0.2))
    canvas.rectangle(left, base - 49 * u, right, base - 45 * u, _cap(stage, wall))
    canvas.rectangle(left, base - 16 * u, right, base, ground)
    canvas.rectangle(left, base - 16 * u, right, base - 14 * u, shade(ground, -0.25))
    canvas.shade_ground(middle, base - 5 * u, 70 * u, 16 * u, 0.5)
    ink = _TREES[int(rng.integers(3))]
    stage.large(
        TREE, middle, base - 5 * u, float(rng.uniform(76, 92)) * u, ink, light=stage.mood.light
    )
    for x in (middle - 22 * u, middle + 22 * u):
        stage.prop(BENCH, x, base - u, 24)


def _cap(stage: Stage, ink: Rgb) -> Rgb:
    """The colour of what is on top of something: lighter, or snow."""
    return stage.mood.dim(SNOW) if stage.mood.weather == "snow" else shade(ink, -0.3)


def _draw_steps(stage: Stage, left: float, right: float, base: float, rise: float) -> None:
    """A lane of steps up to the terrace above, with a lamp and who goes there."""
    canvas, u, middle = stage.canvas, stage.canvas.unit, (left + right) / 2
    stone, count = stage.mood.dim((168, 156, 150)), max(10, round(rise / (6.5 * u)))
    wall, edge = stage.mood.dim((124, 116, 118)), _cap(stage, stone)
    thick = 2.6 if stage.mood.weather == "snow" else 1.6
    for share in np.linspace(1, 0, count + 1)[:-1]:  # 1 is the topmost
        half = ((right - left) / 2 - 8 * u) * (1 - 0.5 * share)
        y = base - rise * share**0.86
        canvas.rectangle(middle - half - 7 * u, y - 3 * u, middle + half + 7 * u, base, wall)
        canvas.rectangle(middle - half, y, middle + half, base, stone)
        canvas.rectangle(middle - half, y, middle + half, y + thick * u, edge)
        canvas.rectangle(middle - half, y + 4.4 * u, middle + half, y + 6 * u, shade(stone, 0.3))
        stone = shade(stone, -0.02)
    canvas.shade_ground(middle, base - 20 * u, 0.8 * (right - left), 50 * u, 0.3, ink=GLOW)
    for share in np.sort(stage.rng.uniform(0.1, 0.8, 2))[::-1]:
        foot = base - rise * share**0.86 + 4 * u
        across = float(stage.rng.uniform(-0.3, 0.3)) * (right - left) * (1 - 0.5 * share)
        person = sample_person(stage.rng)
        stage.prop(person, middle + across, foot, 31 - 10 * float(share))
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


def _draw_terrace(stage: Stage, row: _Row, ledges: Ledges, share: float, deep: float) -> None:
    """The ground before a row, the slope below it and how *deep* it is, lamps, and who is there."""
    canvas, base, low = stage.canvas, row.base, row.base + row.terrace
    ground = stage.mood.dim((208, 206, 212) if stage.mood.weather == "snow" else (122, 112, 114))
    with canvas.further(row.scale):
        u = canvas.unit
        canvas.gradient(base, low, (shade(ground, -0.12), ground))
        canvas.rectangle(0, base, canvas.width, base + 1.4 * u, shade(ground, -0.3))
        for x in np.arange(0, canvas.width, 11 * u):
            canvas.rectangle(float(x), base + 1.4 * u, float(x) + 0.7 * u, low, shade(ground, 0.14))
        _draw_wood(stage, low, 60, deep / u)
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


def _draw_wood(stage: Stage, top: float, number: int, deep: float = 0) -> None:
    """A wooded slope from a height down, to the roofs or the ground that will be before it."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    deep = max(92.0, deep)
    number = round(number * (0.5 + 0.5 * deep / 92))
    canvas.gradient(top, canvas.height, ((62, 74, 84), (34, 42, 62), (34, 42, 62)))
    snow = 0.4 if stage.mood.weather == "snow" else 0
    for foot in np.sort(rng.uniform(26, deep, number)):
        x, tall = float(rng.uniform(0, canvas.width)), min(float(rng.uniform(24, 46)), foot - 4) * u
        y, ink = (
            top + foot * u,
            mix(_WOODS[int(rng.integers(3))], (40, 48, 66), 0.5 - 0.3 * foot / deep),
        )
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
    count = int(stage.rng.integers(1, 4))
    near = [(x, canvas.height - 4 * u, 116.0) for x in _space(stage, count)]
    for x, y, size in (*lamps, *near):
        _light_ground(stage, x, y, 1.5 * size)
    for x, y, size in lamps:
        _stand_lamp(stage, x, y, size)
    _furnish(stage, ledges, street)
    _put_centre(stage, street + 13 * u)
    canvas.reserved = [(x - 17 * u, y - size * u, x + 17 * u, y) for x, y, size in near]
    _ON_STREET.draw(stage, street + 9 * u, canvas.height - 3 * u)
    canvas.reserved = []
    for x, y, size in near:
        _stand_lamp(stage, x, y, size)


def _put_centre(stage: Stage, base: float) -> None:
    """A monument, a column with posters, a kiosk or a tree with lights, where it hides little."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    draw = _CENTRES[int(rng.integers(len(_CENTRES)))]
    for share in rng.uniform(0.12, 0.88, 8):
        x = float(share) * canvas.width
        if draw and canvas.has_place(x, base, 104 * u, 56 * u):
            canvas.shade_ground(x + 2 * u, base, 66 * u, 12 * u, 0.55)
            draw(stage, x, base)
            break


def _draw_monument(stage: Stage, x: float, base: float) -> None:
    """Somebody's bust on a high foot."""
    canvas, u, stone = stage.canvas, stage.canvas.unit, stage.mood.dim((138, 136, 134))
    for half, low, high in ((27, 0, 5), (21, 5, 10), (13, 10, 46), (16, 46, 51)):
        left, right = x - half * u, x + half * u
        canvas.rectangle(left, base - high * u, right, base - low * u, stone)
        canvas.rectangle(
            right - 0.5 * half * u, base - high * u, right, base - low * u, shade(stone, 0.2)
        )
        canvas.rectangle(left, base - high * u, right, base - (high - 1.4) * u, shade(stone, -0.3))
    canvas.rectangle(x - 8 * u, base - 38 * u, x + 8 * u, base - 28 * u, shade(stone, 0.4))
    canvas.draw(BUST, 50 * u, stone, (x, base - 50 * u), light=stage.mood.light)


def _draw_column(stage: Stage, x: float, base: float) -> None:
    """A round column with posters."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    body, roof = stage.mood.dim((214, 202, 176)), stage.mood.dim((86, 112, 100))
    canvas.rectangle(x - 18 * u, base - 8 * u, x + 18 * u, base, roof)
    canvas.rectangle(x - 16 * u, base - 66 * u, x + 16 * u, base - 8 * u, body)
    for left, top, right, low in (
        (-14, 63, -2, 44),
        (0, 60, 9, 38),
        (-13, 40, -3, 14),
        (-1, 35, 10, 12),
    ):
        ink = stage.mood.dim(sample_muted(rng))
        box = x + left * u, base - top * u, x + right * u, base - low * u
        canvas.rectangle(*box, shade(ink, -0.2))
        canvas.rectangle(
            box[0] + 2 * u, box[1] + 3 * u, box[2] - 2 * u, box[1] + 9 * u, shade(ink, 0.3)
        )
        for y in np.arange(box[1] + 11 * u, box[3] - 2 * u, 3 * u):
            canvas.rectangle(box[0] + 2 * u, y, box[2] - 2 * u, y + u, shade(ink, 0.2))
    canvas.rectangle(x + 10 * u, base - 66 * u, x + 16 * u, base - 8 * u, shade(body, 0.3))
    canvas.rectangle(x - 21 * u, base - 72 * u, x + 21 * u, base - 66 * u, roof)
    turns = np.linspace(0, np.pi, 24)
    dome = np.stack([18 * np.cos(turns), -72 - 13 * np.sin(turns)], 1) * u + np.array([x, base])
    canvas.area(dome, _cap(stage, shade(roof, 0.2)))
    canvas.dot(x, base - 87 * u, 2.6 * u, roof)


def _draw_kiosk(stage: Stage, x: float, base: float) -> None:
    """A small shop with an awning, lit from within."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    wood = stage.mood.dim(WALLS[int(rng.integers(len(WALLS)))])
    canvas.glow(x, base - 34 * u, 52 * u, GLOW, 0.4)
    canvas.rectangle(x - 27 * u, base - 60 * u, x + 27 * u, base, shade(wood, 0.3))
    canvas.rectangle(x - 22 * u, base - 44 * u, x + 22 * u, base - 22 * u, _LIT)
    for number, left in enumerate(np.arange(-20, 18, 6)):
        tall = (9, 6, 12, 7)[number % 4]
        ink = shade(stage.mood.dim(sample_muted(rng)), 0.1)
        canvas.rectangle(
            x + left * u, base - (22 + tall) * u, x + (left + 4.4) * u, base - 22 * u, ink
        )
    canvas.rectangle(x - 29 * u, base - 22 * u, x + 29 * u, base - 19 * u, shade(wood, -0.3))
    for left in np.arange(-27, 27, 6):
        canvas.rectangle(x + left * u, base - 19 * u, x + (left + 0.8) * u, base, shade(wood, 0.5))
    draw_awning(stage, x - 29 * u, x + 29 * u, base - 58 * u)
    slope = np.array([[-31, -58], [-20, -70], [20, -70], [31, -58]]) * u + np.array([x, base])
    roof = stage.mood.dim(ROOFS[int(rng.integers(len(ROOFS)))])
    canvas.area(slope, roof)
    canvas.rectangle(x - 21 * u, base - 72 * u, x + 21 * u, base - 69 * u, _cap(stage, roof))


def _draw_lit_tree(stage: Stage, x: float, base: float) -> None:
    """A fir with lights on it."""
    canvas, u = stage.canvas, stage.canvas.unit
    canvas.draw(FIR, 104 * u, _TREES[2], (x, base), light=stage.mood.light)
    canvas.glow(x, base - 56 * u, 60 * u, GLOW, 0.3)
    for down in np.arange(14, 88, 9):
        half = 0.36 * down - 6 * (down > 36) - 5 * (down > 62)
        for part in np.linspace(-1, 1, 2 + int(down // 18)):
            y = base - (104 - down - 3 * part * part) * u
            canvas.dot(x + 0.9 * part * half * u, y, 1.5 * u, (255, 224, 150))


_CENTRES: tuple[Callable[[Stage, float, float], None] | None, ...] = (
    *(_draw_monument, _draw_column, _draw_column, _draw_kiosk, _draw_lit_tree, None),
)


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
