"""A park: trees, a pond, a path, benches, blankets on the grass, and people."""

from __future__ import annotations

import numpy as np

from ..palette import Rgb, mix
from .canvas import shade
from .crowds import fly, sample_person
from .extras import BENCH, BUSH, FIR, MUTED, POST, STONE, TREE, draw_extra
from .stage import ON_WATER, Stage
from .surfaces import Panel
from .water import draw_ripple
from .weather import draw_sky, finish

ABSENT = frozenset({"leaf", "tulip", "mushroom"})
_GREENS: tuple[Rgb, ...] = ((112, 134, 92), (128, 146, 98), (96, 122, 96), (140, 150, 104))
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
    _draw_path(stage, horizon)
    pond = Panel(
        float(rng.uniform(0.25, 0.75)) * wide,
        float(rng.uniform(0.5, 0.6)) * high,
        float(rng.uniform(0.34, 0.46)) * wide,
        0.17 * high,
        0,
        "on the pond",
    )
    _draw_pond(stage, pond)
    blankets = [_plan_blanket(stage, pond, horizon) for _ in range(stage.scaled(7))]
    for blanket in blankets:
        _draw_blanket(stage, blanket)
    _stand(stage, horizon, pond, blankets, greens)
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
    for _ in range(1500):
        depth = float(rng.random()) ** 0.7
        x, y = float(rng.uniform(0, canvas.width)), horizon + depth * (canvas.height - horizon)
        size = (0.5 + 1.3 * depth) * u
        if rng.random() < 0.22:
            canvas.dot(
                x,
                y,
                size * 0.9,
                ((236, 230, 210), (222, 206, 160), (206, 186, 196))[int(rng.integers(3))],
            )
            continue
        ink = shade(grass, float(rng.choice((0.2, 0.12, -0.2))))
        canvas.rectangle(x, y - 3.2 * size, x + max(1.0, 0.7 * size), y, ink)
        canvas.rectangle(x + 1.6 * size, y - 2.4 * size, x + 2.3 * size, y, ink)


def _draw_path(stage: Stage, horizon: float) -> None:
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


def _draw_pond(stage: Stage, pond: Panel) -> None:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    turns = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    wave = 1 + 0.05 * np.sin(3 * turns + rng.uniform(0, 6)) + 0.04 * np.sin(5 * turns)
    shape = np.stack([np.cos(turns) * pond.width, np.sin(turns) * pond.height], 1) / 2
    shape = shape * wave[:, None]
    at = np.array([pond.x, pond.y])
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
    for _ in range(26):
        turn = rng.uniform(0, 2 * np.pi)
        x, y = pond.x + np.cos(turn) * pond.width * 0.49, pond.y + np.sin(turn) * pond.height * 0.49
        for _ in range(4):
            reed = x + rng.uniform(-6, 6) * u
            canvas.rectangle(reed, y - rng.uniform(8, 18) * u, reed + 1.4 * u, y, (112, 124, 80))


def _plan_blanket(stage: Stage, pond: Panel, horizon: float) -> Panel:
    """A blanket on the grass, not in the pond."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    x = float(rng.uniform(0.08, 0.92)) * canvas.width
    y = float(rng.uniform(0.55, 0.97)) * (canvas.height - horizon) + horizon
    if abs(x - pond.x) < pond.width * 0.62 and abs(y - pond.y) < pond.height * 0.9:
        y = pond.y + pond.height
    return Panel(x, y, 92 * u, 44 * u, float(rng.uniform(-9, 9)), "on a blanket")


def _draw_blanket(stage: Stage, blanket: Panel) -> None:
    canvas, rng = stage.canvas, stage.rng
    ink = MUTED[int(rng.integers(len(MUTED)))]
    canvas.area(blanket.part(-0.5, -0.5, 0.5, 0.5) + 1.6 * canvas.unit, (60, 76, 60), 0.4)
    canvas.area(blanket.part(-0.5, -0.5, 0.5, 0.5), shade(ink, -0.35))
    for step in np.linspace(-0.5, 0.4, 7):
        canvas.area(blanket.part(step, -0.5, step + 0.07, 0.5), ink, 0.55)
    for step in np.linspace(-0.5, 0.36, 5):
        canvas.area(blanket.part(-0.5, step, 0.5, step + 0.1), ink, 0.55)


def _stand(
    stage: Stage, horizon: float, pond: Panel, blankets: list[Panel], greens: tuple[Rgb, ...]
) -> None:
    """Everything on the ground and the pond, from back to front."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    kinds = ["thing"] * stage.count(0.4) + ["swimmer"] * stage.count(0.16) + ["sign"] * 2
    kinds += ["tree"] * stage.scaled(30) + ["person"] * stage.scaled(84) + ["bench"] * 8
    kinds += ["small"] * stage.scaled(150) + ["post"] * 5 + ["picnic"] * stage.count(0.2)
    entries = []
    for kind in kinds:
        depth = float(rng.random()) ** (1.6 if kind == "tree" else 0.9)
        y = horizon + 8 * u + depth * (canvas.height - horizon - 12 * u)
        x = float(rng.uniform(0.02, 0.98)) * canvas.width
        if kind == "swimmer":
            turn, far = float(rng.uniform(0, 6.3)), float(np.sqrt(rng.uniform(0, 0.6)))
            x = pond.x + np.cos(turn) * far * pond.width / 2
            y = pond.y + np.sin(turn) * far * pond.height / 2 + 5 * u
        elif kind == "picnic" and blankets:
            blanket = blankets[int(rng.integers(len(blankets)))]
            x, y = blanket.point(float(rng.uniform(-0.4, 0.4)), float(rng.uniform(-0.2, 0.4)))
        elif abs(x - pond.x) < pond.width * 0.52 and abs(y - pond.y) < pond.height * 0.56:
            y = pond.y + pond.height * float(rng.choice((-0.58, 0.66)))
        entries.append((y, x, kind))
    for y, x, kind in sorted(entries):
        grow = 0.55 + 0.75 * (y - horizon) / (canvas.height - horizon)
        _put(stage, kind, (x, y), grow, greens)


def _put(
    stage: Stage, kind: str, foot: tuple[float, float], grow: float, greens: tuple[Rgb, ...]
) -> None:
    rng, u, (x, y) = stage.rng, stage.canvas.unit, foot
    green = stage.mood.dim(greens[int(rng.integers(len(greens)))])
    if kind == "swimmer":
        if stage.thing(x, y, "on the pond", ON_WATER):
            draw_ripple(stage.canvas, x, y, 14 * u)
    elif kind in {"thing", "picnic"}:
        stage.thing(x, y, "on the grass" if kind == "thing" else "on a blanket")
    elif kind == "sign":
        stage.sign(x, y, "on the grass", ("board", "arrow")[int(rng.integers(2))])
    elif kind == "tree":
        tree, size = (TREE, TREE, FIR)[int(rng.integers(3))], float(rng.uniform(110, 170)) * grow
        if stage.large(tree, x, y, size * u, green) and rng.random() < 0.16:
            stage.thing(x + rng.uniform(-0.1, 0.1) * size * u, y - 0.6 * size * u, "in a tree")
    elif kind == "small":
        small = (BUSH, BUSH, STONE)[int(rng.integers(3))]
        sprite = draw_extra(small, max(4, round(float(rng.uniform(12, 34)) * grow * u)), green)
        stage.canvas.place(sprite, x, y, shadow=0.2)
    else:
        sizes = {"person": (sample_person(stage), 46), "bench": (BENCH, 46), "post": (POST, 92)}
        if stage.prop(sizes[kind][0], x, y, sizes[kind][1] * grow) and kind == "bench":
            stage.thing(x, y - 0.24 * 46 * grow * u, "on a bench")
