"""Flat large things: panels, books and boards, with a name for what lies on them."""

from __future__ import annotations

import math

import attrs
import numpy as np

from ..lettering import width_of, write
from ..palette import Rgb
from ..paths import Points, flatten, placed, stroked, turned
from .canvas import Canvas, shade


@attrs.frozen
class Panel:
    """A rectangle that lies at an angle, in pixels; *where* is said of what lies on it."""

    x: float
    y: float
    width: float
    height: float
    turn: float  # degrees, clockwise
    where: str

    def point(self, across: float, down: float) -> tuple[float, float]:
        """A place on it: 0, 0 is its middle, and 0.5, 0.5 its lower right corner."""
        cos, sin = math.cos(math.radians(self.turn)), math.sin(math.radians(self.turn))
        right, low = across * self.width, down * self.height
        return self.x + right * cos - low * sin, self.y + right * sin + low * cos

    def part(self, left: float, top: float, right: float, bottom: float) -> Points:
        """A rectangle on it."""
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        return np.array([self.point(*corner) for corner in corners])

    def oval(self, x: float, y: float, wide: float, high: float) -> Points:
        """An ellipse about x, y with its two radii, as shares of its sides."""
        turns = np.linspace(0, 2 * np.pi, 32, endpoint=False)
        rim = zip(x + wide * np.cos(turns), y + high * np.sin(turns), strict=True)
        return np.array([self.point(*at) for at in rim])

    def write(
        self, canvas: Canvas, text: str, middle: tuple[float, float], height: float, ink: Rgb
    ) -> None:
        """Letters on it, turned as it is; their *height* is in pixels."""
        x, y = self.point(*middle)
        cos, sin = math.cos(math.radians(self.turn)), math.sin(math.radians(self.turn))
        lines = flatten(write(text, -width_of(text, height) / 2, 0, height))
        strokes = [p for line, closed in lines for p in stroked(line, 0.15 * height, closed=closed)]
        canvas.area(placed(strokes, np.array([[cos, -sin, x], [sin, cos, y]])), ink)

    def holds(self, x: float, y: float) -> bool:
        """Whether a place lies on it."""
        cos, sin = math.cos(math.radians(self.turn)), math.sin(math.radians(self.turn))
        right, low = x - self.x, y - self.y
        across, down = right * cos + low * sin, low * cos - right * sin
        return abs(across) < self.width / 2 and abs(down) < self.height / 2


def draw_panel(canvas: Canvas, panel: Panel, ink: Rgb, lift: float = 1) -> None:
    """A panel with a soft shadow; *lift* is its thickness, in thousandths of the longer side."""
    u = canvas.unit
    outer = attrs.evolve(panel, width=panel.width + u, height=panel.height + u)
    outline, area = outer.part(-0.5, -0.5, 0.5, 0.5), panel.part(-0.5, -0.5, 0.5, 0.5)
    canvas.cast([outline], max(1.2, lift) * u, 0.34)
    if lift > 2:
        canvas.area([turned(outline + step * lift * u) for step in (0.35, 0.7)], shade(ink, 0.35))
    canvas.area(outline, shade(ink, 0.4))
    canvas.area(area, ink)
