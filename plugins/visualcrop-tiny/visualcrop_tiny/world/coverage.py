"""How much of each pixel a polygon covers, exactly, by the area under its edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from .paths import Points

Floats: TypeAlias = "npt.NDArray[np.float64]"
Singles: TypeAlias = "npt.NDArray[np.float32]"
Levels: TypeAlias = "npt.NDArray[np.uint8]"
Integers: TypeAlias = "npt.NDArray[np.int64]"


@attrs.frozen(eq=False)
class Edges:
    """
    Edges of polygons, each of which belongs to one of several layers.

    Attributes:
        starts: N x 2, x and y in pixels.
        ends: N x 2. Clockwise polygons are areas, the others holes.
        layers: Which layer each is of, from 0.

    """

    starts: Points
    ends: Points
    layers: Integers

    @classmethod
    def of(cls, layers: Sequence[Sequence[Points]]) -> Edges:
        """The edges of layers of polygons."""
        polygons = [points for layer in layers for points in layer]
        counts = [sum(map(len, layer)) for layer in layers]
        starts = np.concatenate([np.zeros((0, 2)), *polygons])
        lengths = np.array([len(points) for points in polygons], np.int64)
        after, last = np.arange(1, len(starts) + 1), np.cumsum(lengths) - 1
        after[last] = last + 1 - lengths  # the last point of a polygon leads to its first
        ends = starts[after]
        return cls(starts, ends, np.repeat(np.arange(len(layers)), counts))

    def relative_to(self, left: float, top: float) -> Edges:
        """The same edges, in pixels from another upper left corner."""
        corner = (left, top)
        return Edges(self.starts - corner, self.ends - corner, self.layers)


def cover(edges: Edges, count: int, width: int, height: int) -> Singles:
    """
    Coverage of each pixel by each of *count* layers, from 0 to 1: layers x height x width.

    The first pixel reaches from 0 to 1. The coverage of one polygon is exact; where two of a
    layer meet in one pixel their areas are added.
    """
    size = count * (width + 1) * height
    index, weight = _cell_areas(edges, width, height, (size // count, 1, height))
    summed = np.asarray(np.bincount(index, weight, size), float)
    cells = summed[:size].astype(np.float32).reshape(count, width + 1, height)
    for column in range(1, width):  # all rows of all layers at once
        cells[:, column] += cells[:, column - 1]
    areas: Singles = np.clip(cells[:, :width], 0.0, 1.0)
    return areas.swapaxes(1, 2)


def cover_levels(edges: Edges, count: int, width: int, height: int, full: float = 255) -> Levels:
    """
    Coverage as `cover` has it, from 0 to *full*: layers x height x width.

    Only pixels at edges are worked out; those between two of them are alike.
    """
    stride, rows = width + 1, count * height
    end = rows * stride
    index, weight = _cell_areas(edges, width, height, (height * stride, stride, 1))
    index = np.concatenate([np.arange(0, end, stride), np.minimum(index, end)])
    order = index.argsort(kind="stable")
    summed = np.concatenate([np.zeros(rows), weight])[order].cumsum()
    starts = np.flatnonzero(order < rows)  # each row begins anew
    summed -= np.repeat(summed[starts], _gaps(starts, len(order)))
    levels = (_clip(summed, 1) * full + 0.5).astype(np.uint8)
    lengths = _gaps(index[order], end)
    return np.repeat(levels, lengths).reshape(count, height, stride)[..., :width]


def _cell_areas(
    edges: Edges, width: int, height: int, strides: tuple[int, int, int]
) -> tuple[Integers, Floats]:
    """
    Cells of edges, and how much each changes the coverage of all pixels to its right.

    A cell's number is by its layer, row and column, each times its one of the *strides*.

    An edge is cut at each row, its pieces at each column. A piece covers a part of its own cell,
    and of all to the right as much as it is high: the rest goes to the next cell.
    """
    (x0, y0), (x1, y1) = edges.starts.T, edges.ends.T
    sign = np.where(y1 > y0, -1.0, 1.0)  # upwards on the left of an area that runs clockwise
    slope = (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
    low = _clip(np.minimum(y0, y1), height)
    high = _clip(np.maximum(y0, y1), height)
    counts, row = _cells_between(low, high)
    layer = np.repeat(edges.layers, counts)
    x, y, slope, sign, low, high = np.repeat(
        np.stack([x0, y0, slope, sign, low, high]), counts, axis=1
    )
    above, below = np.maximum(row, low), np.minimum(row + 1, high)
    at_above = x + (above - y) * slope
    at_below = x + (below - y) * slope
    signed_height = (below - above) * sign
    lines = layer * strides[0] + row * strides[1]

    left, right = np.minimum(at_above, at_below), np.maximum(at_above, at_below)
    inner_left, inner_right = _clip(left, width), _clip(right, width)
    if ((right - left) - (inner_right - inner_left) <= 1e-9).all():
        return _by_column(inner_left, inner_right, signed_height, lines, strides[2])
    # What is cut off is all at the border.
    span = np.maximum(right - left, 1e-12)
    before = _clip(-left, span) / span
    after = _clip(right - width, span) / span
    inner_height = signed_height * (1 - before - after)
    index, weight = _by_column(inner_left, inner_right, inner_height, lines, strides[2])
    return np.concatenate([index, lines]), np.concatenate([weight, signed_height * before])


def _by_column(
    left: Floats, right: Floats, high: Floats, lines: Integers, stride: int
) -> tuple[Integers, Floats]:
    counts, column = _cells_between(left, right)
    index = np.repeat(lines, counts) + column * stride
    left, right, high = np.repeat(np.stack([left, right, high]), counts, axis=1)
    first, last = np.maximum(column, left), np.minimum(column + 1, right)
    span = right - left
    share = np.where(span > 0, (last - first) / np.where(span > 0, span, 1.0), 1.0)
    part = high * share
    inside = (first + last) / 2 - column
    weight = np.concatenate([part * (1 - inside), part * inside])
    return np.concatenate([index, index + stride]), weight


def _cells_between(low: Floats, high: Floats) -> tuple[Integers, Integers]:
    """How many unit cells each stretch from *low* to *high* meets, and all of these cells."""
    first = np.floor(low).astype(np.int64)
    counts = np.maximum(np.ceil(high).astype(np.int64) - first, 1)
    ends = np.cumsum(counts)
    return counts, np.arange(ends[-1] if len(ends) else 0) + np.repeat(
        first - ends + counts, counts
    )


def _gaps(places: Integers, end: int) -> Integers:
    """From each place to the next, and from the last to the *end*."""
    return np.concatenate([places[1:], [end]]) - places


def _clip(values: Floats, most: Floats | float) -> Floats:
    """Values from 0 to *most*; faster for few of them than `np.clip`."""
    return np.minimum(np.maximum(values, 0), most)
