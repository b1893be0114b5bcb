"""Vector paths, written as in SVG: lines, curves, arcs and strokes become polygons."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = "npt.NDArray[np.float64]"  # N x 2: x to the right, y down
_TOKEN = re.compile(r"([MLHVCQAZ])|(-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "A": 7, "Z": 0}
_STEPS = 9  # straight pieces of a curve
_SHARP = math.cos(math.radians(50))  # a stroke that turns more is drawn as two with round ends
_MITER = 1.8  # how far a corner may move when its outline does, in widths


def disc(x: float, y: float, radius: float) -> str:
    """Path of a circle."""
    return oval(x, y, radius, radius)


def oval(x: float, y: float, wide: float, high: float) -> str:
    """Path of an ellipse about x, y with its two radii."""
    arc = f"A {wide} {high} 0 0 1"
    return f"M {x - wide} {y} {arc} {x + wide} {y} {arc} {x - wide} {y} Z"


def bar(x: float, y: float, width: float, height: float, radius: float = 0) -> str:
    """Path of a rectangle, with round corners if it has a *radius*."""
    right, low, r = x + width, y + height, radius
    if not r:
        return f"M {x} {y} H {right} V {low} H {x} Z"
    arc = f"A {r} {r} 0 0 1"
    return (
        f"M {x + r} {y} H {right - r} {arc} {right} {y + r} V {low - r} {arc} {right - r} {low} "
        f"H {x + r} {arc} {x} {low - r} V {y + r} {arc} {x + r} {y} Z"
    )


def flatten(data: str) -> list[tuple[Points, bool]]:
    """
    Polylines of SVG path data, and whether each is closed.

    Commands are `M L H V C Q A Z` with absolute coordinates; after a command's arguments more
    may follow, as in SVG. Arcs are not rotated.
    """
    lines: list[tuple[Points, bool]] = []
    points: list[tuple[float, float]] = []
    for command, arguments in _commands(data):
        if command == "M" and points:
            lines.append((np.array(points), False))
            points = []
        if command == "Z":
            lines.append((_without_repeats(np.array(points), closed=True), True))
            points = []
        else:
            points += _trace(command, arguments, points[-1] if points else (0.0, 0.0))
    if points:
        lines.append((np.array(points), False))
    return lines


def _commands(data: str) -> Iterator[tuple[str, list[float]]]:
    """Each command with the arguments of one use."""
    rest = _TOKEN.sub("", data).replace(",", "").strip()
    if rest:
        raise ValueError(f"A path has {rest!r}, which is neither a command nor a number.")
    command, arguments = "", list[float]()
    for letter, number in _TOKEN.findall(data):
        if letter:
            command, arguments = letter, []
            if letter == "Z":
                yield "Z", []
            continue
        arguments.append(float(number))
        if len(arguments) == _ARGUMENTS[command]:
            yield command, arguments
            command, arguments = "L" if command == "M" else command, []


def _trace(command: str, a: list[float], start: tuple[float, float]) -> list[tuple[float, float]]:
    """The points that a command adds after *start*."""
    if command in "ML":
        return [(a[0], a[1])]
    if command == "H":
        return [(a[0], start[1])]
    if command == "V":
        return [(start[0], a[0])]
    if command == "A":
        return _arc(start, a)
    control = np.array([*start, *a]).reshape(-1, 2)
    return [(float(x), float(y)) for x, y in _bezier(control)]


def _bezier(control: Points) -> Points:
    """Points of a curve with its control points, without the first."""
    curve = np.zeros((_STEPS, 2))
    for weight, point in zip(_weights(len(control) - 1), control, strict=True):
        curve += weight * point
    return curve


@lru_cache(2)
def _weights(degree: int) -> list[Points]:
    """How much each control point weighs at each step of a curve."""
    t = np.arange(1, _STEPS + 1)[:, None] / _STEPS
    return [math.comb(degree, i) * t**i * (1 - t) ** (degree - i) for i in range(degree + 1)]


def _arc(start: tuple[float, float], a: list[float]) -> list[tuple[float, float]]:
    """Points of an elliptical arc, by the formulas of SVG 1.1, appendix F.6.5."""
    wide, high, _, large, sweep, x, y = a
    if start == (x, y):
        return []
    dx, dy = (start[0] - x) / 2 / wide, (start[1] - y) / 2 / high
    grow = max(1.0, math.hypot(dx, dy))
    wide, high, dx, dy = wide * grow, high * grow, dx / grow, dy / grow
    lift = math.sqrt(max(0.0, 1 / (dx * dx + dy * dy) - 1)) * (-1 if large == sweep else 1)
    cx, cy = (start[0] + x) / 2 + lift * dy * wide, (start[1] + y) / 2 - lift * dx * high
    first = math.atan2((start[1] - cy) / high, (start[0] - cx) / wide)
    turn = math.atan2((y - cy) / high, (x - cx) / wide) - first
    turn = turn % math.tau if sweep else turn % math.tau - math.tau
    finer = max(1.0, math.sqrt(max(wide, high) / 12))  # so that large arcs look round too
    count = max(2, round(abs(turn) / math.tau * 3 * _STEPS * finer))
    angles = [first + turn * i / count for i in range(1, count)]
    arc = [(cx + wide * math.cos(t), cy + high * math.sin(t)) for t in angles]
    return [*arc, (x, y)]


def signed_area(points: Points) -> float:
    """Area of a polygon; positive if it runs clockwise on the screen, where y grows downwards."""
    after = _next(points)
    return float(np.dot(points[:, 0], after[:, 1]) - np.dot(after[:, 0], points[:, 1])) / 2


def _next(points: Points) -> Points:
    """For each point of a polygon the one after it."""
    return np.concatenate([points[1:], points[:1]])


def _previous(points: Points) -> Points:
    """For each point of a polygon the one before it."""
    return np.concatenate([points[-1:], points[:-1]])


def turned(points: Points, *, clockwise: bool = True) -> Points:
    """The polygon, clockwise on the screen (an area) or the other way round (a hole)."""
    return points if (signed_area(points) > 0) is clockwise else points[::-1]


def thickness(points: Points) -> float:
    """About how thick a polygon is: twice its area by its circumference."""
    steps = _next(points) - points
    around = float(np.hypot(steps[:, 0], steps[:, 1]).sum())
    return 2 * abs(signed_area(points)) / around if around else 0.0


def grown(points: Points, by: float) -> Points:
    """A clockwise polygon with its outline moved outwards, or a hole's moved inwards."""
    return points + by * _normals(points, closed=True)


def _normals(points: Points, *, closed: bool) -> Points:
    """At each point, the way to the left of the line, longer at corners."""
    steps = _next(points) - points
    lengths = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)[:, None]
    after = np.stack([steps[:, 1], -steps[:, 0]], 1) / lengths
    if not closed:
        after[-1] = after[-2]
    before = _previous(after)
    if not closed:
        before[0] = after[0]
    both = after + before
    squares = np.maximum((both**2).sum(1, keepdims=True) / 2, 1e-9)
    normals = both / squares
    longest = np.hypot(normals[:, 0], normals[:, 1])[:, None]
    shortened: Points = normals * np.minimum(1.0, _MITER / np.maximum(longest, 1e-9))
    return shortened


def stroked(line: Points, width: float, *, closed: bool, round_ends: bool = True) -> list[Points]:
    """Polygons that together cover a line of some *width*, with round corners and ends."""
    line = _without_repeats(line, closed=closed)
    if len(line) < 2:
        return [turned(flatten(disc(float(line[0, 0]), float(line[0, 1]), width / 2))[0][0])]
    if closed and not _corners(line, closed=True).any():
        outer, inner = grown(turned(line), width / 2), grown(turned(line), -width / 2)
        return [outer, inner[::-1]]
    if closed:
        line = np.concatenate([line, line[:1]])
    corners = np.flatnonzero(_corners(line, closed=False))
    pieces = np.split(np.arange(len(line)), corners)
    starts = [0, *corners.tolist()]
    ends = [piece[-1] + (i < len(pieces) - 1) for i, piece in enumerate(pieces)]
    return [
        _ribbon(line[start : end + 1], width, round_ends)
        for start, end in zip(starts, ends, strict=True)
        if end > start
    ]


def _without_repeats(line: Points, *, closed: bool) -> Points:
    moved = np.abs(line[1:] - line[:-1]).max(1, initial=0) > 1e-6
    line = line[np.concatenate([[True], moved])]
    if closed and len(line) > 2:
        start, end = line[0], line[-1]
        if (np.abs(start - end) <= 1e-8 + 1e-5 * np.abs(end)).all():
            return line[:-1]
    return line


def _corners(line: Points, *, closed: bool) -> npt.NDArray[np.bool_]:
    """Where a line turns sharply."""
    after = _next(line) - line
    after /= np.maximum(np.hypot(after[:, 0], after[:, 1]), 1e-9)[:, None]
    sharp: npt.NDArray[np.bool_] = (after * _previous(after)).sum(1) < _SHARP
    if not closed:
        sharp[[0, -1]] = False
    return sharp


def _ribbon(line: Points, width: float, round_ends: bool) -> Points:  # noqa: FBT001
    """One polygon around an open line without sharp corners."""
    normals = _normals(line, closed=False) * (width / 2)
    left, right = line + normals, (line - normals)[::-1]
    if not round_ends:
        return turned(np.concatenate([left, right]))
    end, start = _cap(left[-1], right[0]), _cap(right[-1], left[0])
    return turned(np.concatenate([left, end, right, start]))


def _cap(start: Points, end: Points) -> Points:
    """Points on the half circle from *start* to *end*, clockwise."""
    middle, radius = (start + end) / 2, (start - end) / 2
    turns = [math.pi * i / 6 for i in range(1, 6)]
    across = np.array([-radius[1], radius[0]])
    return np.array([middle + radius * math.cos(t) + across * math.sin(t) for t in turns])


def placed(polygons: Sequence[Points], matrix: Points) -> list[Points]:
    """Polygons after an affine map: *matrix* is 2 x 3, and its last column is the shift."""
    return [points @ matrix[:, :2].T + matrix[:, 2] for points in polygons]
