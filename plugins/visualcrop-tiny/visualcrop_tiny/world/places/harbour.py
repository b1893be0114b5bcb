"""A harbour: sea and sky, houses along the far quay, ships, a jetty, and a quay in front."""

from __future__ import annotations

import numpy as np

from ..drawing import Thing, fill, line, patch
from ..palette import Rgb, mix
from ..paths import bar, disc
from .canvas import shade
from .crowds import Crowd, fill_ledges, fly
from .extras import BARREL, BARROW, BOLLARD, BUOY, COIL, CRATE, SACK, sample_person
from .ground import draw_coping, draw_paving, draw_quay_wall
from .houses import draw_row
from .stage import ON_WATER, Stage
from .water import draw_ripple, draw_waves
from .weather import draw_sky, finish

ABSENT = frozenset({"boat", "anchor", "lantern"})
_HULLS: tuple[Rgb, ...] = (
    (128, 84, 78),
    (86, 104, 122),
    (104, 122, 106),
    (92, 84, 104),
    (150, 128, 100),
)
TRAWLER = Thing(
    "trawler",
    "trawlers",
    "a",
    (
        line("dark", 2, "M 58 8 V 52 M 58 10 L 20 58 M 58 10 L 92 56"),
        fill("wood", bar(55, 6, 5, 50)),
        fill("paper", "M 22 34 H 46 V 60 H 20 Z"),
        fill("dark", bar(25, 39, 8, 8, 1) + bar(36, 39, 8, 8, 1)),
        fill("deep", bar(18, 29, 31, 6, 2)),
        fill("deep", "M 26 28 V 16 H 36 V 28 Z"),
        fill("colour", "M 2 52 Q 30 64 70 58 L 98 46 Q 94 70 82 82 H 14 Q 6 70 2 52 Z"),
        patch("paper", "M 2 58 Q 40 70 98 54", 3),
        patch("deep", "M 0 74 H 100 V 90 H 0 Z"),
        fill("dark", disc(84, 62, 2) + disc(76, 64, 2)),
    ),
    0.9,
)
STEAMER = Thing(
    "steamer",
    "steamers",
    "a",
    (
        fill("wood", bar(16, 20, 1.6, 40)),
        fill("wood", bar(84, 24, 1.6, 36)),
        line("dark", 0.5, "M 17 20 L 40 30 M 85 24 L 64 30 M 17 20 L 4 62 M 85 24 L 97 60"),
        fill("stone", "M 42 18 H 49 V 34 H 41 Z M 53 18 H 60 V 34 H 52 Z"),
        fill("dark", bar(41.4, 16, 8, 5) + bar(52.4, 16, 8, 5)),
        fill("paper", bar(34, 32, 34, 9)),
        fill("paper", bar(27, 40, 48, 11)),
        fill("paper", bar(20, 50, 62, 12)),
        fill("dark", "".join(bar(x, 34.5, 2.4, 3.4) for x in range(37, 66, 5))),
        fill("dark", "".join(disc(x, 45.6, 1.4) for x in range(31, 73, 5))),
        fill("dark", "".join(disc(x, 56, 1.4) for x in range(25, 80, 5))),
        fill("colour", "M 1 60 H 99 Q 96 74 90 82 H 10 Q 3 72 1 60 Z"),
        patch("paper", "M 0 64 H 100", 1.6),
        patch("deep", "M 0 76 H 100 V 90 H 0 Z"),
        fill("dark", "".join(disc(x, 70, 1.1) for x in range(14, 90, 6))),
    ),
    0.4,
)
DINGHY = Thing(
    "dinghy",
    "dinghies",
    "a",
    (
        fill("colour", "M 4 52 Q 50 66 96 48 Q 90 80 76 84 H 22 Q 10 76 4 52 Z"),
        fill("deep", "M 10 54 Q 50 66 90 51 L 86 58 Q 50 70 14 60 Z"),
        patch("paper", "M 0 70 H 100", 3),
        fill("wood", "M 26 54 H 74 L 72 60 H 28 Z"),
    ),
    1.6,
)


_ON_QUAY = Crowd(
    "on the quay",
    named=0.26,
    laden=0.12,
    signs=2,
    people=48,
    stacks=13,
    extras=120,
    posts=3,
    kinds=(BARREL, BARREL, CRATE, CRATE, SACK, SACK, BOLLARD, COIL, COIL, BARROW),
)


def draw_harbour(stage: Stage) -> None:
    """Draw it from the sky to what is nearest."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    wide, high = canvas.width, canvas.height
    horizon, far, near = 0.34 * high, 0.47 * high, 0.76 * high
    draw_sky(canvas, stage.mood, rng, horizon)
    _draw_hills(stage, horizon)
    fly(stage, horizon, 0.14, 14)
    _draw_sea(stage, horizon, near)
    shore = float(rng.uniform(0.56, 0.7)) * wide
    mirrored = bool(rng.random() < 0.5)
    left, right = (wide - shore, wide + 40 * u) if mirrored else (-40 * u, shore)
    ledges = draw_row(stage, left, right, far, (74, 150))
    draw_quay_wall(stage, left, right, far, 13 * u)
    fill_ledges(stage, ledges, 0.26, 3)
    _draw_lighthouse(stage, 0.16 * wide if mirrored else 0.86 * wide, horizon + 22 * u)
    _people_on_far_quay(stage, left, right, far)
    jetty = float(rng.uniform(0.16, 0.84)) * wide
    _draw_ships(stage, far, near, jetty)
    _draw_jetty(stage, near, jetty)
    draw_coping(stage, near - 2 * u, 8 * u)
    draw_paving(stage, near + 6 * u, (178, 168, 154))
    _ON_QUAY.draw(stage, near + 9 * u, high - 3 * u)
    finish(canvas, stage.mood, rng, stage.lights)


def _draw_hills(stage: Stage, horizon: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    x = np.linspace(0, canvas.width, 60)
    for distance, ink, lift in ((0.9, (104, 124, 134), 70), (0.6, (104, 128, 108), 44)):
        y = np.zeros(60)
        for wave in (1.3, 2.7, 5.1):
            y += np.sin(x / canvas.width * 6.3 * wave + rng.uniform(0, 6.3)) / wave
        y = horizon - np.maximum(6, lift * (0.55 + 0.4 * y)) * canvas.unit
        ends = np.array([[canvas.width, horizon + 4], [0, horizon + 4]])
        canvas.area(np.concatenate([np.stack([x, y], 1), ends]), stage.mood.far(ink, distance))


def _draw_sea(stage: Stage, top: float, bottom: float) -> None:
    canvas, mood = stage.canvas, stage.mood
    deep: Rgb = (34, 50, 92) if mood.hour == "night" else (66, 122, 142)
    bands = (mix(deep, mood.haze, 0.55), mix(deep, mood.sky[0], 0.25), deep)
    canvas.gradient(top, bottom + 2, bands)
    draw_waves(stage, top, bottom, deep)


def _draw_lighthouse(stage: Stage, x: float, base: float) -> None:
    canvas, u, mood = stage.canvas, stage.canvas.unit, stage.mood
    rock, tower, band = (
        mood.far(ink, 0.35) for ink in ((116, 112, 110), (232, 226, 214), (170, 104, 96))
    )
    canvas.area(
        f"M {x - 70 * u} {base + 4 * u} Q {x - 40 * u} {base - 20 * u} {x} {base - 24 * u} "
        f"Q {x + 50 * u} {base - 18 * u} {x + 76 * u} {base + 4 * u} Z",
        rock,
    )
    y, low = base - 118 * u, base - 20 * u
    canvas.area(f"M {x - 9 * u} {y} H {x + 9 * u} L {x + 14 * u} {low} H {x - 14 * u} Z", tower)
    for share in (0.12, 0.46, 0.8):
        top, bottom = y + share * 98 * u, y + (share + 0.16) * 98 * u
        half = (9 + 5 * share) * u
        canvas.area(f"M {x - half} {top} H {x + half} V {bottom} H {x - half} Z", band)
    canvas.area(
        f"M {x + 3 * u} {y} H {x + 9 * u} L {x + 14 * u} {low} H {x + 5 * u} Z",
        shade(tower, 0.3),
        0.5,
    )
    canvas.rectangle(x - 12 * u, y - 3 * u, x + 12 * u, y, (84, 82, 92))
    if mood.hour in {"night", "evening"}:
        canvas.glow(x, y - 10 * u, 70 * u, (255, 236, 176), 0.8)
    canvas.rectangle(x - 7 * u, y - 17 * u, x + 7 * u, y - 3 * u, (255, 236, 176))
    canvas.rectangle(x - 0.8 * u, y - 17 * u, x + 0.8 * u, y - 3 * u, (84, 82, 92))
    canvas.area(
        f"M {x - 10 * u} {y - 16 * u} L {x} {y - 28 * u} L {x + 10 * u} {y - 16 * u} Z", band
    )


def _draw_ships(stage: Stage, far: float, near: float, jetty: float) -> None:
    """A steamer, trawlers and dinghies, from far to near; things swim between them."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    top, low = far + 26 * u, near - 4 * u
    ships = [(STEAMER, float(rng.uniform(220, 290)), 0.2)]
    ships += [
        (TRAWLER, float(rng.uniform(92, 150)), float(rng.uniform(0.1, 0.85))) for _ in range(5)
    ]
    ships += [(DINGHY, float(rng.uniform(36, 60)), float(rng.uniform(0.15, 0.9))) for _ in range(9)]
    ships += [(BUOY, float(rng.uniform(9, 16)), float(rng.uniform(0, 1))) for _ in range(7)]
    swimming = [(None, 0.0, float(rng.uniform(0.1, 0.9))) for _ in range(stage.count(0.16))]
    taken: list[tuple[float, float]] = []
    for kind, size, depth in sorted([*ships, *swimming], key=lambda ship: ship[2]):
        y = top + depth * (low - top)
        for _ in range(14):
            x = float(rng.uniform(0.06, 0.94)) * canvas.width
            if abs(x - jetty) < (64 + size / 2) * u and y > near - 0.16 * canvas.height:
                continue
            if kind is None:
                if stage.thing(x, y, "on the water", ON_WATER, shadow=0):
                    draw_ripple(canvas, x, y, 14 * u)
                    break
            elif all(abs(x - other) > (size + reach) * 0.46 * u for other, reach in taken[-4:]):
                taken.append((x, size))
                _moor(stage, kind, x, y, size)
                break


def _moor(stage: Stage, kind: Thing, x: float, y: float, size: float) -> None:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    hull = _HULLS[int(rng.integers(len(_HULLS)))]
    mirrored = bool(rng.random() < 0.5)
    if kind is BUOY:
        if stage.prop(BUOY, x, y, size):
            draw_ripple(canvas, x, y, size * 0.5 * u)
        return
    person = sample_person(rng)
    if kind is DINGHY:  # who sits in it is drawn before its side
        stage.prop(person, x, y - 0.1 * size * u, size * 0.6, tilt=0)
    drawn = canvas.draw(kind, size * u, hull, (x, y), mirrored=mirrored)
    if drawn is None:
        return
    high, side = drawn[1], -1 if mirrored else 1
    draw_ripple(canvas, x, y - u, size * 0.5 * u)
    if kind is DINGHY:
        if rng.random() < 0.25:
            stage.thing(x + side * size * 0.26 * u, y - high * 0.7, "in a dinghy")
    elif kind is TRAWLER:
        stage.prop(person, x + side * size * 0.2 * u, y - high * 0.34, size * 0.2)
        if rng.random() < 0.5:
            stage.thing(x + side * size * 0.3 * u, y - high * 0.37, "on a ship")
    else:
        for share in rng.choice((-0.42, -0.36, 0.38, 0.43, 0.0, 0.1), 2, replace=False):
            stage.thing(x + share * size * u, y - high * 0.335, "on a ship")


def _draw_jetty(stage: Stage, near: float, x: float) -> None:
    """A jetty of planks from the quay into the water, with things and people on it."""
    canvas, rng, u, ink = stage.canvas, stage.rng, stage.canvas.unit, (168, 136, 104)
    far, narrow, broad = near - 0.15 * canvas.height, 22 * u, 34 * u
    shift = float(rng.uniform(-34, 34)) * u
    for y in np.linspace(far, near, 5):
        share = (y - far) / (near - far)
        middle, half = x + shift * (1 - share), narrow + (broad - narrow) * share
        for side in (-half, half - 5 * u):
            canvas.rectangle(middle + side, y, middle + side + 5 * u, y + 16 * u, (104, 84, 76))
    corners = [[x + shift - narrow, far], [x + shift + narrow, far], [x + broad, near + 8 * u]]
    canvas.area(np.array([*corners, [x - broad, near + 8 * u]]), ink)
    for y in np.arange(far, near, 4.2 * u):
        share = (y - far) / (near - far)
        middle, half = x + shift * (1 - share), narrow + (broad - narrow) * share
        tint = shade(ink, float(rng.uniform(-0.16, 0.12)))
        step = (
            (broad - narrow - shift) * 3.4 * u / (near - far),
            (broad - narrow + shift) * 3.4 * u / (near - far),
        )
        left, right = middle - half, middle + half
        corners = [
            [left, y],
            [right, y],
            [right + step[0], y + 3.4 * u],
            [left - step[1], y + 3.4 * u],
        ]
        canvas.area(np.array(corners), tint)
    for y in np.sort(rng.uniform(far + 6 * u, near - 4 * u, 9)):
        share = (y - far) / (near - far)
        middle, half = x + shift * (1 - share), narrow + (broad - narrow) * share - 8 * u
        at = middle + float(rng.uniform(-half, half))
        choice = rng.random()
        if choice < 0.25:
            stage.thing(at, float(y), "on the jetty")
        elif choice < 0.6:
            stage.prop(sample_person(stage.rng), at, float(y), 34)
        else:
            stage.prop((COIL, BARREL, BOLLARD)[int(rng.integers(3))], at, float(y), 13)


def _people_on_far_quay(stage: Stage, left: float, right: float, y: float) -> None:
    rng, u = stage.rng, stage.canvas.unit
    for _ in range(stage.count(0.08)):
        stage.thing(rng.uniform(left + 20 * u, right - 20 * u), y + 2 * u, "on the far quay")
    for _ in range(stage.scaled(38)):
        person, size = sample_person(stage.rng), 26 * rng.uniform(0.85, 1.05)
        stage.prop(person, rng.uniform(left, right), y + 2 * u, size)
    for _ in range(stage.scaled(22)):
        kind = (CRATE, BARREL, SACK)[int(rng.integers(3))]
        stage.prop(kind, rng.uniform(left, right), y + 2.6 * u, rng.uniform(8, 13))
