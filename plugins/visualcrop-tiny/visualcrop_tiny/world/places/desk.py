"""A writing desk seen from above: papers, books, and everything that was put down on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFilter

from ..palette import Rgb, mix
from ..paths import Points, stroked
from .canvas import Canvas, shade
from .clutter import Ground, lay, sample_turn, strew
from .extras import MUTED
from .marks import GEAR
from .pages import draw_page, draw_star_map
from .stage import Stage
from .surfaces import Panel, draw_panel
from .views import deal_views
from .weather import finish

ABSENT = frozenset({"pencil", "book"})
_OVERLAP = 1.5  # of the boxes of two pieces of gear, in thousandths
_WATER: Rgb = (158, 190, 204)
_WOODS: tuple[Rgb, ...] = (
    *((164, 118, 84), (134, 92, 68), (186, 148, 108), (112, 84, 72)),
    *((206, 182, 148), (120, 134, 136), (188, 192, 186)),
)
_LANDS: tuple[tuple[Rgb, Rgb], ...] = (  # land and woods on maps
    ((210, 216, 190), (186, 202, 170)),
    ((224, 210, 178), (206, 190, 152)),
    ((222, 222, 214), (196, 208, 196)),
)


def draw_desk(stage: Stage) -> None:
    """Draw it from the wood to what lies on top."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    _draw_wood(stage)
    mats = [_draw_mat(stage)] if rng.random() < 0.88 else []
    for _ in range(3):
        _draw_ring(canvas, rng, 22 * u)
    panels = [*mats, *_spread_panels(stage)]
    ground = Ground()
    _put_things(stage, panels, ground)
    strew(stage, panels, ground)
    _draw_window_light(stage)
    finish(canvas, stage.mood, rng, outdoors=False)


def _draw_mat(stage: Stage) -> Panel:
    """A mat to write on, to cut on, or of leather."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    x, y = rng.uniform((0.36, 0.46), (0.64, 0.62)) * (canvas.width, canvas.height)
    wide, high = rng.uniform((0.46, 0.46), (0.62, 0.6)) * (canvas.width, canvas.height)
    mat = Panel(float(x), float(y), float(wide), float(high), 0, "on the desk mat")
    tint = mix(MUTED[int(rng.integers(len(MUTED)))], (66, 76, 84), 0.5)
    draw_panel(canvas, mat, tint)
    canvas.area(mat.part(-0.485, -0.475, 0.485, 0.475), shade(tint, -0.08))
    kind, thin = int(rng.integers(3)), 0.8 * u
    left, top = mat.point(-0.47, -0.455)
    right, low = mat.point(0.47, 0.455)
    if kind == 1:  # squares, as a help to cut straight
        for at in np.arange(left, right, 24 * u):
            canvas.rectangle(at, top, at + thin, low, shade(tint, -0.24))
        for at in np.arange(top, low, 24 * u):
            canvas.rectangle(left, at, right, at + thin, shade(tint, -0.24))
    elif kind == 2:
        _draw_seam(canvas, mat, shade(tint, -0.4))
        for side, end in ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)):
            far = np.array([[side, end], [0.82 * side, end], [side, 0.66 * end]])
            canvas.area(np.array([mat.point(*at) for at in far]), shade(tint, 0.3))
    return mat


def _draw_seam(canvas: Canvas, mat: Panel, ink: Rgb) -> None:
    """Stitches along the four sides of a mat that is not turned."""
    u, thin = canvas.unit, 0.8 * canvas.unit
    left, top = mat.point(-0.47, -0.455)
    right, low = mat.point(0.47, 0.455)
    for at in np.arange(left, right - 5 * u, 8 * u):
        for y in (top, low - thin):
            canvas.rectangle(at, y, at + 5 * u, y + thin, ink)
    for at in np.arange(top, low - 5 * u, 8 * u):
        for x in (left, right - thin):
            canvas.rectangle(x, at, x + thin, at + 5 * u, ink)


def _spread_panels(stage: Stage) -> list[Panel]:
    """Papers, books and such, dealt so that all of the desk has some and no kind has most."""
    canvas, rng = stage.canvas, stage.rng
    number = stage.scaled(float(rng.uniform(17, 24)))
    rows = max(2, round((number * canvas.height / canvas.width) ** 0.5))
    columns = -(-number // rows)
    cells = rng.permutation(rows * columns)[:number]
    kinds = [int(n) for _ in range(0, number, len(_PANELS)) for n in rng.permutation(len(_PANELS))]
    views, panels = deal_views(rng), list[Panel]()
    for cell, kind in zip(cells.tolist(), kinds, strict=False):
        across, down = rng.uniform(0.1, 0.9, 2)
        x = (cell % columns + float(across)) / columns * canvas.width
        y = (cell // columns + float(down)) / rows * canvas.height
        panels.append(_PANELS[kind](stage, x, y))
        if panels[-1].where == "on a photograph":
            inner = attrs.evolve(panels[-1], width=80 * canvas.unit, height=63 * canvas.unit)
            next(views).draw(canvas, inner, rng)
    return panels


def _draw_wood(stage: Stage) -> None:
    """Boards with their grain."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    base = _WOODS[int(rng.integers(len(_WOODS)))]
    y = -float(rng.uniform(20, 60)) * u
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


def _draw_book(stage: Stage, x: float, y: float) -> Panel:
    """A closed book."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    panel = Panel(x, y, 118 * u, 164 * u, float(rng.uniform(-40, 40)), "on a book")
    ink = MUTED[int(rng.integers(len(MUTED)))]
    draw_panel(canvas, panel, ink, 4)
    canvas.area(panel.part(-0.5, -0.5, -0.4, 0.5), shade(ink, 0.2))
    cover = int(rng.integers(4))
    if cover == 0:  # a label with a title
        canvas.area(panel.part(-0.3, -0.4, 0.42, -0.16), shade(ink, -0.4))
        lines = [panel.part(-0.22, -0.33, 0.34, -0.3), panel.part(-0.16, -0.26, 0.28, -0.235)]
        canvas.area([*lines, panel.part(-0.3, 0.3, 0.42, 0.32)], shade(ink, 0.4))
    elif cover == 1:  # a golden frame around an oval
        canvas.area(panel.part(-0.33, -0.44, 0.43, 0.44), (206, 182, 128))
        canvas.area(panel.part(-0.31, -0.425, 0.41, 0.425), ink)
        canvas.area(panel.oval(0.05, 0, 0.22, 0.22), (206, 182, 128))
        canvas.area(panel.oval(0.05, 0, 0.19, 0.19), shade(ink, 0.15))
    elif cover == 2:  # stripes
        stripes = [panel.part(-0.4, at, 0.5, at + 0.06) for at in (0.1, 0.22, 0.34)]
        canvas.area(stripes, shade(ink, -0.35))
        canvas.area(panel.part(-0.28, -0.32, 0.36, -0.27), shade(ink, -0.6))
    else:  # corners and bands, as of an account book
        canvas.area(panel.part(0.3, -0.5, 0.5, -0.36), shade(ink, 0.3))
        canvas.area(panel.part(0.3, 0.36, 0.5, 0.5), shade(ink, 0.3))
        canvas.area(panel.part(-0.22, -0.2, 0.32, 0.04), (232, 224, 200))
        lines = [panel.part(-0.16, at, 0.26, at + 0.012) for at in (-0.14, -0.08, -0.02)]
        canvas.area(lines, (150, 140, 140))
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
    if rng.random() < 0.4:  # its front
        canvas.area(panel.part(0.3, -0.4, 0.44, -0.08), (246, 242, 230))
        canvas.area(panel.part(0.315, -0.37, 0.425, -0.11), MUTED[int(rng.integers(len(MUTED)))])
        lines = [
            panel.part(-0.1, at, 0.1 + float(rng.uniform(0.1, 0.28)), at + 0.035)
            for at in (0.02, 0.14, 0.26)
        ]
        canvas.area([*lines, panel.part(-0.44, -0.38, -0.2, -0.35)], (120, 118, 140))
        return panel
    seams = [
        np.array(
            [
                panel.point(x, 0.5),
                panel.point(0, 0.0),
                panel.point(0.02 * x, 0.03),
                panel.point(0.97 * x, 0.5),
            ]
        )
        for x in (-0.5, 0.5)
    ]
    canvas.area(seams, shade(ink, 0.22))
    flap = np.array([panel.point(-0.5, -0.5), panel.point(0.5, -0.5), panel.point(0, 0.14)])
    canvas.cast([flap], 1.2 * u, 0.3)
    canvas.area(flap, shade(ink, 0.25))
    upper = np.array([panel.point(-0.49, -0.5), panel.point(0.49, -0.5), panel.point(0, 0.12)])
    canvas.area(upper, shade(ink, -0.25))
    return panel


def _draw_map(stage: Stage, x: float, y: float) -> Panel:
    """A folded map with land, water and roads, or of the sky."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    if rng.random() < 0.34:
        return draw_star_map(stage, x, y)
    land, trees = _LANDS[int(rng.integers(len(_LANDS)))]
    panel = Panel(x, y, 240 * u, 170 * u, float(rng.uniform(-18, 18)), "on a map")
    draw_panel(canvas, panel, (236, 232, 216))
    canvas.area(panel.part(-0.47, -0.46, 0.47, 0.46), land)
    lines = [panel.part(at, -0.46, at + 0.002, 0.46) for at in np.linspace(-0.38, 0.38, 9)]
    lines += [panel.part(-0.47, at, 0.47, at + 0.003) for at in np.linspace(-0.36, 0.36, 7)]
    canvas.area(lines, shade(land, 0.1))
    lakes = rng.uniform((-0.36, -0.32, 0.05, 0.06), (0.36, 0.32, 0.1, 0.12), (3, 4))
    for wood in rng.uniform((-0.34, -0.3, 0.06, 0.08), (0.34, 0.3, 0.12, 0.15), (5, 4)):
        canvas.area(_shore(panel, wood, rng), trees)
    across = np.linspace(-0.47, 0.47, 40)
    bend = 0.12 * np.sin(across * rng.uniform(6, 10) + rng.uniform(0, 6))
    river = np.array(
        [panel.point(*at) for at in zip(across, bend + rng.uniform(-0.2, 0.2), strict=True)]
    )
    canvas.area(stroked(river, 3.4 * u, closed=False, round_ends=False), _WATER)
    for lake in lakes:
        canvas.area(_shore(panel, lake, rng), _WATER)
    _draw_roads(canvas, panel, lakes, rng)
    bands = [panel.part(left, -0.5, left + 0.25, 0.5) for left in (-0.5, 0.0)]
    canvas.area(bands, (70, 66, 90), 0.08)  # folded in four
    return panel


def _shore(panel: Panel, about: Points, rng: np.random.Generator) -> Points:
    """An uneven round shape: its middle and its two radii, on a panel."""
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    far = 1 + 0.16 * np.sin(3 * turns + rng.uniform(0, 6)) + 0.08 * np.sin(5 * turns)
    rim = np.stack([far * np.cos(turns), far * np.sin(turns)], 1) * about[2:] + about[:2]
    return np.array([panel.point(*at) for at in rim])


def _draw_roads(canvas: Canvas, panel: Panel, lakes: Points, rng: np.random.Generator) -> None:
    """Towns, and curved roads between them that keep away from lakes."""
    u, part = canvas.unit, np.linspace(0, 1, 16)[:, None]
    towns = [
        town
        for town in rng.uniform((-0.43, -0.4), (0.43, 0.4), (9, 2))
        if (np.abs((town - lakes[:, :2]) / lakes[:, 2:]).max(1) > 1.3).all()
    ]
    roads, ways = list[Points](), list[Points]()
    for number, start in enumerate(towns):
        for end in sorted(towns[number + 1 :], key=lambda town: float(np.hypot(*(town - start))))[
            :2
        ]:
            way = np.array([start, end])
            if any(_cross(way, other) for other in ways):
                continue
            bend = (start + end) / 2 + rng.uniform(-0.08, 0.08, 2)
            road = (1 - part) ** 2 * start + 2 * part * (1 - part) * bend + part**2 * end
            away = np.hypot(*((road[:, None] - lakes[:, :2]) / lakes[:, 2:]).T)
            if away.min() > 1.3:
                roads.append(np.array([panel.point(*at) for at in road]))
                ways.append(way)
    for wide, ink in ((2.4, (186, 158, 116)), (1.5, (240, 222, 168))):
        areas = [area for road in roads for area in stroked(road, wide * u, closed=False)]
        if areas:
            canvas.area(areas, ink)
    for town in towns:
        canvas.dot(*panel.point(*town), 3 * u, (120, 84, 80))
        canvas.dot(*panel.point(*town), 1.9 * u, (238, 222, 204))


def _cross(way: Points, other: Points) -> bool:
    """Whether two straight ways meet between their ends."""

    def sides(start: Points, end: Points, points: Points) -> Points:
        (x, y), away = end - start, points - start
        signs: Points = np.sign(x * away[:, 1] - y * away[:, 0])
        return signs

    one, two = sides(way[0], way[1], other), sides(other[0], other[1], way)
    return bool(one[0] * one[1] < 0 and two[0] * two[1] < 0)


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
    for number in range(1, 12):
        panel.write(canvas, str(number), (number / 12.5 - 0.48, 0.1), 6.0 * u, (86, 72, 66))
    return panel


def _draw_photo(stage: Stage, x: float, y: float) -> Panel:
    """A photograph's paper; what it shows is dealt."""
    turn = float(stage.rng.uniform(-30, 30))
    panel = Panel(x, y, 92 * stage.canvas.unit, 76 * stage.canvas.unit, turn, "on a photograph")
    draw_panel(stage.canvas, panel, (242, 240, 234))
    return panel


_PANELS: tuple[Callable[[Stage, float, float], Panel], ...] = (
    draw_page,
    draw_page,
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
    stage.keep_in_sight()
    for track in stage.canvas.tracked:
        ground.add((track.left, track.top, track.right, track.bottom))


def _draw_window_light(stage: Stage) -> None:
    """Light through the panes of a window, across the desk, by day."""
    rng = stage.rng
    if stage.mood.weather != "clear":
        return
    x, lean = float(rng.uniform(-30, 150)), float(rng.uniform(60, 110))
    mask = PIL.Image.new("L", (320, 180))
    draw = PIL.ImageDraw.Draw(mask)
    for column in range(2):
        for row in range(3):
            left, top, low = x + 56 * column, 64.0 * row - 14, 64.0 * row + 44
            corners = [(left, top), (left + 48, top), (left + 48, low), (left, low)]
            draw.polygon([(a + lean * b / 180, b) for a, b in corners], fill=255)
    soft = mask.filter(PIL.ImageFilter.GaussianBlur(2.5))
    stage.canvas.light(soft, (1.15, 1.11, 1.02))
