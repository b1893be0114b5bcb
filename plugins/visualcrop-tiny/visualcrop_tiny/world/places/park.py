"""A park: trees, a pond, a path, benches, blankets on the grass, and people."""

from __future__ import annotations

import attrs
import numpy as np
import PIL.Image

from ..coverage import Edges, cover_one
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
    draw_extra,
    sample_height,
    sample_person,
)
from .stage import ON_WATER, Stage
from .surfaces import Panel
from .water import draw_ripple
from .weather import draw_sky, finish

ABSENT = frozenset({"leaf", "tulip", "mushroom"})
_GREENS: tuple[Rgb, ...] = ((112, 134, 92), (128, 146, 98), (96, 122, 96), (140, 150, 104))
_LEVELS = 8  # sizes of tufts of grass
_TREES = (TREE, TREE, FIR, BIRCH, POPLAR)
_AUTUMN: tuple[Rgb, ...] = ((176, 140, 88), (164, 120, 84), (146, 140, 92), (120, 128, 88))


def draw_park(stage: Stage) -> None:
    """Draw it from the sky to what is nearest."""
    canvas, rng = stage.canvas, stage.rng
    wide, high = canvas.width, canvas.height
    horizon = float(rng.uniform(0.24, 0.3)) * high
    greens = _AUTUMN if rng.random() < 0.3 else _GREENS
    draw_sky(canvas, stage.mood, rng, horizon)
    fly(stage, 0.8 * horizon, 0.16, 8)
    _draw_tree_line(stage, horizon, greens)
    grass: Rgb = (216, 220, 226) if stage.mood.weather == "snow" else (150, 172, 112)
    canvas.gradient(horizon, high, (mix(grass, stage.mood.haze, 0.3), grass, shade(grass, 0.14)))
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
    _draw_pond(stage, pond)
    blankets = _plan_blankets(stage, pond, path, horizon)
    for blanket in blankets:
        _draw_blanket(stage, blanket)
    lawn = _Lawn(horizon, pond, path, blankets)
    _stand(stage, lawn, _in_snow(greens) if stage.mood.weather == "snow" else greens)
    finish(canvas, stage.mood, rng)


def _draw_tree_line(stage: Stage, horizon: float, greens: tuple[Rgb, ...]) -> None:
    """A wood far away."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    for distance, size in ((0.8, 46), (0.5, 34)):
        for x in np.arange(-20 * u, canvas.width + 20 * u, 13 * u):
            ink = stage.mood.far(greens[int(rng.integers(len(greens)))], distance)
            radius = float(rng.uniform(0.3, 0.6)) * size * u
            y = horizon - float(rng.uniform(0, 0.5)) * size * u * (1.2 if distance > 0.6 else 0.5)
            canvas.dot(float(x), y, radius, shade(ink, float(rng.uniform(-0.05, 0.15))))


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
    return PIL.Image.fromarray(cover_one(edges, max(2, round(1.2 * high)), max(2, round(high))))


@attrs.frozen
class _Path:
    """The middle of a path and half its width, by height, in pixels."""

    heights: Points
    middles: Points
    halves: Points

    def middle(self, y: float) -> float:
        return float(np.interp(y, self.heights, self.middles))

    def holds(self, x: float, y: float, margin: float = 0) -> bool:
        half = float(np.interp(y, self.heights, self.halves))
        return abs(x - self.middle(y)) < half + margin


@attrs.frozen
class _Lawn:
    """What is on the grass below the horizon."""

    horizon: float
    pond: Panel
    path: _Path
    blankets: list[Panel]

    def is_free(self, kind: str, x: float, y: float) -> bool:
        """Whether something of a kind may stand there."""
        pond = self.pond
        across, down = (x - pond.x) / (0.56 * pond.width), (y - pond.y) / (0.62 * pond.height)
        if across**2 + down**2 < 1:
            return False
        if kind in {"person", "thing"}:
            return True
        on_blanket = any(
            abs(x - b.x) < 0.6 * b.width and abs(y - b.y) < 0.7 * b.height for b in self.blankets
        )
        return not on_blanket and not self.path.holds(x, y, 0.1 * pond.height)


def _in_snow(greens: tuple[Rgb, ...]) -> tuple[Rgb, ...]:
    return tuple(mix(green, (236, 240, 244), 0.55) for green in greens)


def _draw_path(stage: Stage, horizon: float) -> _Path:
    """A winding path of sand."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    t = np.linspace(0, 1, 50)
    y = horizon + 6 * u + t**1.5 * (canvas.height - horizon + 30 * u)
    middle = float(rng.uniform(0.2, 0.8)) + 0.2 * np.sin(t * 5 + rng.uniform(0, 6.3)) * (0.3 + t)
    half = (8 + 62 * t**1.3) * u
    left = np.stack([middle * canvas.width - half, y], 1)
    right = np.stack([middle * canvas.width + half, y], 1)
    sand: Rgb = (214, 196, 158) if stage.mood.weather != "snow" else (202, 200, 202)
    rim = np.array([4 * u, 0])
    canvas.area(np.concatenate([left - rim, (right + rim)[::-1]]), shade(sand, 0.22))
    canvas.area(np.concatenate([left, right[::-1]]), sand)
    return _Path(y, middle * canvas.width, half)


def _draw_pond(stage: Stage, pond: Panel) -> None:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    turns = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    wave = 1 + 0.05 * np.sin(3 * turns + rng.uniform(0, 6)) + 0.04 * np.sin(5 * turns)
    shape = np.stack([np.cos(turns) * pond.width, np.sin(turns) * pond.height], 1) / 2
    shape = shape * wave[:, None]
    at = np.array([pond.x, pond.y])
    reeds: tuple[Rgb, ...] = ((112, 124, 80), (96, 112, 78))
    water: Rgb = mix((88, 140, 158), stage.mood.sky[0], 0.25)
    canvas.area(shape * 1.05 + at, (128, 120, 96))
    canvas.area(shape * 1.02 + at + np.array([0, 2 * u]), shade(water, 0.3))
    canvas.area(shape + at + np.array([0, 3 * u]), water)
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


def _plan_blankets(stage: Stage, pond: Panel, path: _Path, horizon: float) -> list[Panel]:
    """Blankets on the grass: none in the pond, on the path, or on another one."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    blankets: list[Panel] = []
    for _ in range(stage.scaled(56)):
        x = float(rng.uniform(0.08, 0.92)) * canvas.width
        y = float(rng.uniform(0.45, 0.97)) * (canvas.height - horizon) + horizon
        free = abs(x - pond.x) > pond.width * 0.62 or abs(y - pond.y) > pond.height * 0.8
        apart = all(abs(x - b.x) > 110 * u or abs(y - b.y) > 64 * u for b in blankets)
        if free and apart and not path.holds(x, y, 50 * u):
            turn = float(rng.uniform(-9, 9))
            blankets.append(Panel(x, y, 92 * u, 44 * u, turn, "on a blanket"))
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


def _stand(stage: Stage, lawn: _Lawn, greens: tuple[Rgb, ...]) -> None:
    """Everything on the ground and the pond, from back to front."""
    canvas = stage.canvas
    horizon, deep = lawn.horizon, canvas.height - lawn.horizon
    kinds = ["thing"] * stage.count(0.4) + ["swimmer"] * stage.count(0.16) + ["sign"] * 2
    kinds += ["tree"] * stage.scaled(30) + ["person"] * stage.scaled(84) + ["bench"] * 8
    kinds += ["small"] * stage.scaled(110) + ["post"] * 5 + ["picnic"] * stage.count(0.2)
    kinds += ["sitter"] * stage.scaled(14)
    entries = [(*_sample_foot(stage, kind, lawn), kind) for kind in kinds]
    for x, y, kind in sorted(entries, key=lambda entry: entry[1]):
        _put(stage, kind, (x, y), 0.55 + 0.75 * (y - horizon) / deep, greens)


def _sample_foot(stage: Stage, kind: str, lawn: _Lawn) -> tuple[float, float]:
    """Where something of a kind stands."""
    canvas, rng, u, pond = stage.canvas, stage.rng, stage.canvas.unit, lawn.pond
    if kind == "swimmer":
        turn, far = float(rng.uniform(0, 6.3)), float(np.sqrt(rng.uniform(0, 0.6)))
        x = pond.x + np.cos(turn) * far * pond.width / 2
        return x, pond.y + np.sin(turn) * far * pond.height / 2 + 5 * u
    if kind in {"picnic", "sitter"} and lawn.blankets:
        blanket = lawn.blankets[int(rng.integers(len(lawn.blankets)))]
        return blanket.point(float(rng.uniform(-0.4, 0.4)), float(rng.uniform(-0.2, 0.4)))
    x = y = 0.0
    for _ in range(12):
        depth = float(rng.random()) ** (1.6 if kind == "tree" else 0.9)
        y = lawn.horizon + 8 * u + depth * (canvas.height - lawn.horizon - 12 * u)
        x = float(rng.uniform(0.02, 0.98)) * canvas.width
        if lawn.is_free(kind, x, y):
            break
    return x, y


def _put(
    stage: Stage, kind: str, foot: tuple[float, float], grow: float, greens: tuple[Rgb, ...]
) -> None:
    rng, u, (x, y) = stage.rng, stage.canvas.unit, foot
    green = stage.mood.dim(greens[int(rng.integers(len(greens)))])
    if kind == "swimmer":
        if stage.thing(x, y, "on the pond", ON_WATER, shadow=0):
            draw_ripple(stage.canvas, x, y, 14 * u)
    elif kind in {"thing", "picnic"}:
        stage.thing(x, y, "on the grass" if kind == "thing" else "on a blanket")
    elif kind == "sign":
        stage.sign(x, y, "on the grass", ("board", "arrow")[int(rng.integers(2))])
    elif kind == "tree":
        tree, size = _TREES[int(rng.integers(len(_TREES)))], float(rng.uniform(110, 170)) * grow
        if stage.large(tree, x, y, size * u, green) and rng.random() < 0.16:
            stage.thing(x + rng.uniform(-0.1, 0.1) * size * u, y - 0.6 * size * u, "in a tree")
    elif kind == "small":
        small = (BUSH, BUSH, STONE)[int(rng.integers(3))]
        sprite = draw_extra(small, max(4, round(float(rng.uniform(12, 34)) * grow * u)), green)
        stage.canvas.place(sprite, x, y, upright=True)
    else:
        person = sample_person(rng, "seated" if kind == "sitter" else "standing")
        sizes = {"person": 46 * sample_height(rng), "sitter": 37, "bench": 46, "post": 92}
        kinds = {"bench": BENCH, "post": POST}
        put = stage.prop(kinds.get(kind, person), x, y, sizes[kind] * grow)
        if put and kind == "bench":
            seat, step = y - 0.24 * 46 * grow * u, 11 * grow * u * float(rng.choice((-1, 1)))
            if rng.random() < 0.6:
                stage.prop(sample_person(rng, "seated"), x - step, seat, 34 * grow)
            stage.thing(x + step, seat, "on a bench")
