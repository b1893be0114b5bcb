"""A writing desk seen from above: papers, books, and everything that was put down on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ..palette import Rgb, mix
from .canvas import Canvas, shade
from .clutter import Ground, lay, sample_turn, strew
from .extras import MUTED
from .marks import GEAR
from .stage import Stage
from .surfaces import Panel, draw_panel
from .weather import finish

ABSENT = frozenset({"pencil", "book"})
_OVERLAP = 1.5  # of the boxes of two pieces of gear, in thousandths
_SEEN = 0.9  # least of what is seen of a thing before small things are strewn
_WOODS: tuple[Rgb, ...] = ((164, 118, 84), (134, 92, 68), (186, 148, 108), (112, 84, 72))


def draw_desk(stage: Stage) -> None:
    """Draw it from the wood to what lies on top."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    _draw_wood(stage)
    mat = Panel(
        canvas.width * float(rng.uniform(0.4, 0.6)),
        canvas.height * float(rng.uniform(0.5, 0.62)),
        canvas.width * 0.56,
        canvas.height * 0.56,
        0,
        "on the desk mat",
    )
    tint = mix(MUTED[int(rng.integers(len(MUTED)))], (66, 76, 84), 0.5)
    draw_panel(canvas, mat, tint)
    canvas.area(mat.part(-0.485, -0.475, 0.485, 0.475), shade(tint, -0.08))
    panels = [mat]
    for _ in range(stage.scaled(30)):
        kind = _PANELS[int(rng.integers(len(_PANELS)))]
        x, y = rng.uniform(0.04, 0.96) * canvas.width, rng.uniform(0.06, 0.94) * canvas.height
        panels.append(kind(stage, float(x), float(y)))
    for _ in range(3):
        _draw_ring(canvas, rng, 22 * u)
    ground = Ground()
    _put_things(stage, panels, ground)
    strew(stage, panels, ground)
    _draw_window_light(stage)
    finish(canvas, stage.mood, rng, outdoors=False)


def _draw_wood(stage: Stage) -> None:
    """Boards with their grain."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    base = _WOODS[int(rng.integers(len(_WOODS)))]
    y = 0.0
    while y < canvas.height:
        high, ink = float(rng.uniform(70, 120)) * u, shade(base, float(rng.uniform(-0.07, 0.07)))
        canvas.rectangle(0, y, canvas.width, y + high, ink)
        for _ in range(26):
            x, long = rng.uniform(-100 * u, canvas.width), rng.uniform(60, 320) * u
            at, bow = y + rng.uniform(3 * u, high - 3 * u), rng.uniform(-4, 4) * u
            canvas.area(
                f"M {x} {at} Q {x + long / 2} {at + bow} {x + long} {at} "
                f"Q {x + long / 2} {at + bow + 1.6 * u} {x} {at} Z",
                shade(ink, float(rng.choice((0.16, 0.1, -0.1)))),
                0.6,
            )
        canvas.rectangle(0, y, canvas.width, y + max(1.0, u), shade(base, 0.4))
        y += high


def _draw_paper(stage: Stage, x: float, y: float) -> Panel:
    """A written page."""
    rng, u = stage.rng, stage.canvas.unit
    panel = Panel(x, y, 150 * u, 200 * u, float(rng.uniform(-28, 28)), "on a page")
    ink: Rgb = (238, 234, 222) if rng.random() < 0.7 else (226, 222, 204)
    draw_panel(stage.canvas, panel, ink)
    lines = []
    for down in np.arange(-0.42, 0.42, 0.042):
        end, x = float(rng.uniform(0.0, 0.4)) if rng.random() < 0.25 else 0.42, -0.42
        while x < end - 0.02:  # words
            long = min(float(rng.uniform(0.03, 0.13)), 0.43 - x)
            lines.append(panel.part(x, down, x + long, down + 0.011))
            x += long + 0.022
    stage.canvas.area(lines, ((152, 152, 168), (128, 130, 158), (158, 144, 140))[rng.integers(3)])
    return panel


def _draw_book(stage: Stage, x: float, y: float) -> Panel:
    """A closed book."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    panel = Panel(x, y, 118 * u, 164 * u, float(rng.uniform(-40, 40)), "on a book")
    ink = MUTED[int(rng.integers(len(MUTED)))]
    draw_panel(canvas, panel, ink, 4)
    canvas.area(panel.part(-0.5, -0.5, -0.4, 0.5), shade(ink, 0.2))
    canvas.area(panel.part(-0.3, -0.4, 0.42, -0.16), shade(ink, -0.4))
    canvas.area(panel.part(-0.22, -0.33, 0.34, -0.3), shade(ink, 0.4))
    canvas.area(panel.part(-0.16, -0.26, 0.28, -0.235), shade(ink, 0.4))
    canvas.area(panel.part(-0.3, 0.3, 0.42, 0.32), shade(ink, -0.4))
    return panel


def _draw_open_book(stage: Stage, x: float, y: float) -> Panel:
    """An open notebook of squared paper."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    panel = Panel(x, y, 220 * u, 150 * u, float(rng.uniform(-24, 24)), "on a notebook")
    draw_panel(canvas, panel, shade(MUTED[int(rng.integers(len(MUTED)))], 0.2), 3)
    canvas.area(panel.part(-0.485, -0.475, 0.485, 0.475), (240, 236, 224))
    lines = [panel.part(-0.48, at, 0.48, at + 0.006) for at in np.linspace(-0.45, 0.45, 17)]
    lines += [panel.part(at, -0.47, at + 0.004, 0.47) for at in np.linspace(-0.47, 0.47, 25)]
    canvas.area(lines, (206, 214, 222))
    canvas.area(panel.part(-0.03, -0.475, 0.0, 0.475), (208, 200, 190), 0.6)
    canvas.area(panel.part(0.0, -0.475, 0.012, 0.475), (170, 160, 156), 0.7)
    return panel


def _draw_envelope(stage: Stage, x: float, y: float) -> Panel:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    panel = Panel(x, y, 116 * u, 76 * u, float(rng.uniform(-35, 35)), "on an envelope")
    ink: Rgb = (222, 206, 176) if rng.random() < 0.6 else (206, 212, 216)
    draw_panel(canvas, panel, ink)
    flap = np.array([panel.point(-0.5, -0.5), panel.point(0.5, -0.5), panel.point(0, 0.12)])
    canvas.area(flap + 1.2 * u, shade(ink, 0.25))
    canvas.area(flap, shade(ink, -0.25))
    return panel


def _draw_map(stage: Stage, x: float, y: float) -> Panel:
    """A folded map with land, water and roads."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    panel = Panel(x, y, 240 * u, 170 * u, float(rng.uniform(-18, 18)), "on a map")
    draw_panel(canvas, panel, (206, 214, 190))
    turns = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    for _ in range(7):
        wide, high = rng.uniform(0.05, 0.16), rng.uniform(0.06, 0.2)
        across, down = rng.uniform(wide - 0.42, 0.42 - wide), rng.uniform(high - 0.4, 0.4 - high)
        far = 1 + 0.18 * np.sin(3 * turns + rng.uniform(0, 6)) + 0.08 * np.sin(5 * turns)
        shore = zip(
            across + wide * far * np.cos(turns), down + high * far * np.sin(turns), strict=True
        )
        ink: Rgb = (184, 200, 174) if rng.random() < 0.6 else (160, 188, 200)
        canvas.area(np.array([panel.point(*at) for at in shore]), ink)
    for _ in range(6):
        start, end = rng.uniform(-0.48, 0.48, 2)
        points = np.array([panel.point(-0.5, start), panel.point(0.5, end)])
        lower = points[::-1] + np.array([0, 1.6 * u])
        canvas.area(np.concatenate([points, lower]), (226, 206, 150))
    for fold in (-0.25, 0.0, 0.25):
        canvas.area(panel.part(fold, -0.5, fold + 0.008, 0.5), (160, 166, 150), 0.6)
    return panel


def _draw_ruler(stage: Stage, x: float, y: float) -> Panel:
    """A ruler with its marks."""
    canvas, u = stage.canvas, stage.canvas.unit
    panel = Panel(x, y, 230 * u, 24 * u, float(stage.rng.uniform(-60, 60)), "on a ruler")
    ink: Rgb = (204, 178, 122) if stage.rng.random() < 0.6 else (176, 190, 192)
    draw_panel(canvas, panel, ink, 2)
    marks = [
        panel.part(across, -0.5, across + 0.003, -0.22 if number % 4 else 0)
        for number, across in enumerate(np.linspace(-0.48, 0.48, 49))
    ]
    canvas.area(marks, (86, 72, 66))
    return panel


def _draw_photo(stage: Stage, x: float, y: float) -> Panel:
    """A photograph of hills under a sky."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    panel = Panel(x, y, 92 * u, 76 * u, float(rng.uniform(-30, 30)), "on a photograph")
    draw_panel(canvas, panel, (242, 240, 234))
    sky, far, near, sun = _VIEWS[int(rng.integers(len(_VIEWS)))]
    canvas.area(panel.part(-0.44, -0.42, 0.44, 0.42), sky)
    canvas.dot(*panel.point(float(rng.uniform(-0.3, 0.3)), -0.24), 5 * canvas.unit, sun)
    floor = [panel.point(0.44, 0.42), panel.point(-0.44, 0.42)]
    for ink, low in ((far, -0.02), (near, 0.2)):
        ups = low + rng.uniform(-0.14, 0.14, 5)
        ridge = [panel.point(*at) for at in zip(np.linspace(-0.44, 0.44, 5), ups, strict=True)]
        canvas.area(np.array([*ridge, *floor]), ink)
    return panel


# Sky, what is far and near, and the sun or moon of photographs.
_VIEWS: tuple[tuple[Rgb, Rgb, Rgb, Rgb], ...] = (
    ((168, 190, 200), (138, 156, 150), (112, 132, 106), (244, 232, 196)),
    ((214, 198, 172), (176, 156, 130), (140, 118, 98), (238, 228, 208)),
    ((222, 172, 150), (158, 122, 132), (108, 92, 116), (250, 222, 178)),
    ((92, 100, 134), (72, 80, 108), (54, 60, 84), (226, 226, 232)),
    ((176, 204, 208), (120, 158, 172), (204, 188, 150), (246, 240, 214)),
)
_PANELS: tuple[Callable[[Stage, float, float], Panel], ...] = (
    _draw_paper,
    _draw_paper,
    _draw_book,
    _draw_open_book,
    _draw_envelope,
    _draw_photo,
    _draw_photo,
    _draw_ruler,
    _draw_map,
)


def _draw_ring(canvas: Canvas, rng: np.random.Generator, radius: float) -> None:
    """What a wet cup left."""
    x, y = rng.uniform(0.1, 0.9) * canvas.width, rng.uniform(0.1, 0.9) * canvas.height
    turns = np.linspace(0, 2 * np.pi, 60)
    circle = np.stack([np.cos(turns), np.sin(turns)], 1)
    ring = np.concatenate([circle, circle[::-1] * 0.9]) * radius + np.array([x, y])
    canvas.area(ring, (96, 60, 40), 0.3)


def _put_gear(stage: Stage, ground: Ground) -> None:
    """Scissors, spectacles and such, larger than what is looked for."""
    canvas, rng = stage.canvas, stage.rng
    fits = partial(ground.is_free, gap=-_OVERLAP * canvas.unit)
    kinds = rng.permutation(len(GEAR)).tolist()
    for number in range(min(stage.scaled(9), 16)):
        for _ in range(12):
            x, y = rng.uniform(0.05, 0.95) * canvas.width, rng.uniform(0.07, 0.93) * canvas.height
            kind = GEAR[kinds[number % len(kinds)]]
            box = lay(stage, kind, (float(x), float(y)), sample_turn(rng, 80), fits)
            if box:
                canvas.reserved.append(box)
                ground.add(box)
                break


def _place_named(stage: Stage, panels: list[Panel], kind: str) -> None:
    """A thing or a sign, where it meets no other."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    for _ in range(24):
        x, y = rng.uniform(0.02, 0.98) * canvas.width, rng.uniform(0.04, 0.99) * canvas.height
        on = [panel.where for panel in panels if panel.holds(float(x), float(y - 8 * u))]
        where = on[-1] if on else "on the desk"
        if kind == "sign":
            put = stage.sign(float(x), float(y), where, "plate")
        else:
            put = stage.thing(float(x), float(y), where, tuple(stage.names))
        if put:
            stage.keep_apart()
            return


def _put_things(stage: Stage, panels: list[Panel], ground: Ground) -> None:
    """Named things in no order, the large ones first; hardly anything will lie on them."""
    for _ in [wish for wish in stage.wishes if wish.side]:
        _place_named(stage, panels, "thing")
    for box in stage.canvas.reserved:
        ground.add(box)
    _put_gear(stage, ground)
    kinds = ["thing"] * stage.count(1.05) + ["sign"] * 2
    for kind in stage.rng.permutation(kinds):
        _place_named(stage, panels, kind)
    for track in stage.canvas.tracked:
        track.least = max(track.least, _SEEN * track.share)
        ground.add((track.left, track.top, track.right, track.bottom))


def _draw_window_light(stage: Stage) -> None:
    """Light through a window, across the desk, by day."""
    canvas, rng = stage.canvas, stage.rng
    if stage.mood.hour == "night" or stage.mood.weather != "clear":
        return
    x, wide = rng.uniform(-0.1, 0.5) * canvas.width, 0.24 * canvas.width
    tracked, canvas.tracked = canvas.tracked, []  # light hides nothing
    lean = 0.42 * canvas.height
    corners = [[x, 0], [x + wide, 0], [x + wide + lean, canvas.height], [x + lean, canvas.height]]
    canvas.area(np.array(corners), (255, 244, 214), 0.1)
    canvas.tracked = tracked
