"""A park: trees, a pond, a path, benches, blankets on the grass, and people."""

from __future__ import annotations

import attrs
import numpy as np
import PIL.Image

from ..coverage import Edges, cover_levels
from ..palette import Rgb, mix
from ..paths import Points, flatten, turned
from .canvas import shade
from .crowds import fly
from .extras import (
    BENCH,
    BIRCH,
    BUSH,
    FIR,
    MUTED,
    POPLAR,
    POST,
    STONE,
    TREE,
    UNLIT_POST,
    draw_extra,
    sample_height,
    sample_person,
)
from .stage import ON_WATER, Stage
from .surfaces import Panel
from .water import draw_ripple
from .weather import GLOW, Weather, draw_sky, finish

ABSENT = frozenset({"leaf", "tulip", "mushroom"})
_GREENS: tuple[Rgb, ...] = ((112, 134, 92), (128, 146, 98), (96, 122, 96), (140, 150, 104))
_LEVELS = 8  # sizes of tufts of grass
_TREES = (TREE, TREE, FIR, BIRCH, POPLAR)
_AUTUMN: tuple[Rgb, ...] = ((198, 160, 92), (184, 122, 82), (162, 152, 94), (204, 142, 88))
_GRASS: Rgb = (150, 172, 112)
_DRY: dict[Weather, Weather] = {"rain": "cloudy", "snow": "clear"}  # a day to be outside
_SEATS = ((-0.3, 0.05), (0.28, 0.1), (0.02, 0.36))  # of people on a blanket
_SPREAD = ((0.0, -0.16), (-0.08, 0.12), (0.36, -0.26))  # of things on it


def draw_park(stage: Stage) -> None:
    """Draw it from the sky to what is nearest."""
    mood = stage.mood
    stage.mood = attrs.evolve(mood, weather=_DRY.get(mood.weather, mood.weather))
    canvas, rng = stage.canvas, stage.rng
    high = canvas.height
    horizon = float(rng.uniform(0.24, 0.3)) * high
    leaves = _AUTUMN if rng.random() < 0.3 else _GREENS
    draw_sky(canvas, stage.mood, rng, horizon)
    beyond = (None, _draw_hills, _draw_town)[int(rng.integers(3))]
    if beyond:
        beyond(stage, horizon)
    fly(stage, 0.8 * horizon, 0.16, 8)
    _draw_tree_line(stage, horizon, leaves)
    evening = stage.mood.hour == "evening"
    grass = mix(_GRASS, (136, 152, 128), 0.6) if evening else _GRASS
    mist = 0.24 if evening else 0.4
    canvas.gradient(horizon, high, (mix(grass, stage.mood.haze, mist), grass, shade(grass, 0.14)))
    _draw_edge(stage, horizon, mix(grass, stage.mood.haze, 0.3))
    _draw_tufts(stage, horizon, grass)
    path = _draw_path(stage, horizon)
    pond = _plan_pond(stage, path, horizon)
    _draw_pond(stage, pond, grass)
    stand = _plan_bandstand(stage, pond, path, horizon) if rng.random() < 0.45 else []
    beds = _plan_beds(stage, [pond, *stand], path, horizon)
    for bed in beds:
        _draw_bed(stage, bed, grass)
    blankets = _plan_blankets(stage, [pond, *stand, *beds], path, horizon)
    for blanket in blankets:
        _draw_blanket(stage, blanket)
    seats, spots = (
        [blanket.point(*place) for blanket in blankets for place in places]
        for places in (_SEATS, _SPREAD)
    )
    lawn = _Lawn(horizon, pond, path, [*stand, *beds, *blankets], seats, spots, stand)
    _stand(stage, lawn, leaves)
    finish(canvas, stage.mood, rng)


def _draw_hills(stage: Stage, horizon: float) -> None:
    """Two rows of hills beyond the wood."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    x = np.linspace(0, canvas.width, 60)
    for distance, lift, ink in ((0.95, 72, (120, 136, 146)), (0.8, 50, (116, 136, 124))):
        turns = rng.uniform(0, 6.3, 3)
        wave = sum(np.sin(x / canvas.width * 5 * k + turns[k - 1]) / k for k in (1, 2, 3))
        y = horizon - lift * (0.7 + 0.22 * np.asarray(wave)) * u
        ends = np.array([[canvas.width, horizon], [0, horizon]])
        canvas.area(np.concatenate([np.stack([x, y], 1), ends]), stage.mood.far(ink, distance))


def _draw_town(stage: Stage, horizon: float) -> None:
    """Roofs and a spire beyond the wood."""
    canvas, rng, u, far = stage.canvas, stage.rng, stage.canvas.unit, stage.mood.far
    walls: tuple[Rgb, ...] = ((206, 186, 160), (186, 150, 132), (178, 182, 180), (196, 176, 166))
    roofs: tuple[Rgb, ...] = ((140, 96, 86), (112, 104, 112), (126, 108, 100))
    middle = float(rng.uniform(0.2, 0.8)) * canvas.width
    reach = float(rng.uniform(0.16, 0.3)) * canvas.width
    spire = middle + float(rng.uniform(-0.5, 0.5)) * reach
    stone, slate = far((190, 182, 172), 0.62), far((110, 118, 126), 0.62)
    canvas.rectangle(spire - 9 * u, horizon - 84 * u, spire + 9 * u, horizon, stone)
    canvas.rectangle(spire + 4 * u, horizon - 84 * u, spire + 9 * u, horizon, shade(stone, 0.12))
    tip = horizon - 126 * u
    roof = [[spire - 11 * u, tip + 42 * u], [spire, tip], [spire + 11 * u, tip + 42 * u]]
    canvas.area(np.array(roof), slate)
    canvas.dot(spire, horizon - 74 * u, 4 * u, shade(stone, -0.4))
    x = middle - reach
    while x < middle + reach:
        slope = 1 - 0.45 * abs(x - middle) / reach  # lower towards its ends
        wide, lift = float(rng.uniform(24, 44)) * u, float(rng.uniform(54, 78)) * slope * u
        wall, tiles = far(walls[int(rng.integers(4))], 0.6), far(roofs[int(rng.integers(3))], 0.6)
        top = horizon - lift
        canvas.rectangle(x, top, x + wide, horizon, wall)
        inset = float(rng.choice((0.5, 0.16))) * wide
        ridge = [[x - u, top], [x + inset, top - 15 * u], [x + wide - inset, top - 15 * u]]
        canvas.area(np.array([*ridge, [x + wide + u, top]]), tiles)
        lit = stage.mood.hour == "evening" and rng.random() < 0.5
        pane: Rgb = (250, 206, 140) if lit else shade(wall, 0.28)
        for left in np.arange(x + 4 * u, x + wide - 6 * u, 8 * u):
            canvas.rectangle(left, top + 5 * u, left + 3 * u, top + 10 * u, pane)
        x += wide


def _draw_tree_line(stage: Stage, horizon: float, leaves: tuple[Rgb, ...]) -> None:
    """A wood far away."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    for distance, size in ((0.8, 46), (0.5, 34)):
        for x in np.arange(-20 * u, canvas.width + 20 * u, 13 * u):
            ink = stage.mood.far(leaves[int(rng.integers(len(leaves)))], distance)
            radius = float(rng.uniform(0.3, 0.6)) * size * u
            y = horizon - float(rng.uniform(0, 0.5)) * size * u * (1.2 if distance > 0.6 else 0.5)
            canvas.dot(float(x), y, radius, shade(ink, float(rng.uniform(-0.05, 0.15))))


def _draw_edge(stage: Stage, horizon: float, grass: Rgb) -> None:
    """High grass and low shrubs where the lawn meets the wood."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    canvas.shade_ground(canvas.width / 2, horizon, 1.6 * canvas.width, 22 * u, 0.3)
    for x in np.arange(-4 * u, canvas.width + 4 * u, 2.2 * u):
        tall, lean = float(rng.uniform(1, 4)) * u, float(rng.uniform(-2, 2)) * u
        ink = shade(grass, float(rng.uniform(-0.08, 0.14)))
        blade = [
            [x - 3 * u, horizon + 2 * u],
            [x + lean, horizon - tall],
            [x + 3 * u, horizon + 2 * u],
        ]
        canvas.area(np.array(blade), ink)


def _draw_tufts(stage: Stage, horizon: float, grass: Rgb) -> None:
    """Blades of grass and small flowers, larger as they come nearer."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    tufts = [_tuft((2.4 + 5 * level / _LEVELS) * u) for level in range(_LEVELS)]
    inks = [shade(grass, share) for share in (0.2, 0.12, -0.2)]
    blooms: tuple[Rgb, ...] = ((236, 230, 210), (222, 206, 160), (206, 186, 196))
    for _ in range(1700):
        depth = float(rng.random()) ** 0.7
        x, y = float(rng.uniform(0, canvas.width)), horizon + depth * (canvas.height - horizon)
        if rng.random() < 0.22:
            canvas.dot(x, y, (0.45 + 1.1 * depth) * u, blooms[int(rng.integers(3))])
            continue
        mask = tufts[int(depth * _LEVELS)]
        canvas.stamp(inks[int(rng.integers(3))], (round(x), round(y) - mask.height), mask)


def _tuft(high: float) -> PIL.Image.Image:
    """Three blades of grass."""
    blades = (
        "M 50 100 Q 30 50 0 35 Q 40 40 62 100 Z M 56 100 Q 50 40 56 0 Q 66 40 70 100 Z "
        "M 66 100 Q 80 50 115 30 Q 90 60 80 100 Z"
    )
    edges = Edges.of([[turned(points) * high / 100 for points, _ in flatten(blades)]])
    wide = max(2, round(1.2 * high))
    return PIL.Image.fromarray(cover_levels(edges, 1, wide, max(2, round(high)))[0])


@attrs.frozen
class _Path:
    """The middle of a path and half its width, by height, in pixels."""

    heights: Points
    middles: Points
    halves: Points

    def middle(self, y: float) -> float:
        return float(np.interp(y, self.heights, self.middles))

    def half(self, y: float) -> float:
        return float(np.interp(y, self.heights, self.halves))

    def holds(self, x: float, y: float, margin: float = 0) -> bool:
        return abs(x - self.middle(y)) < self.half(y) + margin


@attrs.frozen
class _Lawn:
    """What is on the grass below the horizon, and who stands there so far."""

    horizon: float
    pond: Panel
    path: _Path
    blankets: list[Panel]  # and what else nobody stands on
    seats: list[tuple[float, float]]  # for people on blankets
    spots: list[tuple[float, float]]  # for things on them
    bandstands: list[Panel]
    feet: dict[str, list[tuple[float, float]]] = attrs.field(factory=dict)  # by kind

    def is_free(self, kind: str, x: float, y: float, unit: float) -> bool:
        """Whether something of a kind may stand there; *unit* is a thousandth at that depth."""
        if not self._is_apart(kind, x, y, unit):
            return False
        pond, half = self.pond, 0.6 * _HALVES.get(kind, 5) * unit
        across = (x - pond.x) / (0.56 * pond.width + half)
        down = (y - pond.y) / (0.58 * pond.height + 6 * unit)
        if across**2 + down**2 < 1:
            return False
        if any(
            abs(x - b.x) < 0.6 * b.width and abs(y - b.y) < 0.7 * b.height for b in self.blankets
        ):
            return False
        if kind == "tree" and any(
            abs(x - stand.x) < 0.5 * stand.width + 34 * unit and 0 < y - stand.y < 150 * unit
            for stand in self.bandstands
        ):
            return False
        return kind == "person" or not self.path.holds(x, y, _HALVES[kind] * unit)

    def _is_apart(self, kind: str, x: float, y: float, unit: float) -> bool:
        """Whether it is far enough from all others of its kind."""
        wide, deep = (share * unit for share in _APART.get(kind, (0, 0)))
        feet = self.feet.get(kind, ())
        return all(abs(x - other[0]) > wide or abs(y - other[1]) > deep for other in feet)

    def can_swim(self, x: float, y: float, unit: float) -> bool:
        """Whether something may swim there."""
        return self._is_apart("swimmer", x, y, unit)


_WHERE = {"thing": "on the grass", "picnic": "on a blanket"}
_HALVES = {"thing": 11, "sign": 20, "tree": 28, "bench": 27, "small": 16}  # of their widths
_APART = {"person": (14, 9), "tree": (64, 16), "bench": (64, 26), "swimmer": (36, 20)}


def _draw_path(stage: Stage, horizon: float) -> _Path:
    """A winding path of sand, as wide across its run wherever it leads."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    t = np.linspace(0, 1, 60)
    y = horizon + 3 * u + t**1.25 * (canvas.height - horizon + 30 * u)
    middle = float(rng.uniform(0.25, 0.75)) + 0.2 * np.sin(t * 5 + rng.uniform(0, 6.3)) * (0.12 + t)
    slope = np.gradient(middle * canvas.width, y) * 0.5  # the ground is seen at a low angle
    half = (3 + 58 * t) * u * np.minimum(np.hypot(1, slope), 1.7)
    sand: Rgb = (214, 196, 158)
    for wider, ink in ((2 + 4 * t, shade(sand, 0.22)), (np.zeros(60), sand)):
        reach = half + wider * u
        left = np.stack([middle * canvas.width - reach, y], 1)
        right = np.stack([middle * canvas.width + reach, y], 1)
        canvas.area(np.concatenate([left, right[::-1]]), ink)
    for _ in range(260):  # pebbles
        at = float(rng.random()) ** 0.7
        x = float(np.interp(at, t, middle)) * canvas.width
        x += float(rng.uniform(-0.9, 0.9) * np.interp(at, t, half))
        ink = shade(sand, float(rng.uniform(-0.3, 0.2)))
        canvas.dot(x, float(np.interp(at, t, y)), (0.4 + at) * u, ink)
    return _Path(y, middle * canvas.width, half)


def _draw_pond(stage: Stage, pond: Panel, grass: Rgb) -> None:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    turns = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    wave = 1 + 0.05 * np.sin(3 * turns + rng.uniform(0, 6)) + 0.04 * np.sin(5 * turns)
    shape = np.stack([np.cos(turns) * pond.width, np.sin(turns) * pond.height], 1) / 2
    shape = shape * wave[:, None]
    at = np.array([pond.x, pond.y])
    reeds: tuple[Rgb, ...] = ((112, 124, 80), (96, 112, 78))
    canvas.area(shape * 1.06 + at + np.array([0, 4 * u]), shade(grass, -0.22))
    canvas.area(shape * 1.035 + at + np.array([0, 2 * u]), shade(grass, 0.3))
    canvas.area(shape * 1.025 + at + np.array([0, -u]), (134, 118, 92))
    _fill_water(stage, shape + at + np.array([0, 2 * u]))
    for _ in range(60):
        turn, far = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 0.7))
        x, y = (
            pond.x + np.cos(turn) * far * pond.width / 2,
            pond.y + np.sin(turn) * far * pond.height / 2,
        )
        draw_ripple(canvas, float(x), float(y), float(rng.uniform(3, 9)) * u)
    if rng.random() < 0.5:
        _draw_lilies(stage, pond)
    for index in rng.integers(len(shape), size=26):
        x, y = shape[index] * 1.01 + at
        for _ in range(5):
            reed, lean = x + rng.uniform(-6, 6) * u, float(rng.uniform(-2, 2)) * u
            low, tall = y + float(rng.uniform(-1, 3)) * u, float(rng.uniform(8, 18)) * u
            blade = [[reed - 0.8 * u, low], [reed + lean, low - tall], [reed + 0.8 * u, low]]
            canvas.area(np.array(blade), reeds[int(rng.integers(2))])


def _plan_pond(stage: Stage, path: _Path, horizon: float) -> Panel:
    """A pond on the side of the path where there is more room."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    deep = canvas.height - horizon
    y, tall = horizon + float(rng.uniform(0.26, 0.46)) * deep, float(rng.uniform(0.18, 0.25)) * deep
    rows = np.linspace(y - 0.6 * tall, y + 0.6 * tall, 9)
    left = min(path.middle(row) - path.half(row) for row in rows) - 18 * u
    right = max(path.middle(row) + path.half(row) for row in rows) + 18 * u
    room, side = max((canvas.width - right, 1), (left, -1))
    wide = min(float(rng.uniform(0.3, 0.46)) * canvas.width, 1.1 * room)
    edge = right if side > 0 else left
    aside = 0.55 * wide + float(rng.uniform(0, 0.8)) * max(0.0, room - 1.05 * wide)
    return Panel(edge + side * aside, y, wide, min(tall, 0.34 * wide), 0, "on the pond")


def _draw_lilies(stage: Stage, pond: Panel) -> None:
    """Leaves of water lilies in two or three places, some of them in bloom."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    inks: tuple[Rgb, ...] = ((104, 132, 100), (118, 140, 104), (94, 122, 104))
    for turn in rng.uniform(0, 2 * np.pi, int(rng.integers(2, 4))):
        x, y = pond.point(0.36 * float(np.cos(turn)), 0.34 * float(np.sin(turn)))
        for across, down in rng.normal(0, 1, (7, 2)):
            at, low = x + 0.045 * float(across) * pond.width, y + 0.06 * float(down) * pond.height
            half, ink = float(rng.uniform(3.4, 5.4)) * u, inks[int(rng.integers(3))]
            pad = f"M {at} {low} L {at + half} {low - 0.2 * half} "
            pad += f"A {half} {0.42 * half} 0 1 1 {at + 0.6 * half} {low - 0.34 * half} Z"
            canvas.area(pad, ink)
            if rng.random() < 0.2:
                canvas.dot(at, low - u, 1.5 * u, (226, 208, 212))


def _plan_beds(stage: Stage, taken: list[Panel], path: _Path, horizon: float) -> list[Panel]:
    """Beds of flowers beside the path; none in some parks."""
    canvas, rng, deep = stage.canvas, stage.rng, stage.canvas.height - horizon
    beds: list[Panel] = []
    number = int(rng.choice((0, 2, 4)))
    for share in rng.uniform(0.14, 0.9, 3 * number):
        grow, y = 0.55 + 0.75 * float(share), horizon + float(share) * deep
        wide, tall = 66 * grow * canvas.unit, 20 * grow * canvas.unit
        rows = (y - tall, y, y + tall)
        side = float(rng.choice((-1, 1)))
        edge = max(side * path.middle(row) + path.half(row) for row in rows)
        x = side * edge + side * 0.62 * wide
        apart = all(
            abs(x - other.x) > 0.62 * (wide + other.width)
            or abs(y - other.y) > 0.7 * (tall + other.height)
            for other in (*taken, *beds)
        )
        if apart and 0.5 * wide < x < canvas.width - 0.5 * wide and len(beds) < number:
            beds.append(Panel(x, y, wide, tall, 0, "in a bed"))
    return beds


def _draw_bed(stage: Stage, bed: Panel, grass: Rgb) -> None:
    """An oval bed with flowers in two muted colours, from back to front."""
    canvas, rng, grow = stage.canvas, stage.rng, bed.width / 66
    inks = [MUTED[int(index)] for index in rng.choice(len(MUTED), 2, replace=False)]
    canvas.area(bed.oval(0, 0.06, 0.5, 0.5), shade(grass, -0.3))
    canvas.area(bed.oval(0, 0.02, 0.48, 0.46), (122, 100, 84))
    places = rng.uniform(-1, 1, (110, 2))
    places = places[(places**2).sum(1) < 0.86]
    for across, down in places[np.argsort(places[:, 1])]:
        x, y = bed.point(0.46 * float(across), 0.42 * float(down))
        canvas.dot(x, y, float(rng.uniform(1.6, 2.4)) * grow, _GREENS[int(rng.integers(4))])
        outer = across**2 + down**2 > 0.4
        ink = shade(inks[int(outer)], float(rng.uniform(-0.35, 0)))
        canvas.dot(x, y - 2.4 * grow, float(rng.uniform(1.1, 1.7)) * grow, ink)


def _plan_bandstand(stage: Stage, pond: Panel, path: _Path, horizon: float) -> list[Panel]:
    """Where a bandstand stands; none where there is no room."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    for share in rng.uniform(0.12, 0.5, 14):
        grow = 0.55 + 0.75 * float(share)
        y, wide, tall = horizon + float(share) * (canvas.height - horizon), 120 * grow * u, 30 * u
        x = float(rng.uniform(0.1, 0.9)) * canvas.width
        dry = abs(x - pond.x) > 0.56 * (pond.width + wide) or y < pond.y - 0.6 * pond.height - tall
        dry = dry or y - 24 * u > pond.y + 0.6 * pond.height
        if dry and not any(path.holds(x, y + step, 0.55 * wide) for step in (-tall, 0, tall)):
            return [Panel(x, y, wide, tall, 0, "in the bandstand")]
    return []


def _draw_bandstand(stage: Stage, x: float, y: float, u: float) -> None:
    """A round roof on thin columns, with a railing, and somebody who plays there."""
    canvas, rng = stage.canvas, stage.rng
    if not canvas.has_place(x, y, 124 * u, 132 * u):
        return
    stone, post = (196, 186, 172), (228, 222, 210)
    roof: Rgb = ((112, 132, 126), (150, 108, 98), (108, 118, 140))[int(rng.integers(3))]
    canvas.shade_ground(x + 6 * u, y, 140 * u, 20 * u, 0.5)
    for half, low, high in ((62, 0, 6), (56, 6, 8)):
        canvas.area(
            f"M {x - half * u} {y - (low + high) * u} H {x + half * u} V {y - low * u} "
            f"Q {x} {y - (low - 7) * u} {x - half * u} {y - low * u} Z",
            shade(stone, 0.02 * low),
        )
    floor, eaves = y - 14 * u, y - 76 * u
    canvas.area(
        f"M {x - 56 * u} {floor} Q {x} {floor - 10 * u} {x + 56 * u} {floor} "
        f"Q {x} {floor + 7 * u} {x - 56 * u} {floor} Z",
        shade(stone, -0.3),
    )
    for across in (-34, 0, 34):  # columns behind
        canvas.rectangle(
            x + (across - 1) * u, eaves, x + (across + 1) * u, floor - 3 * u, shade(post, 0.3)
        )
    for across in (-22, 16):
        person = sample_person(rng)
        stage.prop(person, x + across * u, floor + u, 40 * u / canvas.unit)
    rail = floor - 13 * u
    for bar in np.arange(-52, 54, 6.5):
        dip = 5 * (1 - (bar / 56) ** 2) * u
        canvas.rectangle(x + bar * u, rail + dip, x + (bar + 1) * u, floor + dip, shade(post, 0.1))
    canvas.area(
        f"M {x - 56 * u} {rail} Q {x} {rail + 10 * u} {x + 56 * u} {rail} V {rail + 2 * u} "
        f"Q {x} {rail + 12 * u} {x - 56 * u} {rail + 2 * u} Z",
        post,
    )
    for across in (-55, -28, 28, 55):
        dip = 5 * (1 - (across / 56) ** 2) * u
        canvas.rectangle(x + (across - 1.5) * u, eaves, x + (across + 1.5) * u, floor + dip, post)
    for from_, to, tint in ((-66, 66, roof), (18, 66, shade(roof, 0.2))):
        canvas.area(
            f"M {x + from_ * u} {eaves} Q {x + 0.5 * from_ * u} {eaves - 22 * u} {x} "
            f"{eaves - 30 * u} Q {x + 0.5 * to * u} {eaves - 22 * u} {x + to * u} {eaves} Z",
            tint,
        )
    for left in np.arange(-66, 60, 12):  # a trim in waves
        canvas.area(
            f"M {x + left * u} {eaves - u} H {x + (left + 12) * u} V {eaves + 2 * u} "
            f"Q {x + (left + 6) * u} {eaves + 8 * u} {x + left * u} {eaves + 2 * u} Z",
            shade(roof, -0.45),
        )
    canvas.rectangle(x - 7 * u, eaves - 36 * u, x + 7 * u, eaves - 28 * u, post)
    canvas.area(
        f"M {x - 10 * u} {eaves - 35 * u} L {x} {eaves - 48 * u} L {x + 10 * u} {eaves - 35 * u} Z",
        roof,
    )
    canvas.dot(x, eaves - 49 * u, 2 * u, (204, 172, 104))


def _fill_water(stage: Stage, shape: Points) -> None:
    """Water that mirrors the wood at its far bank, then the sky, and is deep where it is near."""
    canvas, sky = stage.canvas, stage.mood.sky
    water: Rgb = mix((88, 140, 158), sky[0], 0.25)
    inks = np.array(
        [mix(water, (74, 104, 92), 0.6), mix(water, sky[1], 0.3), water, shade(water, 0.16)]
    )
    top, low = float(shape[:, 1].min()), float(shape[:, 1].max())
    for share in np.linspace(0, 1, 24, endpoint=False):
        rest = shape.copy()
        rest[:, 1] = np.maximum(rest[:, 1], top + share * (low - top))
        red, green, blue = (
            round(float(np.interp(share, (0, 0.3, 0.6, 1), inks[:, i]))) for i in range(3)
        )
        canvas.area(rest, (red, green, blue))


def _plan_blankets(stage: Stage, taken: list[Panel], path: _Path, horizon: float) -> list[Panel]:
    """Blankets on the grass: none on the path, on another one, or where it is *taken*."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    blankets: list[Panel] = []
    for _ in range(stage.scaled(56)):
        x = float(rng.uniform(0.08, 0.92)) * canvas.width
        y = float(rng.uniform(0.45, 0.97)) * (canvas.height - horizon) + horizon
        grow = 0.55 + 0.75 * (y - horizon) / (canvas.height - horizon)
        wide, tall = 82 * grow * u, 39 * grow * u
        free = all(
            abs(x - other.x) > 0.56 * (other.width + wide)
            or abs(y - other.y) > 0.6 * (other.height + tall)
            for other in taken
        )
        apart = all(abs(x - b.x) > 110 * u or abs(y - b.y) > 64 * u for b in blankets)
        blanket = Panel(x, y, wide, tall, float(rng.uniform(-9, 9)), "on a blanket")
        corners = blanket.part(-0.5, -0.5, 0.5, 0.5)
        if free and apart and not any(path.holds(left, top, 8 * u) for left, top in corners):
            blankets.append(blanket)
        if len(blankets) == max(1, stage.scaled(8)):
            break
    return blankets


def _draw_blanket(stage: Stage, blanket: Panel) -> None:
    canvas, rng = stage.canvas, stage.rng
    ink = MUTED[int(rng.integers(len(MUTED)))]
    canvas.area(blanket.part(-0.5, -0.5, 0.5, 0.5) + 1.6 * canvas.unit, (60, 76, 60), 0.4)
    canvas.area(blanket.part(-0.5, -0.5, 0.5, 0.5), shade(ink, -0.35))
    for step in np.linspace(-0.5, 0.4, 7):
        canvas.area(blanket.part(step, -0.5, step + 0.07, 0.5), ink, 0.55)
    for step in np.linspace(-0.5, 0.36, 5):
        canvas.area(blanket.part(-0.5, step, 0.5, step + 0.1), ink, 0.55)


def _stand(stage: Stage, lawn: _Lawn, leaves: tuple[Rgb, ...]) -> None:
    """Everything on the ground and the pond, from back to front."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    horizon, deep = lawn.horizon, canvas.height - lawn.horizon
    kinds = ["thing"] * stage.count(0.4) + ["swimmer"] * stage.count(0.16) + ["sign"] * 2
    kinds += ["tree"] * stage.scaled(30) + ["person"] * stage.scaled(84) + ["bench"] * 8
    kinds += ["small"] * stage.scaled(80) + ["picnic"] * stage.count(0.2)
    kinds += ["sitter"] * stage.scaled(16)
    for places in (lawn.seats, lawn.spots):
        places[:] = [places[index] for index in rng.permutation(len(places))]
    entries = [(foot, kind) for kind in kinds if (foot := _sample_foot(stage, kind, lawn))]
    side = float(rng.choice((-1, 1)))
    for number, depth in enumerate((0.06, 0.22, 0.45, 0.78)):
        y = horizon + depth * deep
        rim = lawn.path.half(y) + 7 * (0.55 + 0.75 * depth) * u
        entries.append(((lawn.path.middle(y) + side * (-1) ** number * rim, y), "post"))
    start = lawn.path.middle(horizon)
    for across in rng.uniform(-15, 15, 7):
        foot = start + float(across) * u, horizon + float(rng.uniform(3, 7)) * u
        entries.append((foot, "hedge"))
    entries += [((stand.x, stand.y), "bandstand") for stand in lawn.bandstands]
    for stand in lawn.bandstands:  # behind which nothing is put
        half, tall = 0.52 * stand.width, 1.1 * stand.width
        canvas.reserved = [(stand.x - half, stand.y - tall, stand.x + half, stand.y)]
    for (x, y), kind in sorted(entries, key=lambda entry: entry[0][1]):
        if kind == "bandstand":
            canvas.reserved = []
        _put(stage, kind, (x, y), _grow(lawn, canvas.height, y), leaves)


def _grow(lawn: _Lawn, high: float, y: float) -> float:
    """How large things are at a height of the picture, by those in the middle distance."""
    return 0.55 + 0.75 * (y - lawn.horizon) / (high - lawn.horizon)


def _sample_foot(stage: Stage, kind: str, lawn: _Lawn) -> tuple[float, float] | None:
    """Where something of a kind stands, if there is room for it."""
    canvas, rng, u, pond = stage.canvas, stage.rng, stage.canvas.unit, lawn.pond
    if kind in {"picnic", "sitter"}:
        places = lawn.seats if kind == "sitter" else lawn.spots
        return places.pop() if places else None
    for _ in range(14):
        if kind == "swimmer":
            turn, far = float(rng.uniform(0, 6.3)), float(np.sqrt(rng.uniform(0, 0.6)))
            x = pond.x + np.cos(turn) * far * pond.width / 2
            y = pond.y + np.sin(turn) * far * pond.height / 2 + 5 * u
            free = lawn.can_swim(x, y, u)
        else:
            near = float(rng.random())  # no tree hides the foreground
            depth = 0.76 * near**1.4 if kind == "tree" else near**0.9
            y = lawn.horizon + 8 * u + depth * (canvas.height - lawn.horizon - 12 * u)
            x = float(rng.uniform(0.02, 0.98)) * canvas.width
            free = lawn.is_free(kind, x, y, u * _grow(lawn, canvas.height, y))
        if free:
            lawn.feet.setdefault(kind, []).append((x, y))
            return x, y
    return None


def _put(
    stage: Stage, kind: str, foot: tuple[float, float], grow: float, leaves: tuple[Rgb, ...]
) -> None:
    rng, u, (x, y) = stage.rng, stage.canvas.unit, foot
    if kind == "swimmer":
        if stage.thing(x, y, "on the pond", ON_WATER, shadow=0):
            draw_ripple(stage.canvas, x, y, 14 * u)
    elif kind in _WHERE:
        stage.thing(x, y, _WHERE[kind], grow=grow if kind == "thing" else 0.8)
    elif kind == "sign":
        stage.sign(x, y, "on the grass", ("board", "arrow")[int(rng.integers(2))])
    elif kind == "bandstand":
        _draw_bandstand(stage, x, y, grow * u)
    elif kind == "tree":
        _plant(stage, foot, grow, leaves)
    elif kind in {"small", "hedge"}:
        small = BUSH if kind == "hedge" or rng.random() < 0.66 else STONE
        size = max(4, round(float(rng.uniform(12, 34 if kind == "small" else 17)) * grow * u))
        sprite = draw_extra(small, size, _GREENS[int(rng.integers(len(_GREENS)))])
        stage.canvas.place(sprite, x, y, upright=True)
    else:
        person = sample_person(rng, "seated" if kind == "sitter" else "standing")
        sizes = {"person": 46 * sample_height(rng), "sitter": 37, "bench": 46, "post": 80}
        kinds = {"bench": BENCH, "post": POST if stage.mood.hour == "evening" else UNLIT_POST}
        put = stage.prop(kinds.get(kind, person), x, y, sizes[kind] * grow)
        if put and kind == "post" and stage.mood.hour == "evening":
            stage.canvas.glow(x, y - 66 * grow * u, 50 * grow * u, GLOW, 0.5)
        if put and kind == "bench":
            _fill_bench(stage, foot, grow)


def _fill_bench(stage: Stage, foot: tuple[float, float], grow: float) -> None:
    """Something on a bench, and perhaps somebody."""
    rng, u, (x, y) = stage.rng, stage.canvas.unit, foot
    seat, step = y - 0.17 * 46 * grow * u, 11 * grow * u * float(rng.choice((-1, 1)))
    if rng.random() < 0.6:
        stage.prop(sample_person(rng, "seated"), x - step, seat, 34 * grow)
    stage.thing(x + step, seat, "on a bench", grow=0.8)


def _plant(stage: Stage, foot: tuple[float, float], grow: float, leaves: tuple[Rgb, ...]) -> None:
    """A tree, and perhaps something among its leaves."""
    canvas, rng, u, (x, y) = stage.canvas, stage.rng, stage.canvas.unit, foot
    tree, size = _TREES[int(rng.integers(len(_TREES)))], float(rng.uniform(110, 170)) * grow * u
    number = int(rng.integers(4))
    ink = _GREENS[number] if tree is FIR else leaves[number]
    if tree is POPLAR:
        ink = mix(_GREENS[number], leaves[0], 0.4)
    if not canvas.has_place(x, y, size, size):
        return
    if stage.mood.hour == "evening":  # the sun is low
        canvas.shade_ground(x + 0.42 * size, y - 0.01 * size, 1.1 * size, 0.13 * size, 0.5)
    if not stage.large(tree, x, y, size, ink) or tree not in {TREE, BIRCH} or rng.random() > 0.26:
        return
    at = x + float(rng.uniform(-0.1, 0.1)) * size, y - float(rng.uniform(0.54, 0.66)) * size
    if stage.thing(*at, "in a tree", shadow=0):
        item = stage.placed[-1][1]
        radius = float(rng.uniform(3.4, 4.2)) * u
        low = item.bottom - 0.18 * (item.bottom - item.top) + radius
        middle, half = (item.left + item.right) / 2, 0.5 * (item.right - item.left) + 2.2 * radius
        for row, tint in enumerate((shade(ink, 0.2), shade(ink, 0.08), shade(ink, -0.14))):
            for across in rng.uniform(-1, 1, 9):  # a tuft of leaves, thinner towards its ends
                x = middle + float(across) * half
                y = low + (0.5 * row - 0.2 + 0.9 * float(across) ** 2) * radius
                canvas.dot(x, y, (1.1 - 0.18 * row - 0.4 * abs(float(across))) * radius, tint)
