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


def cover(edges: Edges, count: int, width: int, height: int) -> Singles:
    """
    Coverage of each pixel by each of *count* layers, from 0 to 1: layers x height x width.

    The first pixel reaches from 0 to 1. The coverage of one polygon is exact; where two of a
    layer meet in one pixel their areas are added.
    """
    index, weight = _cell_areas(edges, width, height)
    size = count * height * (width + 1)
    summed = np.asarray(np.bincount(index, weight, size), float)
    cells = summed[:size].astype(np.float32).reshape(count, height, width + 1)
    areas: Singles = np.cumsum(cells, -1, out=cells)[..., :width]
    return np.clip(areas, 0.0, 1.0, out=areas)


def cover_one(edges: Edges, width: int, height: int, full: float = 255) -> Levels:
    """
    Coverage by a single layer, from 0 to *full*: height x width.

    Only pixels at its edges are worked out; those between two of them are alike.
    """
    index, weight = _cell_areas(edges, width, height)
    stride, end = width + 1, height * (width + 1)
    index = np.concatenate([np.arange(0, end, stride), np.minimum(index, end)])
    order = np.argsort(index, kind="stable")
    summed = np.cumsum(np.concatenate([np.zeros(height), weight])[order])
    starts = np.flatnonzero(order < height)  # each row begins anew
    summed -= np.repeat(summed[starts], np.diff(starts, append=len(order)))
    levels = (np.clip(summed, 0, 1) * full + 0.5).astype(np.uint8)
    lengths = np.diff(index[order], append=end)
    return np.repeat(levels, lengths).reshape(height, stride)[:, :width]


def _cell_areas(edges: Edges, width: int, height: int) -> tuple[Integers, Floats]:
    """
    Cells of edges, and how much each changes the coverage of all pixels to its right.

    An edge is cut at each row, its pieces at each column. A piece covers a part of its own cell,
    and of all to the right as much as it is high: the rest goes to the next cell.
    """
    x0, y0, x1, y1 = *edges.starts.T, *edges.ends.T
    sign = np.where(y1 > y0, -1.0, 1.0)  # upwards on the left of an area that runs clockwise
    top, bottom = np.minimum(y0, y1), np.maximum(y0, y1)
    slope = (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
    low, high = np.clip(top, 0, height), np.clip(bottom, 0, height)
    edge, row = _cells_between(low, high)
    above, below = np.maximum(row, low[edge]), np.minimum(row + 1, high[edge])
    at_above = x0[edge] + (above - y0[edge]) * slope[edge]
    at_below = x0[edge] + (below - y0[edge]) * slope[edge]
    left, right = np.minimum(at_above, at_below), np.maximum(at_above, at_below)
    signed_height = (below - above) * sign[edge]
    lines = row + edges.layers[edge] * height

    left, right = np.clip(left, 0, width), np.clip(right, 0, width)
    outside = np.abs(at_above - at_below) - (right - left)  # cut off: all of it at the border
    if (outside > 1e-9).any():
        return _cut_off(at_above, at_below, signed_height, lines, width)
    return _by_column(left, right, signed_height, lines, width)


def _cut_off(
    above: Floats, below: Floats, high: Floats, lines: Integers, width: int
) -> tuple[Integers, Floats]:
    """As `_by_column`, for pieces some of which reach over the left or right border."""
    left, right = np.minimum(above, below), np.maximum(above, below)
    span = np.maximum(right - left, 1e-12)
    before = np.clip(-left, 0, span) / span
    after = np.clip(right - width, 0, span) / span
    inner = _by_column(
        np.clip(left, 0, width), np.clip(right, 0, width), high * (1 - before - after), lines, width
    )
    border = lines * (width + 1)
    return np.concatenate([inner[0], border]), np.concatenate([inner[1], high * before])


def _by_column(
    left: Floats, right: Floats, high: Floats, lines: Integers, width: int
) -> tuple[Integers, Floats]:
    piece, column = _cells_between(left, right)
    first, last = np.maximum(column, left[piece]), np.minimum(column + 1, right[piece])
    span = (right - left)[piece]
    share = np.where(span > 0, (last - first) / np.where(span > 0, span, 1.0), 1.0)
    part = high[piece] * share
    inside = (first + last) / 2 - column
    index = lines[piece] * (width + 1) + column
    return np.concatenate([index, index + 1]), np.concatenate([part * (1 - inside), part * inside])


def _cells_between(low: Floats, high: Floats) -> tuple[Integers, Integers]:
    """For each stretch from *low* to *high* the unit cells it meets: its number, and the cell."""
    first = np.floor(low).astype(np.int64)
    count = np.maximum(np.ceil(high).astype(np.int64) - first, 1)
    owner = np.repeat(np.arange(len(low)), count)
    start = np.repeat(first, count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, start + within
