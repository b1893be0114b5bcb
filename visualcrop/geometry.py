"""Boxes and grids, always in pixels of the original image."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from numbers import Real
from typing import Any

import attrs

from .errors import GeometryError


def _plain(side: float) -> float:
    """A number of Python, whose kind it keeps: numpy's can be written into no JSON."""
    if type(side) in {int, float}:
        return side
    item: Any = getattr(side, "item", None)  # of numpy, or a tensor
    side = item() if item and getattr(side, "ndim", None) == 0 else side
    if isinstance(side, bool) or not isinstance(side, Real):
        raise GeometryError(f"A box or grid is given in numbers of pixels, not by {side!r}.")
    return int(side) if isinstance(side, int) else float(side)


def _edges(edges: Iterable[float]) -> tuple[float, ...]:
    return tuple(map(_plain, edges))


@attrs.frozen
class Box:
    """Half-open rectangle [left, right) x [top, bottom), never empty."""

    left: float = attrs.field(converter=_plain)
    top: float = attrs.field(converter=_plain)
    right: float = attrs.field(converter=_plain)
    bottom: float = attrs.field(converter=_plain)

    def __attrs_post_init__(self) -> None:
        sides = self.left, self.top, self.right, self.bottom
        if not (
            all(map(math.isfinite, sides)) and self.left < self.right and self.top < self.bottom
        ):
            raise GeometryError(f"The box {self} is empty or inside out.")

    def __str__(self) -> str:
        sides = (self.left, self.top, self.right, self.bottom)
        return f"[{', '.join(f'{side:.0f}' for side in sides)}]"

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Horizontal, then vertical."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def distance(self, other: Box) -> float:
        """Pixels between the two centres."""
        return math.dist(self.centre, other.centre)

    def contains(self, other: Box) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def lies_in(self, other: Box, *, slack: float = 1.0) -> bool:
        """Whether *other* contains it, but for *slack* pixels lost by rounding."""
        return self.common(other) is not None and other.expanded(slack).contains(self)

    def common(self, other: Box) -> Box | None:
        """Rectangle in both, if there is one."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    def around(self, other: Box) -> Box:
        """Smallest rectangle over both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    @classmethod
    def union(cls, boxes: Iterable[Box]) -> Box:
        """Smallest rectangle over all *boxes*, of which there must be one at least."""
        some = [*boxes]
        if not some:
            raise GeometryError("There is no box over no boxes; give one at least.")
        return reduce(cls.around, some)

    def clipped(self, bounds: Box) -> Box:
        """The part of the box that lies in *bounds*; where there may be none, ask `common`."""
        inside = self.common(bounds)
        if inside is None:
            raise GeometryError(f"The box {self} lies outside {bounds}; give one that meets it.")
        return inside

    def expanded(self, pixels: float) -> Box:
        """The same box with *pixels* more on each of its four sides."""
        return Box(self.left - pixels, self.top - pixels, self.right + pixels, self.bottom + pixels)

    def moved(self, across: float, down: float) -> Box:
        """A box of the same size, *across* pixels further right and *down* pixels further down."""
        return Box(self.left + across, self.top + down, self.right + across, self.bottom + down)

    def scaled(self, factor: float) -> Box:
        """A box with the same centre whose sides are *factor* times as long."""
        across, down = self.width * (factor - 1) / 2, self.height * (factor - 1) / 2
        return Box(self.left - across, self.top - down, self.right + across, self.bottom + down)

    def tiles(self, rows: int, columns: int, *, overlap: int = 0) -> list[Box]:
        """
        *rows* x *columns* parts, row by row, whose edges are whole pixels apart.

        The last row and column take what is left over; a box of fewer pixels has fewer parts.
        Neighbours share *overlap* pixels, which the outer edges of the box cut off.
        """
        xs = _intervals(self.left, self.right, columns, overlap)
        ys = _intervals(self.top, self.bottom, rows, overlap)
        return [Box(left, top, right, bottom) for top, bottom in ys for left, right in xs]

    def overlap(self, other: Box) -> float:
        """Intersection over union, from 0 to 1."""
        common = self.common(other)
        return common.area / (self.area + other.area - common.area) if common else 0.0

    def whole_pixels(self) -> tuple[int, int, int, int]:
        """Every pixel the box touches, as left, top, right, bottom."""
        return (
            math.floor(self.left),
            math.floor(self.top),
            math.ceil(self.right),
            math.ceil(self.bottom),
        )


def _intervals(start: float, stop: float, count: int, overlap: int) -> list[tuple[float, float]]:
    """[start, stop) in *count* parts of whole pixels; neighbours share *overlap* of them."""
    if count < 1 or overlap < 0:
        raise GeometryError(
            f"A box cannot be cut into {count} parts that overlap by {overlap} pixels; give 1 part "
            "or more, and an overlap from 0."
        )
    count = max(1, min(count, int(stop - start)))
    stride, before = (stop - start) // count, overlap // 2
    edges = [*(start + stride * part for part in range(count)), stop]
    return [
        (max(start, left - before), min(stop, right + overlap - before))
        for left, right in pairwise(edges)
    ]


@attrs.frozen
class Grid:
    """Rows and columns of cells, given by the edges between them."""

    xs: tuple[float, ...] = attrs.field(converter=_edges)  # columns + 1, left to right
    ys: tuple[float, ...] = attrs.field(converter=_edges)  # rows + 1, top to bottom

    def __attrs_post_init__(self) -> None:
        for edges in (self.xs, self.ys):
            if len(edges) < 2 or not all(a < b for a, b in pairwise(edges)):
                raise GeometryError("A grid needs two edges or more on each side, in rising order.")
            if not (math.isfinite(edges[0]) and math.isfinite(edges[-1])):
                raise GeometryError("A grid ends at finite numbers of pixels.")

    @classmethod
    def even(cls, rows: int, columns: int, box: Box) -> Grid:
        """Cells of one size over *box*."""
        if rows < 1 or columns < 1:
            raise GeometryError(f"A grid cannot have {rows} rows and {columns} columns.")
        return cls(
            (*(box.left + i * box.width / columns for i in range(columns)), box.right),
            (*(box.top + i * box.height / rows for i in range(rows)), box.bottom),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, then columns."""
        return len(self.ys) - 1, len(self.xs) - 1

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    @property
    def cell_side(self) -> float:
        """Side of a square as large as a mean cell, in pixels."""
        rows, columns = self.shape
        return math.sqrt(self.box.area / (rows * columns))

    def cells(self, top: int, left: int, bottom: int, right: int) -> Box:
        """Pixels under rows [top, bottom) and columns [left, right)."""
        return Box(self.xs[left], self.ys[top], self.xs[right], self.ys[bottom])

    def cell(self, row: int, column: int) -> Box:
        return self.cells(row, column, row + 1, column + 1)

    def moved(self, across: float, down: float) -> Grid:
        """The same cells, further to the right and further down."""
        return Grid(tuple(x + across for x in self.xs), tuple(y + down for y in self.ys))

    def pooled(self, factor: int) -> Grid:
        """Join *factor* x *factor* cells into one; the last may be narrower."""
        return Grid(
            (*self.xs[:-1:factor], self.xs[-1]),
            (*self.ys[:-1:factor], self.ys[-1]),
        )
