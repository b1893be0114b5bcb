"""Small pictures within the picture: photographs, and what is framed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeAlias

import attrs
import numpy as np

from ..palette import Rgb
from ..paths import Points
from .canvas import Canvas, shade
from .surfaces import Panel

Rng: TypeAlias = np.random.Generator
_Inks: TypeAlias = tuple[Rgb, Rgb, Rgb, Rgb]  # sky, what is far, what is near, sun or moon
_Drawer: TypeAlias = Callable[[Canvas, Panel, _Inks, Rng], None]
_INKS: tuple[_Inks, ...] = (
    ((168, 190, 200), (138, 156, 150), (112, 132, 106), (244, 232, 196)),
    ((214, 198, 172), (176, 156, 130), (140, 118, 98), (238, 228, 208)),
    ((222, 172, 150), (158, 122, 132), (108, 92, 116), (250, 222, 178)),
    ((92, 100, 134), (72, 80, 108), (54, 60, 84), (226, 226, 232)),
    ((176, 204, 208), (120, 158, 172), (204, 188, 150), (246, 240, 214)),
)
_HAIRS: tuple[Rgb, ...] = ((84, 62, 54), (62, 56, 64), (168, 132, 92), (188, 184, 178))
_SKINS: tuple[Rgb, ...] = ((232, 200, 174), (190, 144, 114), (128, 94, 78))


@attrs.frozen
class View:
    """What a small picture shows, and in which colours."""

    _draw: _Drawer
    _inks: _Inks

    def draw(self, canvas: Canvas, panel: Panel, rng: Rng) -> None:
        """Fill a panel with it."""
        canvas.area(panel.part(-0.5, -0.5, 0.5, 0.5), self._inks[0])
        self._draw(canvas, panel, self._inks, rng)


def deal_views(rng: Rng) -> Iterator[View]:
    """Views without end, of which no neighbours are alike."""
    drawers, inks = rng.permutation(len(_DRAWERS)), rng.permutation(len(_INKS))
    for number in count():
        yield View(
            _DRAWERS[int(drawers[number % len(drawers)])], _INKS[int(inks[number % len(inks)])]
        )


def _oval(panel: Panel, x: float, y: float, wide: float, high: float) -> Points:
    """An ellipse with its middle at a place of the panel, and two radii in pixels."""
    rim = Panel(0, 0, 1, 1, 0, "").oval(x, y, wide / panel.width, high / panel.height)
    return _on(panel, *rim.T)


def _on(panel: Panel, across: Points, down: Points) -> Points:
    """Places on a panel in pixels, none beyond its sides."""
    inside = np.clip(across, -0.5, 0.5), np.clip(down, -0.5, 0.5)
    return np.array([panel.point(*at) for at in zip(*inside, strict=True)])


def _ridge(panel: Panel, low: float, swing: float, rng: Rng) -> Points:
    """All below a line of hills."""
    across = np.linspace(-0.5, 0.5, 24)
    waves = np.sin(across * rng.uniform(4, 8) + rng.uniform(0, 6))
    waves += 0.5 * np.sin(across * rng.uniform(9, 15) + rng.uniform(0, 6))
    down = low + swing * waves
    return _on(panel, np.append(across, (0.5, -0.5)), np.append(down, (0.5, 0.5)))


def _draw_sun(canvas: Canvas, panel: Panel, ink: Rgb, rng: Rng) -> None:
    radius = 0.08 * min(panel.width, panel.height)
    x, y = float(rng.uniform(-0.34, 0.34)), float(rng.uniform(-0.36, -0.2))
    canvas.area(_oval(panel, x, y, radius, radius), ink)


def _draw_hills(canvas: Canvas, panel: Panel, inks: _Inks, rng: Rng) -> None:
    _draw_sun(canvas, panel, inks[3], rng)
    canvas.area(_ridge(panel, -0.04, 0.1, rng), inks[1])
    canvas.area(_ridge(panel, 0.2, 0.08, rng), inks[2])


def _draw_mountains(canvas: Canvas, panel: Panel, inks: _Inks, rng: Rng) -> None:
    _draw_sun(canvas, panel, inks[3], rng)
    for across, peak, half in ((-0.2, -0.24, 0.42), (0.24, -0.1, 0.34)):
        x, top = across + float(rng.uniform(-0.06, 0.06)), peak + float(rng.uniform(-0.06, 0.06))
        sides = np.array([x - half, x, x + half])
        canvas.area(_on(panel, sides, np.array([0.3, top, 0.3])), inks[1])
        snow = x + half * np.array([-0.28, 0, 0.28, 0.1, -0.06])
        slope = top + (0.3 - top) * np.array([0.28, 0, 0.28, 0.2, 0.3])
        canvas.area(_on(panel, snow, slope), shade(inks[0], -0.5))
    canvas.area(_ridge(panel, 0.28, 0.05, rng), inks[2])


def _draw_sea(canvas: Canvas, panel: Panel, inks: _Inks, rng: Rng) -> None:
    _draw_sun(canvas, panel, inks[3], rng)
    canvas.area(panel.part(-0.5, 0.02, 0.5, 0.5), inks[1])
    side = 1 if rng.random() < 0.5 else -1
    cliff = side * np.array([0.5, 0.5, 0.3, 0.16, 0.06])
    canvas.area(_on(panel, cliff, np.array([0.06, -0.16, -0.14, -0.02, 0.06])), inks[2])
    waves = [
        panel.part(x, y, min(0.5, x + float(rng.uniform(0.08, 0.2))), y + 0.014)
        for x, y in zip(rng.uniform(-0.5, 0.4, 9), np.linspace(0.08, 0.46, 9), strict=True)
    ]
    canvas.area(waves, shade(inks[1], -0.4))


def _draw_portrait(canvas: Canvas, panel: Panel, inks: _Inks, rng: Rng) -> None:
    side = min(panel.width, panel.height)
    skin = _SKINS[int(rng.integers(len(_SKINS)))]
    hair = shade(_HAIRS[int(rng.integers(len(_HAIRS)))], 0.3 if skin != _SKINS[0] else 0)
    head, coat = 0.17 * side, inks[2]
    if rng.random() < 0.5:  # long hair
        canvas.area(_oval(panel, 0, 0.0, 1.25 * head, 1.7 * head), hair)
    canvas.area(_oval(panel, 0, 0.62, 0.42 * side, 0.36 * panel.height), coat)
    canvas.area(panel.part(-0.08, 0.05, 0.08, 0.32), shade(skin, 0.14))
    canvas.area(_oval(panel, 0, -0.1, 1.1 * head, 1.25 * head), hair)
    canvas.area(_oval(panel, 0, -0.04, 0.86 * head, 1.08 * head), skin)
    face, down = side / panel.width, side / panel.height
    for x in (-0.06 * face, 0.06 * face):
        canvas.area(_oval(panel, x, -0.05, 0.012 * side, 0.018 * side), (62, 50, 58))
    mouth = 0.055 * down
    canvas.area(_oval(panel, 0, mouth, 0.045 * side, 0.012 * side), shade(skin, 0.4))


def _draw_still_life(canvas: Canvas, panel: Panel, inks: _Inks, rng: Rng) -> None:
    side = min(panel.width, panel.height)
    canvas.area(panel.part(-0.5, 0.2, 0.5, 0.5), inks[2])
    jug = shade(inks[1], float(rng.uniform(-0.3, 0.2)))
    for lean in (-0.1, 0.0, 0.1):
        twig = np.array([-0.16, -0.15 + lean - 0.01, -0.15 + lean + 0.01, -0.14])
        canvas.area(_on(panel, twig, np.array([0.0, -0.36, -0.36, 0.0])), (104, 112, 88))
        canvas.area(_oval(panel, -0.15 + lean, -0.32, 0.05 * side, 0.08 * side), (128, 138, 108))
    canvas.area(_oval(panel, -0.15, 0.16, 0.16 * side, 0.2 * side), jug)
    canvas.area(panel.part(-0.21, -0.06, -0.09, 0.1), jug)
    for x, ink in ((0.12, (190, 130, 104)), (0.28, (196, 172, 112)), (0.2, (158, 112, 106))):
        canvas.area(_oval(panel, x, 0.24 + abs(x - 0.2) * 0.4, 0.08 * side, 0.08 * side), ink)


def _draw_houses(canvas: Canvas, panel: Panel, inks: _Inks, rng: Rng) -> None:
    canvas.area(_ridge(panel, -0.02, 0.06, rng), shade(inks[0], 0.12))
    edges = np.linspace(-0.44, 0.44, 5) + rng.uniform(-0.03, 0.03, 5)
    for number in range(4):
        left, right = float(edges[number]), float(edges[number + 1])
        top, wall = float(rng.uniform(-0.16, 0.06)), shade(inks[1], float(rng.uniform(-0.5, 0)))
        canvas.area(panel.part(left, top, right, 0.34), wall)
        roof = np.array([left - 0.01, (left + right) / 2, right + 0.01])
        canvas.area(_on(panel, roof, np.array([top, top - 0.16, top])), inks[2])
        panes = [
            panel.part(x, y, x + 0.04, y + 0.07)
            for x in (left + 0.04, right - 0.08)
            for y in (top + 0.06, top + 0.18)
        ]
        canvas.area(panes, inks[3])
    canvas.area(panel.part(-0.5, 0.32, 0.5, 0.5), shade(inks[2], -0.2))


def _draw_wood(canvas: Canvas, panel: Panel, inks: _Inks, rng: Rng) -> None:
    side = min(panel.width, panel.height)
    canvas.area(_ridge(panel, 0.24, 0.03, rng), inks[1])
    for x in np.linspace(-0.34, 0.34, 4) + rng.uniform(-0.05, 0.05, 4):
        tall = float(rng.uniform(-0.22, -0.02))
        canvas.area(panel.part(x - 0.02, tall, x + 0.02, 0.34), shade(inks[2], 0.4))
        canvas.area(_oval(panel, x, tall, 0.13 * side, 0.2 * side), inks[2])
        canvas.area(
            _oval(panel, x - 0.03, tall - 0.05, 0.06 * side, 0.09 * side), shade(inks[2], -0.2)
        )


_DRAWERS: tuple[_Drawer, ...] = (
    *(_draw_hills, _draw_portrait, _draw_sea, _draw_still_life, _draw_mountains, _draw_houses),
    _draw_wood,
)
