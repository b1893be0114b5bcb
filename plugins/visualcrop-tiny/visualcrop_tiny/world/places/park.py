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
    wide, high = canvas.width, canvas.height
    horizon = float(rng.uniform(0.24, 0.3)) * high
    leaves = _AUTUMN if rng.random() < 0.3 else _GREENS
    draw_sky(canvas, stage.mood, rng, horizon)
    fly(stage, 0.8 * horizon, 0.16, 8)
    _draw_tree_line(stage, horizon, leaves)
    grass = mix(_GRASS, (176, 138, 108), 0.2) if stage.mood.hour == "evening" else _GRASS
    canvas.gradient(horizon, high, (mix(grass, stage.mood.haze, 0.4), grass, shade(grass, 0.14)))
    _draw_edge(stage, horizon, mix(grass, stage.mood.haze, 0.3))
    _draw_tufts(stage, horizon, grass)
    path = _draw_path(stage, horizon)
    y = float(rng.uniform(0.5, 0.6)) * high
    side = 0.5 if path.middle(y) < 0.5 * wide else -0.5  # away from the path
    pond = Panel(
        (0.5 + side * float(rng.uniform(0.34, 0.56))) * wide,
        y,
        float(rng.uniform(0.34, 0.46)) * wide,
        0.17 * high,
        0,
        "on the pond",
    )
    _draw_pond(stage, pond, grass)
    blankets = _plan_blankets(stage, pond, path, horizon)
    for blanket in blankets:
        _draw_blanket(stage, blanket)
    seats, spots = (
        [blanket.point(*place) for blanket in blankets for place in places]
        for places in (_SEATS, _SPREAD)
    )
    lawn = _Lawn(horizon, pond, path, blankets, seats, spots)
    lamps = _stand(stage, lawn, leaves)
    finish(canvas, stage.mood, rng)
    if stage.mood.hour == "evening":
        for x, y, radius in lamps:
            canvas.glow(x, y, radius, GLOW, 0.5)


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
    blankets: list[Panel]
    seats: list[tuple[float, float]]  # for people on blankets
    spots: list[tuple[float, float]]  # for things on them
    feet: dict[str, list[tuple[float, float]]] = attrs.field(factory=dict)  # by kind

    def is_free(self, kind: str, x: float, y: float, unit: float) -> bool:
        """Whether something of a kind may stand there; *unit* is a thousandth at that depth."""
        if not self._is_apart(kind, x, y, unit):
            return False
        pond = self.pond
        across, down = (x - pond.x) / (0.56 * pond.width), (y - pond.y) / (0.62 * pond.height)
        if across**2 + down**2 < 1:
            return False
        if any(
            abs(x - b.x) < 0.6 * b.width and abs(y - b.y) < 0.7 * b.height for b in self.blankets
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
    for index in rng.integers(len(shape), size=26):
        x, y = shape[index] * 1.01 + at
        for _ in range(5):
            reed, lean = x + rng.uniform(-6, 6) * u, float(rng.uniform(-2, 2)) * u
            low, tall = y + float(rng.uniform(-1, 3)) * u, float(rng.uniform(8, 18)) * u
            blade = [[reed - 0.8 * u, low], [reed + lean, low - tall], [reed + 0.8 * u, low]]
            canvas.area(np.array(blade), reeds[int(rng.integers(2))])


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


def _plan_blankets(stage: Stage, pond: Panel, path: _Path, horizon: float) -> list[Panel]:
    """Blankets on the grass: none in the pond, on the path, or on another one."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    blankets: list[Panel] = []
    for _ in range(stage.scaled(56)):
        x = float(rng.uniform(0.08, 0.92)) * canvas.width
        y = float(rng.uniform(0.45, 0.97)) * (canvas.height - horizon) + horizon
        free = abs(x - pond.x) > pond.width * 0.62 or abs(y - pond.y) > pond.height * 0.8
        apart = all(abs(x - b.x) > 110 * u or abs(y - b.y) > 64 * u for b in blankets)
        blanket = Panel(x, y, 92 * u, 44 * u, float(rng.uniform(-9, 9)), "on a blanket")
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


def _stand(stage: Stage, lawn: _Lawn, leaves: tuple[Rgb, ...]) -> list[tuple[float, float, float]]:
    """Everything on the ground and the pond, from back to front; x, y, radius of lights."""
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
    lights = []
    for (x, y), kind in sorted(entries, key=lambda entry: entry[0][1]):
        grow = _grow(lawn, canvas.height, y)
        _put(stage, kind, (x, y), grow, leaves)
        if kind == "post":
            lights.append((x, y - 66 * grow * u, 50 * grow * u))
    return lights


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
            depth = float(rng.random()) ** (1.6 if kind == "tree" else 0.9)
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
    elif kind == "thing":
        stage.thing(x, y, "on the grass", grow=grow)
    elif kind == "picnic":
        stage.thing(x, y, "on a blanket", grow=0.8)
    elif kind == "sign":
        stage.sign(x, y, "on the grass", ("board", "arrow")[int(rng.integers(2))])
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
        if put and kind == "bench":
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
        low = item.bottom - 0.2 * (item.bottom - item.top) + radius
        for across in np.arange(item.left - 0.4 * radius, item.right + radius, 1.2 * radius):
            left, up = float(across), low + float(rng.uniform(-0.15, 0.3)) * radius
            canvas.dot(left, up, radius, shade(ink, 0.26))
            canvas.dot(left + 0.06 * radius, up + 0.12 * radius, 0.9 * radius, ink)
            canvas.dot(left - 0.3 * radius, up - 0.3 * radius, 0.3 * radius, shade(ink, -0.4))
