"""Figures as SVG, drawn here: no browser needs anything from outside to show them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from .templating import template

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 18, 52
_APART, _LETTER, _LINE = 9, 6.8, 15  # of labels: from their point, width of a letter, height
_COLOURS = ("#c2334d", "#2b6cb0", "#1c8a53", "#b7791f", "#7b4bb7", "#0f8b8d", "#8a5a3c", "#5a6270")


@attrs.frozen
class Mark:
    """One point, with bounds where they are known."""

    x: float
    y: float
    label: str
    low: float | None = None
    high: float | None = None


@attrs.frozen
class Series:
    """Points that belong together; *faint* for those of others."""

    name: str
    marks: Sequence[Mark]
    faint: bool = False
    joined: bool = False


def plot(series: Sequence[Series], *, across: str, up: str) -> str:
    """All *series* in one frame, as an SVG element."""
    marks = [mark for each in series for mark in each.marks]
    ys = [y for m in marks for y in (m.y, m.low, m.high) if y is not None]
    frame = _Frame(_ticks(0, max(m.x for m in marks)), _ticks(min(ys), max(ys)))
    return template("plot.svg").render(
        width=_WIDTH,
        height=_HEIGHT,
        frame=frame,
        across=across,
        up=up,
        series=[*_drawn(series, frame)],
    )


@attrs.frozen
class _Frame:
    """Where numbers lie on the page."""

    xs: list[float]
    ys: list[float]
    left: float = _LEFT
    right: float = _WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = _HEIGHT - _BOTTOM

    def x(self, value: float) -> float:
        part = (value - self.xs[0]) / (self.xs[-1] - self.xs[0])
        return round(self.left + part * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        part = (value - self.ys[0]) / (self.ys[-1] - self.ys[0])
        return round(self.bottom - part * (self.bottom - self.top), 1)


def _drawn(series: Sequence[Series], frame: _Frame) -> Iterator[dict[str, object]]:
    labels = _Labels()
    for place, each in enumerate(series):
        marks = [_placed(mark, frame) for mark in sorted(each.marks, key=lambda m: m.x)]
        if not each.faint:
            marks = [mark | labels.place(mark["x"], mark["y"], mark["label"]) for mark in marks]
        path = " ".join(f"{mark['x']},{mark['y']}" for mark in marks)
        yield {
            "name": each.name,
            "colour": _COLOURS[place % len(_COLOURS)],
            "faint": each.faint,
            "path": path if each.joined and len(marks) > 1 else "",
            "marks": marks,
            "key": _TOP + 14 + 18 * place,
        }


@attrs.define
class _Labels:
    """Words beside points, where none stand yet."""

    _taken: list[tuple[float, float, float]] = attrs.field(factory=list)  # left, right, line

    def place(self, x: float, y: float, label: str) -> dict[str, Any]:
        """To the right of a point or, near the edge, to its left; above or below what is there."""
        wide = _LETTER * len(label)
        fits = x + _APART + wide < _WIDTH
        left = x + _APART if fits else x - _APART - wide
        lines = sorted(range(-6, 9), key=lambda n: (abs(n), -n))
        free = (
            y + 4 + n * _LINE for n in lines if self._free(left, left + wide, y + 4 + n * _LINE)
        )
        line = next(free, y + 4)
        self._taken.append((left, left + wide, line))
        at = left if fits else left + wide
        return {"at": round(at, 1), "line": round(line, 1), "anchor": "start" if fits else "end"}

    def _free(self, left: float, right: float, line: float) -> bool:
        inside = _TOP - 4 < line < _HEIGHT - _BOTTOM
        return inside and not any(
            left < other[1] and other[0] < right and abs(line - other[2]) < _LINE
            for other in self._taken
        )


def _placed(mark: Mark, frame: _Frame) -> dict[str, Any]:
    bounds = mark.low is not None and mark.high is not None
    return {
        "x": frame.x(mark.x),
        "y": frame.y(mark.y),
        "label": mark.label,
        "title": f"{mark.label}: {mark.y:.1f} at {mark.x:.1f}",
        "low": frame.y(mark.low) if bounds and mark.low is not None else None,
        "high": frame.y(mark.high) if bounds and mark.high is not None else None,
    }


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers that reach round *low* and *high*."""
    span = max(high - low, 1.0)
    rough = span / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [round(step * n, 6) for n in range(first, last + 1)]
