"""A wall of shelves: books, boxes, pots and pictures, and things put down before them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..palette import Rgb
from .canvas import shade
from .extras import (
    CARTON,
    FERN,
    GLOBE,
    HOURGLASS,
    MUTED,
    POT,
    RADIO,
    draw_extra,
    sample_muted,
)
from .marks import MARKS
from .stage import Stage
from .weather import finish

ABSENT = frozenset({"book", "bottle"})
_WOODS: tuple[Rgb, ...] = ((150, 108, 78), (178, 142, 106), (116, 84, 70), (206, 192, 170))
_WALLS: tuple[Rgb, ...] = ((108, 120, 122), (134, 118, 112), (112, 116, 138), (126, 130, 108))
_SOLID = (POT, FERN, CARTON, CARTON, GLOBE, RADIO, HOURGLASS)


def draw_shelf(stage: Stage) -> None:
    """Draw it from the wall to what stands in front."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    wood, wall = (inks[int(rng.integers(len(inks)))] for inks in (_WOODS, _WALLS))
    dark = float(rng.uniform(0.02, 0.4))
    canvas.gradient(0, canvas.height, (shade(wall, dark), shade(wall, dark + 0.12)))
    board, rows = 7 * u, max(4, round(canvas.height / (112 * u)))
    edges = np.linspace(0, canvas.height - 6 * u, rows + 1)
    bays = [
        (left, right, float(top) + board, float(bottom), row)
        for row, (top, bottom) in enumerate(pairwise(edges))
        for left, right in _bays(stage)
    ]
    share = 0.96 / len(bays)
    for left, right, top, bottom, _ in bays:
        _shade_bay(stage, left, right, top, bottom)
        _fill_bay(stage, left, right, top, bottom)
        canvas.rectangle(left - 3.5 * u, top - board, left + 3.5 * u, bottom, wood)
        canvas.rectangle(left + 2.5 * u, top, left + 3.5 * u, bottom, shade(wood, 0.3))
        canvas.rectangle(left - 3.5 * u, top, left - 2.5 * u, bottom, shade(wood, -0.2))
        canvas.rectangle(left - 4 * u, bottom, right + 4 * u, bottom + board, wood)
        canvas.rectangle(left - 4 * u, bottom, right + 4 * u, bottom + 1.4 * u, shade(wood, -0.3))
        low = bottom + board
        canvas.rectangle(left - 4 * u, low - 1.2 * u, right + 4 * u, low, shade(wood, 0.35))
    for left, right, _, bottom, row in bays:
        where = (
            ("on the top shelf" if row == 0 else "on the bottom shelf")
            if row
            in {
                0,
                rows - 1,
            }
            else f"on shelf {row + 1} from the top"
        )
        _stand_in_front(stage, (left, right, bottom + 2 * u), where, share)
    finish(canvas, stage.mood, rng, outdoors=False)


def _bays(stage: Stage) -> list[tuple[float, float]]:
    """Left and right sides of the bays of one row."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    x, bays = float(rng.uniform(-90, -4)) * u, list[tuple[float, float]]()
    while x < canvas.width:
        wide = float(rng.uniform(120, 250)) * u
        bays.append((x, x + wide))
        x += wide
    return bays


def _shade_bay(stage: Stage, left: float, right: float, top: float, bottom: float) -> None:
    """The shadow that the board above casts on the wall."""
    canvas, u = stage.canvas, stage.canvas.unit
    for high, opacity in ((26, 0.12), (16, 0.14), (8, 0.16)):
        corners = [[left, top], [right, top], [right, min(bottom, top + high * u)]]
        corners.append([left, min(bottom, top + high * u * 1.3)])
        canvas.area(np.array(corners), (26, 20, 40), opacity)


def _fill_bay(stage: Stage, left: float, right: float, top: float, bottom: float) -> None:
    """Books for the most part, with a box, a pot or a picture between them."""
    rng, u = stage.rng, stage.canvas.unit
    x, high, end = left + 5 * u, bottom - top, right - 6 * u
    while end - x > 12 * u:
        choice = rng.random()
        if choice < 0.9:
            draw = _draw_vase if choice < 0.66 else _draw_picture if choice < 0.76 else _draw_solid
            after = None if choice < 0.56 else draw(stage, x, end, bottom, high)
            long = float(rng.uniform(30, 110)) * u
            x = after or _draw_books(stage, x, min(end, x + long), bottom, high)
        else:
            x += 20 * u


def _draw_solid(stage: Stage, left: float, end: float, base: float, high: float) -> float | None:
    """A carton, a plant or such; where it ends, or nothing if it has no room before the *end*."""
    rng, u = stage.rng, stage.canvas.unit
    kind = _SOLID[int(rng.integers(len(_SOLID)))]
    size = round(max(4.0, float(rng.uniform(0.42, 0.62)) * high))
    sprite = draw_extra(kind, size, stage.mood.dim(sample_muted(rng)))
    wide = sprite.size[0]
    if left + wide > end:
        return None
    stage.canvas.place(sprite, left + wide / 2, base)
    return left + wide + 5 * u


def _draw_books(stage: Stage, left: float, right: float, base: float, high: float) -> float:
    """Books side by side, some of them lying; where they end."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    if right - left > 26 * u and rng.random() < 0.24:
        y = base
        for _ in range(int(rng.integers(2, 6))):
            thick, ink = float(rng.uniform(7, 12)) * u, MUTED[int(rng.integers(len(MUTED)))]
            inset = float(rng.uniform(0, 8)) * u
            canvas.rectangle(left + inset, y - thick, right - inset, y, shade(ink, 0.12))
            canvas.rectangle(
                left + inset, y - thick, right - inset, y - thick + u, shade(ink, -0.2)
            )
            canvas.rectangle(
                left + inset + 5 * u, y - thick, left + inset + 8 * u, y, shade(ink, -0.4)
            )
            y -= thick
        return right + 5 * u
    x = left
    while x < right:
        wide, tall = float(rng.uniform(6, 15)) * u, float(rng.uniform(0.6, 0.92)) * high
        if x + wide > right:
            break
        ink = shade(MUTED[int(rng.integers(len(MUTED)))], float(rng.uniform(-0.05, 0.35)))
        top = base - tall
        canvas.rectangle(x, top, x + wide, base, ink)
        canvas.rectangle(x, top, x + 1.2 * u, base, shade(ink, -0.25))
        canvas.rectangle(x + wide - 1.6 * u, top, x + wide, base, shade(ink, 0.3))
        for band in (0.14, 0.2, 0.82):
            if rng.random() < 0.6:
                y = top + band * tall
                canvas.rectangle(x, y, x + wide, y + 2 * u, shade(ink, -0.45))
        if wide > 10 * u:
            label = shade(ink, -0.6)
            canvas.rectangle(
                x + 3 * u, top + 0.34 * tall, x + wide - 3 * u, top + 0.6 * tall, label
            )
        x += wide
    return x + 4 * u


def _draw_vase(stage: Stage, left: float, end: float, base: float, high: float) -> float | None:
    """A vase with twigs; where it ends, or nothing if it has no room before the *end*."""
    canvas, rng = stage.canvas, stage.rng
    ink, wide = MUTED[int(rng.integers(len(MUTED)))], float(rng.uniform(0.22, 0.32)) * high
    tall, x = float(rng.uniform(0.4, 0.5)) * high, left + 0.75 * wide
    if x + 0.75 * wide > end:
        return None
    y = base - tall
    for lean in rng.uniform(-0.7, 0.7, 5):
        tip = x + lean * wide, y - 0.36 * high
        stem = np.array([[x - 1, y], [tip[0], tip[1]], [tip[0] + 2, tip[1]], [x + 1, y]])
        canvas.area(stem, (104, 96, 84))
        for part in (0.5, 0.75, 1.0):
            at = x + (tip[0] - x) * part, y + (tip[1] - y) * part
            canvas.dot(*at, 0.028 * high, shade((128, 142, 118), float(rng.uniform(-0.2, 0.2))))
    path = (
        f"M {x - wide * 0.2} {y} H {x + wide * 0.2} L {x + wide * 0.16} {y + tall * 0.2} "
        f"C {x + wide * 0.7} {y + tall * 0.4} {x + wide * 0.5} {base} {x + wide * 0.26} {base} "
        f"H {x - wide * 0.26} C {x - wide * 0.5} {base} {x - wide * 0.7} {y + tall * 0.4} "
        f"{x - wide * 0.16} {y + tall * 0.2} Z"
    )
    canvas.area(path, ink)
    canvas.dot(x - wide * 0.2, y + tall * 0.5, wide * 0.09, shade(ink, -0.5))
    return left + wide * 1.5


def _draw_picture(stage: Stage, left: float, end: float, base: float, high: float) -> float | None:
    """A framed picture of hills; where it ends, or nothing if it has no room before the *end*."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    wide, tall = float(rng.uniform(0.5, 0.66)) * high, float(rng.uniform(0.56, 0.72)) * high
    top, right = base - tall, left + wide
    if right > end:
        return None
    frame = shade((150, 120, 90), float(rng.uniform(-0.2, 0.4)))
    canvas.rectangle(left, top, right, base, frame)
    canvas.rectangle(left + 3 * u, top + 3 * u, right - 3 * u, base - 3 * u, (232, 226, 214))
    inner = left + 8 * u, top + 8 * u, right - 8 * u, base - 8 * u
    sky = MUTED[int(rng.integers(len(MUTED)))]
    canvas.rectangle(*inner, shade(sky, -0.45))
    middle = (inner[1] + inner[3]) / 2
    canvas.dot(inner[0] + (inner[2] - inner[0]) * 0.7, middle - 5 * u, 4 * u, shade(sky, -0.75))
    ups = middle + rng.uniform(-8, 8, 4) * u
    hills = [*zip(np.linspace(inner[0], inner[2], 4), ups, strict=True)]
    hills += [(inner[2], inner[3]), (inner[0], inner[3])]
    canvas.area(np.array(hills), shade(sky, float(rng.uniform(0.0, 0.4))))
    return right + 6 * u


def _stand_in_front(
    stage: Stage, bay: tuple[float, float, float], where: str, share: float
) -> None:
    """Named things on a board, before the books."""
    rng, (left, right, base) = stage.rng, bay
    u = stage.canvas.unit
    for _ in range(stage.scaled(rng.uniform(2, 6))):
        mark = MARKS[int(rng.integers(len(MARKS)))]
        x = float(rng.uniform(left + 8 * u, max(left + 9 * u, right - 8 * u)))
        stage.prop(mark, x, base, float(rng.uniform(7, 13)), tilt=40)
    number = 24 * share * stage.density
    for _ in range(int(number) + int(rng.random() < number % 1)):
        for _ in range(6):
            x = float(rng.uniform(left + 12 * u, max(left + 13 * u, right - 12 * u)))
            if stage.thing(x, base, where):
                break
    if rng.random() < 0.05 * stage.density or any(wish.name == "sign" for wish in stage.wishes):
        stage.sign(float(rng.uniform(left, right)), base, where, "plate")
