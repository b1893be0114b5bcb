"""Pages on a desk: prose, letters, lists, music, newspapers and graphs; and maps of stars."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ..palette import Rgb
from ..paths import Points, stroked
from .canvas import Canvas, shade
from .stage import Stage
from .surfaces import Panel, draw_panel

Rng: TypeAlias = np.random.Generator
_PAPERS: tuple[Rgb, ...] = ((238, 234, 222), (230, 224, 204), (226, 230, 228), (236, 226, 214))
_NEWSPRINT: Rgb = (216, 212, 202)
_WRITING: tuple[Rgb, ...] = ((152, 152, 168), (128, 130, 158), (158, 144, 140))
_PRINT: Rgb = (104, 100, 110)
_BOX = np.array([[-0.33, -0.02], [-0.27, -0.02], [-0.27, 0.018], [-0.33, 0.018]])
_TICK = np.array([[-0.32, -0.006], [-0.3, 0.008], [-0.25, -0.034]])
_NIGHTS: tuple[Rgb, ...] = ((62, 76, 112), (58, 84, 96), (78, 70, 104))


def draw_page(stage: Stage, x: float, y: float) -> Panel:
    """A page about x, y, with one of several things on it."""
    rng, u = stage.rng, stage.canvas.unit
    panel = Panel(x, y, 150 * u, 200 * u, float(rng.uniform(-28, 28)), "on a page")
    fill = _LAYOUTS[int(rng.integers(len(_LAYOUTS)))]
    paper = _PAPERS[int(rng.integers(len(_PAPERS)))] if fill is not _print_news else _NEWSPRINT
    paper = shade(paper, float(rng.uniform(-0.2, 0.05)))
    draw_panel(stage.canvas, panel, paper)
    fill(stage.canvas, panel, rng)
    return panel


def draw_star_map(stage: Stage, x: float, y: float) -> Panel:
    """A map of the night sky: stars, and lines between some of them."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    panel = Panel(x, y, 240 * u, 170 * u, float(rng.uniform(-18, 18)), "on a map")
    ink = _NIGHTS[int(rng.integers(len(_NIGHTS)))]
    draw_panel(canvas, panel, (226, 220, 204))
    canvas.area(panel.part(-0.48, -0.47, 0.48, 0.47), ink)
    pale = shade(ink, -0.3)
    rings = [_stroke(panel, _ring(0.7 * r, r), 0.9 * u, closed=True) for r in (0.16, 0.3, 0.44)]
    spokes = [
        _stroke(panel, np.outer((0.06, 0.44), (0.7 * np.cos(t), np.sin(t))), 0.7 * u)
        for t in np.arange(12) * np.pi / 6
    ]
    canvas.area([area for line in (*rings, *spokes) for area in line], pale)
    chains = [_sample_chain(rng, x, y) for x in np.linspace(-0.38, 0.38, 5) for y in (-0.24, 0.24)]
    lines = [area for chain in chains for area in _stroke(panel, chain, 1.1 * u)]
    canvas.area(lines, shade(ink, -0.55))
    loose = rng.uniform((-0.46, -0.44), (0.46, 0.44), (70, 2))
    for star in np.concatenate([loose, *chains]):
        radius = float(rng.uniform(0.7, 1.5)) * u
        canvas.dot(*panel.point(float(star[0]), float(star[1])), radius, (240, 232, 204))
    bands = [panel.part(left, -0.5, left + 0.25, 0.5) for left in (-0.5, 0.0)]
    canvas.area(bands, (70, 66, 90), 0.12)  # folded in four
    return panel


def _sample_chain(rng: Rng, x: float, y: float) -> Points:
    """A few stars about a place, in the order of the lines between them."""
    number = int(rng.integers(3, 7))
    turns = rng.uniform(0, 6) + np.linspace(0, float(rng.uniform(3, 5.6)), number)
    far = rng.uniform(0.5, 1, number)[:, None]
    return far * np.stack([0.085 * np.cos(turns), 0.13 * np.sin(turns)], 1) + (x, y)


def _ring(wide: float, high: float) -> Points:
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.stack([wide * np.cos(turns), high * np.sin(turns)], 1)


def _stroke(panel: Panel, line: Points, wide: float, *, closed: bool = False) -> list[Points]:
    """A line through places of a panel, so many pixels *wide*."""
    places = np.array([panel.point(float(x), float(y)) for x, y in line])
    return stroked(places, wide, closed=closed)


def _words(panel: Panel, rng: Rng, span: tuple[float, float], down: float) -> list[Points]:
    """One line of words."""
    (x, end), words = span, list[Points]()
    while x < end - 0.02:
        long = min(float(rng.uniform(0.03, 0.13)), end + 0.01 - x)
        words.append(panel.part(x, down, x + long, down + 0.011))
        x += long + 0.022
    return words


def _sample_writing(rng: Rng) -> Rgb:
    return _WRITING[int(rng.integers(len(_WRITING)))]


def _write_prose(canvas: Canvas, panel: Panel, rng: Rng) -> None:
    """Lines from side to side."""
    lines = []
    for down in np.arange(-0.42, 0.42, 0.042):
        end = float(rng.uniform(0.0, 0.4)) if rng.random() < 0.25 else 0.42
        lines += _words(panel, rng, (-0.42, end), down)
    canvas.area(lines, _sample_writing(rng))


def _write_letter(canvas: Canvas, panel: Panel, rng: Rng) -> None:
    """A date, paragraphs and a signature."""
    ink, u = _sample_writing(rng), canvas.unit
    lines = _words(panel, rng, (0.14, 0.42), -0.42) + _words(panel, rng, (-0.42, -0.1), -0.34)
    down = -0.27
    while down < 0.24:
        number = int(rng.integers(2, 6))
        for row in range(number):
            end = float(rng.uniform(-0.2, 0.3)) if row == number - 1 else 0.42
            lines += _words(panel, rng, (-0.34 if row == 0 else -0.42, end), down)
            down += 0.042
        down += 0.026
    lines += _words(panel, rng, (-0.42, -0.16), 0.33)
    part = np.linspace(0, 1, 40)
    loops = 0.02 * np.sin(34 * part) * (1 - 0.6 * part) - 0.012 * np.cos(9 * part)
    name = np.stack([-0.4 + 0.44 * part + 0.022 * np.cos(34 * part), 0.41 + loops], 1)
    canvas.area([*lines, *_stroke(panel, name, 1.2 * u)], ink)


def _write_list(canvas: Canvas, panel: Panel, rng: Rng) -> None:
    """A title, and points of which some are ticked off, on ruled paper."""
    rows = np.arange(-0.3, 0.44, 0.066)
    canvas.area([panel.part(-0.5, y + 0.02, 0.5, y + 0.024) for y in rows], (196, 206, 216))
    canvas.area(panel.part(-0.38, -0.5, -0.372, 0.5), (212, 160, 156))
    lines = _words(panel, rng, (-0.3, 0.2), -0.4) + _words(panel, rng, (-0.3, 0.2), -0.391)
    for y in rows[: int(rng.integers(6, len(rows)))]:
        lines += _words(panel, rng, (-0.2, float(rng.uniform(-0.02, 0.36))), float(y) - 0.004)
        lines += _stroke(panel, _BOX + np.array([0, y]), canvas.unit, closed=True)
        if rng.random() < 0.6:
            lines += _stroke(panel, _TICK + np.array([0, y]), 1.4 * canvas.unit)
    canvas.area(lines, _sample_writing(rng))


def _write_music(canvas: Canvas, panel: Panel, rng: Rng) -> None:
    """Staves with bars and notes."""
    thin = 0.8 * canvas.unit / panel.height
    lines, notes = list[Points](), list[Points]()
    title = panel.part(-0.2, -0.45, 0.2, -0.43)
    for top in np.linspace(-0.38, 0.36, 7):
        lines += [panel.part(-0.44, y, 0.44, y + thin) for y in top + 0.013 * np.arange(5)]
        bars = np.linspace(-0.44, 0.44, 5)
        lines += [panel.part(x, top, x + thin, top + 0.052 + thin) for x in bars]
        steps = np.clip(np.cumsum(rng.integers(-2, 3, 16)), -3, 4)
        for x, step in zip(np.linspace(-0.4, 0.41, 16), steps.tolist(), strict=True):
            if rng.random() < 0.18:
                continue
            y, side = top + 0.026 + 0.0065 * step, -1 if step > 0 else 1
            notes.append(panel.oval(float(x), float(y), 0.014, 0.0085))
            stem = sorted((y, y - side * 0.036))
            lines.append(panel.part(x + 0.011 * side, stem[0], x + 0.011 * side + thin, stem[1]))
    canvas.area([title, *lines], _PRINT)
    canvas.area(notes, (74, 70, 82))


def _print_news(canvas: Canvas, panel: Panel, rng: Rng) -> None:
    """A headline, a picture and three columns."""
    canvas.area(panel.part(-0.42, -0.45, 0.42, -0.4), _PRINT)
    rules = [panel.part(-0.44, y, 0.44, y + 0.005) for y in (-0.385, -0.3)]
    canvas.area([*rules, panel.part(-0.42, -0.36, 0.26, -0.325)], (124, 120, 128))
    picture, lines = int(rng.integers(3)), list[Points]()
    low = float(rng.uniform(-0.06, 0.04))
    for column in range(3):
        left = -0.44 + 0.302 * column
        for y in np.arange(-0.27 if column != picture else low + 0.03, 0.45, 0.026):
            end = left + (0.272 if rng.random() < 0.85 else float(rng.uniform(0.08, 0.24)))
            lines.append(panel.part(left, y, end, y + 0.009))
    canvas.area(lines, (158, 154, 158))
    left, sky = -0.44 + 0.302 * picture, shade(_NEWSPRINT, 0.22)
    canvas.area(panel.part(left, -0.275, left + 0.272, low), sky)
    across = np.linspace(left, left + 0.272, 16)
    hills = low - 0.07 + 0.02 * np.sin(across * 30 + rng.uniform(0, 6))
    outline = [*zip(across, hills, strict=True), (left + 0.272, low), (left, low)]
    canvas.area(np.array([panel.point(float(a), float(b)) for a, b in outline]), shade(sky, 0.35))


def _draw_graph(canvas: Canvas, panel: Panel, rng: Rng) -> None:
    """Bars and a curve, each with its axes, and lines below."""
    u, ink = canvas.unit, _sample_writing(rng)
    lines = _words(panel, rng, (-0.4, 0.2), -0.43)
    for low, high in ((-0.08, -0.38), (0.3, 0.0)):
        axes = np.array([[-0.36, high], [-0.36, low], [0.4, low]])
        lines += _stroke(panel, axes, 1.3 * u)
    part = np.linspace(0, 1, 30)
    curve = 0.5 + 0.3 * np.sin(part * rng.uniform(3, 9) + rng.uniform(0, 6)) + 0.15 * part
    line = np.stack([-0.35 + 0.72 * part, 0.29 - 0.27 * curve], 1)
    tall = rng.uniform(0.06, 0.28, 8)
    bars = [
        panel.part(-0.33 + 0.09 * n, -0.085 - t, -0.27 + 0.09 * n, -0.085)
        for n, t in enumerate(tall.tolist())
    ]
    canvas.area(bars, ((168, 182, 196), (196, 172, 150), (172, 188, 168))[rng.integers(3)])
    for y in (0.36, 0.4, 0.44):
        lines += _words(panel, rng, (-0.4, 0.4 if y < 0.43 else 0.0), y)
    canvas.area(lines, ink)
    canvas.area(_stroke(panel, line, 1.8 * u), (176, 112, 104))


_LAYOUTS: tuple[Callable[[Canvas, Panel, Rng], None], ...] = (
    *(_write_prose, _write_letter, _write_letter, _write_list),
    *(_write_music, _print_news, _draw_graph),
)
