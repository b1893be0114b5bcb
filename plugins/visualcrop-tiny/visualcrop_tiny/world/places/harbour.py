"""A harbour: sea and sky, houses along the far quay, ships, a jetty, and a quay in front."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import attrs
import numpy as np

from ..drawing import Thing, fill, line, patch
from ..palette import Rgb, mix
from ..paths import Points, bar, disc
from .canvas import shade
from .crowds import Crowd, draw_foreground, fill_ledges, fly
from .extras import (
    BARREL,
    BARROW,
    BOLLARD,
    BUOY,
    COIL,
    CRATE,
    SACK,
    draw_extra,
    sample_person,
)
from .ground import draw_coping, draw_paving, draw_quay_wall
from .houses import SNOW, House, draw_row
from .stage import ON_WATER, Stage
from .water import draw_reflection, draw_ripple, draw_waves
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
        patch("paper", "M 2 62 Q 50 76 98 58", 3),
        fill("deep", "M 10 54 Q 50 66 90 51 L 86 58 Q 50 70 14 60 Z"),
        fill("wood", "M 26 54 H 74 L 72 60 H 28 Z"),
    ),
    1.6,
)
YACHT = Thing(
    "yacht",
    "yachts",
    "a",
    (
        fill("wood", bar(47, 2, 3, 78)),
        fill("paper", "M 52 6 Q 82 42 86 72 H 52 Z"),
        fill("pale", "M 45 14 V 72 H 14 Q 34 50 45 14 Z"),
        line("stone", 1, "M 56 30 H 70 M 56 50 H 79"),
        fill("colour", "M 6 78 H 96 Q 92 92 80 97 H 22 Q 12 92 6 78 Z"),
        patch("paper", "M 0 83 H 100", 3),
    ),
    1.2,
)
_Range: TypeAlias = tuple[float, float]
_FLEET: tuple[tuple[Thing, tuple[int, int], _Range, _Range], ...] = (  # number, sizes and depths
    (TRAWLER, (2, 5), (92, 150), (0.1, 0.85)),
    (YACHT, (0, 4), (66, 104), (0.1, 0.8)),
    (DINGHY, (6, 10), (34, 52), (0.15, 0.9)),
    (BUOY, (4, 8), (9, 16), (0, 1)),
)
_BANDS: tuple[Rgb, ...] = ((170, 104, 96), (92, 108, 140), (104, 124, 112), (176, 140, 96))
_LADEN = 36  # length of the shortest dinghy with something in it, in thousandths
_WOODS: tuple[Rgb, ...] = ((92, 116, 92), (104, 126, 96), (82, 106, 92))
_EVENING_SEA: tuple[Rgb, ...] = ((222, 150, 140), (120, 112, 146), (62, 92, 122))
_GREY_SEA: tuple[Rgb, ...] = ((162, 150, 152), (112, 114, 132), (68, 88, 110))
_OVERCAST = {"cloudy": 0.3, "mist": 0.65, "snow": 0.7, "rain": 0.85}  # how grey an evening sea is
_MAUVE: Rgb = (126, 104, 140)
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
    horizon = float(rng.uniform(0.3, 0.37)) * high
    far, near = horizon + 0.13 * high, float(rng.uniform(0.72, 0.79)) * high
    sun = draw_sky(canvas, stage.mood, rng, horizon)
    _draw_hills(stage, horizon)
    shore = float(rng.uniform(0.56, 0.7)) * wide
    mirrored = bool(rng.random() < 0.5)
    left, right = (wide - shore, wide + 40 * u) if mirrored else (-40 * u, shore)
    _draw_headland(stage, wide - shore if mirrored else shore, mirrored, horizon)
    _draw_sea(stage, (horizon, near), None if left < sun < right else sun)
    scale, across = float(rng.uniform(0.75, 1.1)), float(rng.uniform(0.09, 0.2)) * wide
    lighthouse = across if mirrored else wide - across
    base = horizon + float(rng.uniform(10, 26)) * u
    site = ("rock", "rock", "mole", "island")[int(rng.integers(4))]
    sea = (0, wide - shore) if mirrored else (shore, wide)
    _sail_far_away(stage, sea, (horizon, far), lighthouse)
    if site == "island":
        _draw_island(stage, lighthouse, base, scale)
    else:
        _draw_lighthouse(stage, lighthouse, base, scale, on_mole=site == "mole")
    ledges = draw_row(stage, left, right, far, (74, 150))
    draw_quay_wall(stage, left, right, far, 13 * u)
    _draw_end(stage, ledges.houses[0 if mirrored else -1], mirrored)
    tower = lighthouse - 16 * u, base - 150 * scale * u, lighthouse + 16 * u, base
    canvas.reserved = [tower, *(house.box for house in ledges.houses)]
    fly(stage, horizon, 0.14, 14)
    jetty = _plan_jetty(stage, near)
    steamer = _plan_steamer(stage, (far, near), jetty, lighthouse)
    canvas.reserved = [(x - s * u / 2, y - 0.7 * s * u, x + s * u / 2, y) for x, y, s in steamer]
    fill_ledges(stage, ledges, 0.26, 3)
    _people_on_far_quay(stage, left, right, far)
    canvas.reserved = []
    _draw_ships(stage, (far, near), jetty, steamer)
    _draw_jetty(stage, jetty)
    draw_coping(stage, near - 2 * u, 8 * u)
    draw_paving(stage, near + 6 * u, (178, 168, 154))
    _ON_QUAY.draw(stage, near + 9 * u, high - 3 * u)
    draw_foreground(stage, (BARREL, CRATE, SACK, BOLLARD, COIL))
    finish(canvas, stage.mood, rng, stage.lights)


def _draw_hills(stage: Stage, horizon: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    x = np.linspace(0, canvas.width, 60)
    snowy = stage.mood.weather == "snow"
    for distance, ink, lift in ((0.9, (104, 124, 134), 70), (0.6, (104, 128, 108), 44)):
        tint = SNOW if snowy else _MAUVE if stage.mood.hour == "evening" else ink
        y = np.zeros(60)
        for wave in (1.3, 2.7, 5.1):
            y += np.sin(x / canvas.width * 6.3 * wave + rng.uniform(0, 6.3)) / wave
        y = horizon - np.maximum(6, lift * (0.55 + 0.4 * y)) * canvas.unit
        ends = np.array([[canvas.width, horizon + 4], [0, horizon + 4]])
        hill = np.concatenate([np.stack([x, y], 1), ends])
        canvas.area(hill, stage.mood.far(shade(tint, 0.1) if snowy else tint, distance))


def _draw_headland(stage: Stage, x: float, mirrored: bool, horizon: float) -> None:  # noqa: FBT001
    """A wooded bank behind the end of the town, lower as it goes out to sea."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    out = -1 if mirrored else 1
    snowy, dusky = stage.mood.weather == "snow", stage.mood.hour == "evening"
    for far in np.sort(rng.uniform(-60, 130, 150))[::-1]:
        ink = _WOODS[int(rng.integers(len(_WOODS)))]
        ink = mix(ink, SNOW if snowy else _MAUVE, 0.7 if snowy else 0.5 if dusky else 0)
        low = horizon - float(rng.random()) * 0.24 * (130 - far) * u
        radius = float(rng.uniform(4, 4 + 0.05 * (130 - far))) * u
        canvas.dot(x + out * far * u, low, radius, stage.mood.far(ink, 0.55))


def _draw_end(stage: Stage, house: House, mirrored: bool) -> None:  # noqa: FBT001
    """The side of the last house of a row, and the quay that goes on a little behind it."""
    canvas, u, out = stage.canvas, stage.canvas.unit, -1 if mirrored else 1
    x, top, base = house.left if mirrored else house.right, house.top, house.base

    def draw(ink: Rgb, *corners: tuple[float, float]) -> None:
        canvas.area(np.array([[x + out * across * u, y] for across, y in corners]), ink)

    low, stone = base + 13 * u, (150, 142, 136)
    draw(shade(stone, -0.1), (0, base), (34, base), (22, base - 8 * u), (0, base - 8 * u))
    draw(stone, (0, base), (34, base), (34, low), (0, low))
    draw(shade(stone, -0.3), (0, base), (34, base), (34, base + 3.4 * u), (0, base + 3.4 * u))
    draw((84, 98, 88), (0, low - 3 * u), (34, low - 3 * u), (34, low), (0, low))
    draw(shade(house.wall, 0.36), (0, top), (14, top + 9 * u), (14, base - 5 * u), (0, base))
    draw(
        shade(house.roof, 0.4),
        (-1, top - 2 * u),
        (17, top + 8 * u),
        (17, top + 11 * u),
        (-1, top + 2 * u),
    )


def _draw_sea(stage: Stage, span: tuple[float, float], sun: float | None) -> None:
    """Water from the horizon to the near quay; a low *sun* in sight has a path on it."""
    canvas, rng, u, mood, (top, bottom) = (
        stage.canvas,
        stage.rng,
        stage.canvas.unit,
        stage.mood,
        span,
    )
    bands: tuple[Rgb, ...] = _EVENING_SEA
    if mood.hour != "evening":
        deep: Rgb = (66, 122, 142)
        if mood.weather in {"rain", "snow"}:
            deep = mix(deep, (104, 120, 134), 0.5)
        bands = (mix(deep, mood.haze, 0.55), mix(deep, mood.sky[0], 0.25), deep)
    elif mood.weather != "clear":
        grey = _OVERCAST[mood.weather]
        bands = tuple(mix(*inks, grey) for inks in zip(bands, _GREY_SEA, strict=True))
    canvas.gradient(top, bottom + 2, bands)
    draw_waves(stage, top, bottom, bands[-1] if mood.hour != "evening" else bands[1])
    if sun is None or mood.weather != "clear" or mood.hour == "noon":
        return
    for y in np.linspace(top + 2 * u, bottom, 90):
        share = (y - top) / (bottom - top)
        middle = sun + float(rng.normal(0, 1)) * (5 + 14 * share) * u
        half, thick = float(rng.uniform(4, 9 + 16 * share)) * u, (0.5 + 1.1 * share) * u
        glint = f"M {middle - half} {y} Q {middle} {y - thick} {middle + half} {y} "
        canvas.area(
            f"{glint} Q {middle} {y + thick} {middle - half} {y} Z",
            (255, 226, 178),
            0.75 - 0.3 * share,
        )


def _sail_far_away(
    stage: Stage, sea: tuple[float, float], span: tuple[float, float], lighthouse: float
) -> None:
    """Small sails on the open *sea*, larger as they come nearer; none before the lighthouse."""
    canvas, rng, u, (top, low) = stage.canvas, stage.rng, stage.canvas.unit, span
    for share in np.sort(rng.uniform(0.08, 0.7, int(rng.integers(0, 6)))):
        x, y = float(rng.uniform(*sea)), top + float(share) * (low - top)
        size, ink = 9 + 26 * float(share), _HULLS[int(rng.integers(len(_HULLS)))]
        if abs(x - lighthouse) < 100 * u:
            continue
        sprite = draw_extra(YACHT, round(size * u), stage.mood.far(ink, 0.4))
        if canvas.place(sprite, x, y, shadow=0):
            draw_ripple(canvas, x, y, 0.5 * size * u)


def _draw_island(stage: Stage, x: float, base: float, scale: float) -> None:
    """A low wooded island with a beach."""
    canvas, rng, mood, u = stage.canvas, stage.rng, stage.mood, scale * stage.canvas.unit
    snowy, dusky = mood.weather == "snow", mood.hour == "evening"
    canvas.shade_ground(x, base + 5 * u, 210 * u, 14 * u, 0.4)
    beach = mood.far((206, 190, 156), 0.35)
    canvas.area(
        f"M {x - 96 * u} {base + 3 * u} Q {x} {base - 16 * u} {x + 96 * u} {base + 3 * u} "
        f"Q {x} {base + 8 * u} {x - 96 * u} {base + 3 * u} Z",
        beach,
    )
    for high in np.sort(rng.uniform(0, 1, 90))[::-1]:
        ink = _WOODS[int(rng.integers(len(_WOODS)))]
        ink = mix(ink, SNOW if snowy else _MAUVE, 0.6 if snowy else 0.4 if dusky else 0)
        half = 70 * (1 - high) ** 0.6
        across = float(rng.uniform(-half, half))
        canvas.dot(
            x + across * u,
            base - (9 + 33 * float(high)) * u,
            float(rng.uniform(5, 9)) * (1 - 0.4 * abs(across) / 70) * u,
            mood.far(shade(ink, float(rng.uniform(-0.1, 0.12))), 0.35),
        )
    draw_ripple(canvas, x, base + 4 * u, 100 * u)


def _draw_mole(stage: Stage, x: float, base: float, u: float, ink: Rgb) -> None:
    """A wall of stones from the nearer side of the picture to the lighthouse on its end."""
    canvas, rng = stage.canvas, stage.rng
    left, right = (-u, x + 44 * u) if x < canvas.width / 2 else (x - 44 * u, canvas.width + u)
    top, low = base - 22 * u, base + 3 * u
    snowy = stage.mood.weather == "snow"
    canvas.rectangle(left, top, right, low, shade(ink, 0.1))
    canvas.rectangle(left, top - 2 * u, right, top + 2 * u, SNOW if snowy else shade(ink, -0.3))
    for row, y in enumerate(np.arange(top + 7 * u, low, 6 * u)):
        canvas.rectangle(left, y, right, y + 0.7 * u, shade(ink, 0.3))
        for at in np.arange(left + (row % 2) * 8 * u, right, 16 * u):
            canvas.rectangle(at, y - 5 * u, at + 0.7 * u, y, shade(ink, 0.3))
    for at in np.arange(left, right + 3 * u, 6 * u):  # boulders at its foot
        size = float(rng.uniform(3, 5.5)) * u
        tint = shade(ink, float(rng.uniform(-0.1, 0.3)))
        canvas.dot(float(at), low + float(rng.uniform(-1, 2)) * u, size, tint)
    for at in rng.uniform(left, right, int((right - left) / (9 * u))):
        y = low + float(rng.uniform(4, 6)) * u
        canvas.dot(float(at), y, float(rng.uniform(1, 2)) * u, (226, 236, 236))


def _draw_lighthouse(stage: Stage, x: float, base: float, scale: float, *, on_mole: bool) -> None:
    canvas, rng, mood, u = stage.canvas, stage.rng, stage.mood, scale * stage.canvas.unit
    inks = ((132, 126, 124), (232, 226, 214), _BANDS[int(rng.integers(len(_BANDS)))])
    rock, tower, band = (mood.far(ink, 0.35) for ink in inks)
    (_draw_mole if on_mole else _draw_rock)(stage, x, base, u, rock)
    y, low = base - 118 * u, base - 20 * u
    canvas.area(f"M {x - 9 * u} {y} H {x + 9 * u} L {x + 14 * u} {low} H {x - 14 * u} Z", tower)
    for share in (0.12, 0.46, 0.8):
        top, bottom = y + share * 98 * u, y + (share + 0.16) * 98 * u
        upper, lower = (9 + 5 * share) * u, (9 + 5 * (share + 0.16)) * u
        canvas.area(
            f"M {x - upper} {top} H {x + upper} L {x + lower} {bottom} H {x - lower} Z", band
        )
    canvas.area(
        f"M {x + 3 * u} {y} H {x + 9 * u} L {x + 14 * u} {low} H {x + 5 * u} Z",
        shade(tower, 0.3),
        0.5,
    )
    canvas.rectangle(x - 12 * u, y - 3 * u, x + 12 * u, y, (84, 82, 92))
    if mood.is_dark:
        canvas.glow(x, y - 10 * u, 70 * u, (255, 236, 176), 0.8)
    pane: Rgb = (255, 236, 176) if mood.is_dark else (214, 224, 226)
    canvas.rectangle(x - 7 * u, y - 17 * u, x + 7 * u, y - 3 * u, pane)
    canvas.rectangle(x - 0.8 * u, y - 17 * u, x + 0.8 * u, y - 3 * u, (84, 82, 92))
    canvas.area(
        f"M {x - 10 * u} {y - 16 * u} L {x} {y - 28 * u} L {x + 10 * u} {y - 16 * u} Z", band
    )


def _draw_rock(stage: Stage, x: float, base: float, u: float, ink: Rgb) -> None:
    """A jagged rock, lit from the left, with foam at its foot."""
    canvas, rng, snowy = stage.canvas, stage.rng, stage.mood.weather == "snow"
    across = np.linspace(-72, 76, 13)
    tops = 27 * np.clip(1 - (across / 80) ** 2, 0, 1) ** 0.7 + rng.uniform(-5, 3, 13)
    tops[[0, -1]], tops[5:8] = -3, 23
    ridge = np.stack([x + across * u, base - tops * u], 1)
    canvas.shade_ground(x, base + 6 * u, 170 * u, 16 * u, 0.5)
    canvas.area(np.concatenate([ridge, [[x, base + 7 * u]]]), ink)
    for number, (one, other) in enumerate(pairwise(ridge)):
        foot = [x + 0.8 * (one[0] - x), base + 3.6 * u]
        facing = float(other[1] - one[1]) / u  # down to the right is away from the light
        tint = shade(ink, -0.16 if facing < -1 else 0.28 if facing > 1 else 0.12)
        tint = mix(tint, SNOW, 0.55) if snowy and number % 3 else tint
        canvas.area(np.array([one, other, foot]), tint)
    draw_ripple(canvas, x, base + 3 * u, 84 * u)
    for place in rng.uniform(-74, 76, 26):
        canvas.dot(
            x + place * u,
            base + float(rng.uniform(2, 5)) * u,
            float(rng.uniform(1, 2.4)) * u,
            (226, 236, 236),
        )


def _plan_steamer(
    stage: Stage, span: tuple[float, float], jetty: _Jetty, lighthouse: float
) -> list[tuple[float, float, float]]:
    """Where a steamer lies, x and y, and its size; none in some harbours."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    y, size = span[0] + 26 * u + 0.14 * (span[1] - span[0]), float(rng.uniform(200, 270))
    half = 0.6 * size * u
    for x in rng.uniform(0.14, 0.86, int(rng.choice((0, 9, 9)))) * canvas.width:
        if abs(x - lighthouse) > half and not jetty.crosses(x, y, half):
            return [(float(x), y, size)]
    return []


def _draw_ships(
    stage: Stage,
    span: tuple[float, float],
    jetty: _Jetty,
    steamer: Sequence[tuple[float, float, float]],
) -> None:
    """The steamer, and trawlers and dinghies from far to near; things swim between them."""
    canvas, rng, u, (far, near) = stage.canvas, stage.rng, stage.canvas.unit, span
    top, low = far + 26 * u, near - 4 * u
    ships: list[tuple[Thing | None, float, float]] = []
    for ship, numbers, sizes, depths in _FLEET:
        number = int(rng.integers(numbers[0], numbers[1] + 1))
        of_kind = zip(rng.uniform(*sizes, number), rng.uniform(*depths, number), strict=True)
        ships += [(ship, float(size), float(depth)) for size, depth in of_kind]
    ships += [(None, 20, float(rng.uniform(0.1, 0.9))) for _ in range(stage.count(0.16))]
    taken = [(x, y, size) for x, y, size in steamer if _float(stage, STEAMER, (x, y), size)]
    for kind, full, depth in sorted(ships, key=lambda ship: ship[2]):
        y, size = top + depth * (low - top), full * (0.7 + 0.5 * depth if full < 60 else 1)
        for _ in range(14):
            x = float(rng.uniform(0.06, 0.94)) * canvas.width
            apart = (
                abs(x - a) > 0.55 * (size + b) * u or y - c > 0.75 * size * u for a, c, b in taken
            )
            free = not jetty.crosses(x, y, (size / 2 + 6) * u) and all(apart)
            if free and _float(stage, kind, (x, y), size):
                taken.append((x, y, size))
                break


def _float(stage: Stage, kind: Thing | None, at: tuple[float, float], size: float) -> bool:
    """A ship, a buoy, or a named thing on the water; false where there is no room."""
    canvas, rng, u, (x, y) = stage.canvas, stage.rng, stage.canvas.unit, at
    if kind is None or kind is BUOY:
        if kind is None:
            put = stage.thing(x, y, "on the water", ON_WATER, shadow=0)
        else:
            put = stage.prop(BUOY, x, y, size)
        if put:
            draw_ripple(canvas, x, y, 0.6 * size * u)
        return put
    hull, mirrored = _HULLS[int(rng.integers(len(_HULLS)))], bool(rng.random() < 0.5)
    if kind is DINGHY:  # who sits in it is drawn before its side
        if not canvas.has_place(x, y, 0.72 * size * u, size * u):
            return False
        stage.prop(sample_person(rng), x, y - 0.12 * size * u, 0.56 * size, tilt=0)
    drawn = canvas.draw(kind, size * u, hull, at, mirrored=mirrored)
    if drawn is None:
        return False
    draw_reflection(canvas, x, y, 0.45 * size * u)
    draw_ripple(canvas, x, y - u, 0.5 * size * u)
    _load(stage, kind, at, (-size if mirrored else size, drawn[1]))
    return True


def _load(stage: Stage, kind: Thing, at: tuple[float, float], size: tuple[float, float]) -> None:
    """Who and what is on a ship; its *size* is the length to the bow, and the height in pixels."""
    rng, u, (x, y), (long, high) = stage.rng, stage.canvas.unit, at, size
    if kind is DINGHY:
        if rng.random() < 0.25 and abs(long) > _LADEN:
            stage.thing(x + long * 0.26 * u, y - high * 0.7, "in a dinghy")
    elif kind is TRAWLER:
        stage.prop(sample_person(rng), x + long * 0.2 * u, y - high * 0.34, abs(long) * 0.2)
        if rng.random() < 0.5:
            stage.thing(x + long * 0.3 * u, y - high * 0.37, "on a ship")
    elif kind is STEAMER:
        for share in rng.choice((-0.42, 0.43), 2, replace=False):
            stage.thing(x + share * long * u, y - high * 0.335, "on a ship")


@attrs.frozen
class _Jetty:
    """A jetty from the near quay into the water: where it begins and ends, in pixels."""

    far: float
    near: float
    start: float  # x of its middle, far away
    end: float
    narrow: float  # half its width, far away
    broad: float

    def edges(self, y: float) -> tuple[float, float]:
        """Left and right at a height."""
        share = (y - self.far) / (self.near - self.far)
        middle = self.start + (self.end - self.start) * share
        half = self.narrow + (self.broad - self.narrow) * share
        return middle - half, middle + half

    def part(self, top: float, bottom: float) -> Points:
        """Its planks between two heights."""
        (a, b), (c, d) = self.edges(top), self.edges(bottom)
        return np.array([[a, top], [b, top], [d, bottom], [c, bottom]])

    def crosses(self, x: float, y: float, reach: float) -> bool:
        """Whether something on the water that is twice *reach* wide would touch it."""
        left, right = self.edges(max(y, self.far))
        return y > self.far - 0.45 * reach and left - reach < x < right + reach


def _plan_jetty(stage: Stage, near: float) -> _Jetty:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    end = float(rng.uniform(0.16, 0.84)) * canvas.width
    far = near - float(rng.uniform(0.1, 0.19)) * canvas.height
    start = end + 0.22 * (0.5 * canvas.width - end) + float(rng.uniform(-12, 12)) * u
    return _Jetty(far, near + 8 * u, start, end, 22 * u, 36 * u)


def _draw_jetty(stage: Stage, jetty: _Jetty) -> None:
    """Planks on posts, with things and people on it."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    snowy, dusky = stage.mood.weather == "snow", stage.mood.hour == "evening"
    ink: Rgb = (216, 214, 216) if snowy else (168, 136, 104)
    ink = mix(ink, _MAUVE, 0.3) if snowy and dusky else ink
    far, near, wood = jetty.far, jetty.near, (104, 84, 76)
    canvas.area(jetty.part(far, near) + np.array([5 * u, 9 * u]), shade((60, 84, 104), 0.3), 0.45)
    for y in np.linspace(far, near - 12 * u, 5):
        left, right = jetty.edges(float(y))
        for x in (left - 3 * u, right - u):
            canvas.rectangle(x, y - 5 * u, x + 4 * u, y + 13 * u, wood)
            canvas.rectangle(x, y - 5 * u, x + 1.4 * u, y + 13 * u, shade(wood, -0.3))
    left, right = jetty.edges(far)
    canvas.area(jetty.part(far, near), shade(ink, 0.3))
    for y in np.arange(far, near, 4.2 * u):
        tint = shade(ink, float(rng.uniform(-0.14, 0.1)))
        canvas.area(jetty.part(float(y), min(float(y) + 3.4 * u, near)), tint)
    for number, y in enumerate(np.linspace(far + 9 * u, near - 14 * u, 8)):
        left, right = jetty.edges(float(y))
        share = 0.26 + 0.48 * (number % 2) + float(rng.uniform(-0.1, 0.1))  # on either side
        at = left + share * (right - left)
        choice = rng.random()
        if choice < 0.25:
            stage.thing(at, float(y), "on the jetty")
        elif choice < 0.6:
            stage.prop(sample_person(stage.rng), at, float(y), 24 + 5 * (y - far) / (near - far))
        else:
            stage.prop((COIL, BARREL, BOLLARD)[int(rng.integers(3))], at, float(y), 13)


def _people_on_far_quay(stage: Stage, left: float, right: float, y: float) -> None:
    rng, u = stage.rng, stage.canvas.unit
    for _ in range(stage.count(0.08)):
        stage.thing(rng.uniform(left + 20 * u, right - 20 * u), y + 2 * u, "on the far quay")
    spots = rng.permutation(np.arange(left, right, 13 * u))  # nobody stands in somebody else
    for x in spots[: stage.scaled(30)]:
        person, size = sample_person(stage.rng), 26 * rng.uniform(0.85, 1.05)
        stage.prop(person, float(x + rng.uniform(-2, 2) * u), y + 2 * u, size)
    for _ in range(stage.scaled(22)):
        kind = (CRATE, BARREL, SACK)[int(rng.integers(3))]
        stage.prop(kind, rng.uniform(left, right), y + 2.6 * u, rng.uniform(8, 13))
