"""Where a matched null crop lies: as large as what was shown, where the maps point least."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from ..geometry import Box
from ..values import RelevanceMap

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.float64]

_DIGITS = 9  # of a relevance from 0 to 1: places that differ by less are alike


def find_null_place(
    size: tuple[int, int], bounds: Box, taken: Sequence[Box], maps: Sequence[RelevanceMap] = ()
) -> Box | None:
    """
    The box of *size* in *bounds* with the least relevance that meets no box of *taken*.

    The least is the lowest peak, then the lowest mean: a small thing in a dull place is a peak, and
    the mean of a large crop would hide it. Of all places in whole pixels none has less. Of places
    alike, as all are without a map, the one that is farthest from the taken boxes is chosen, by its
    centre; of those, the topmost, then the leftmost. None if there is no such place.

    Args:
        size: Width and height in pixels.
        bounds: Where the place may be, in pixels of the image; also within every map.
        taken: Boxes that it must not meet, each taken to whole pixels.
        maps: Relevance of each target; each is scaled to 0 to 1, so that none outweighs another.
    """
    import numpy as np

    room = _room(bounds, maps)
    (width, height), blocks = size, [box.whole_pixels() for box in taken]
    if room is None or width > room[2] - room[0] or height > room[3] - room[1]:
        return None
    xs = _edges(room[0], room[2], width, [m.grid.xs for m in maps], [b[::2] for b in blocks])
    ys = _edges(room[1], room[3], height, [m.grid.ys for m in maps], [b[1::2] for b in blocks])
    rows, columns = np.nonzero(_are_free(xs, ys, size, blocks))
    if not len(rows):
        return None
    zeros = np.zeros((len(ys), len(xs)))
    peak = np.maximum.reduce([zeros, *(_peaks(m, xs, ys, size) for m in maps)])
    mean = sum((_means(m, xs, ys, size) for m in maps), zeros)
    for relevance in (peak, mean):
        found = np.round(relevance[rows, columns], _DIGITS)
        rows, columns = rows[found == found.min()], columns[found == found.min()]
    far = _distances(xs[columns] + width / 2, ys[rows] + height / 2, taken)
    best = int(np.argmax(far))  # the first of several: they are in reading order
    left, top = int(xs[columns[best]]), int(ys[rows[best]])
    return Box(left, top, left + width, top + height)


def _room(bounds: Box, maps: Sequence[RelevanceMap]) -> tuple[int, int, int, int] | None:
    """The whole pixels in *bounds* and in every map: left, top, right, bottom."""
    boxes = [bounds, *(m.grid.box for m in maps)]
    left, top = math.ceil(max(b.left for b in boxes)), math.ceil(max(b.top for b in boxes))
    right = math.floor(min(b.right for b in boxes))
    bottom = math.floor(min(b.bottom for b in boxes))
    return (left, top, right, bottom) if left < right and top < bottom else None


def _are_free(
    xs: Numbers, ys: Numbers, size: tuple[int, int], blocks: Iterable[Sequence[int]]
) -> npt.NDArray[np.bool_]:
    """Whether the box at each of *ys* (rows) and *xs* (columns) meets none of *blocks*."""
    import numpy as np

    (width, height), free = size, np.ones((len(ys), len(xs)), bool)
    for left, top, right, bottom in blocks:
        meets_row = (ys < bottom) & (ys + height > top)
        meets_column = (xs < right) & (xs + width > left)
        free &= ~(meets_row[:, None] & meets_column)
    return free


def _edges(
    low: int,
    high: int,
    length: int,
    grids: Iterable[Sequence[float]],
    blocks: Iterable[Sequence[int]],
) -> Numbers:
    """
    Left edges (or top edges) among which the place of least relevance is, in rising order.

    While a box moves between those places where one of its sides crosses an edge of a cell, or
    meets a taken box, its mean is linear and its peak constant: the least is at an end of each such
    stretch, or in the last whole pixel before it.
    """
    import numpy as np

    cells = np.concatenate([np.zeros(0), *(np.asarray(edges, float) for edges in grids)])
    crossed = np.concatenate([cells, cells - length])
    walls = [edge for start, end in blocks for edge in (start - length, end)]
    at = np.concatenate([np.floor(crossed), np.ceil(crossed), [low, high - length], walls])
    return np.unique(at[(at >= low) & (at <= high - length)])


def _scaled(relevance: RelevanceMap) -> Numbers:
    """The scores from 0 to 1, rows x columns; all 0 if they are all alike."""
    import numpy as np

    scores: Numbers = relevance.scores.astype(np.float64)
    scores -= scores.min()
    return scores / (scores.max() or 1.0)


def _means(relevance: RelevanceMap, xs: Numbers, ys: Numbers, size: tuple[int, int]) -> Numbers:
    """Mean relevance of the box at each of *ys* (rows) and *xs* (columns)."""
    grid, (width, height) = relevance.grid, size
    down, across = _overlaps(grid.ys, ys, height) / height, _overlaps(grid.xs, xs, width) / width
    found: Numbers = down @ _scaled(relevance) @ across.T
    return found


def _peaks(relevance: RelevanceMap, xs: Numbers, ys: Numbers, size: tuple[int, int]) -> Numbers:
    """Highest relevance of a cell that the box at each of *ys* (rows) and *xs* (columns) meets."""
    import numpy as np

    grid, scores, (width, height) = relevance.grid, _scaled(relevance), size
    down, across = _overlaps(grid.ys, ys, height) > 0, _overlaps(grid.xs, xs, width) > 0
    bands = np.stack([scores[:, cells].max(axis=1) for cells in across], axis=1)  # rows x places
    found: Numbers = np.stack([bands[cells].max(axis=0) for cells in down])
    return found


def _overlaps(edges: Sequence[float], starts: Numbers, length: int) -> Numbers:
    """Pixels that a stretch from each of *starts* shares with each cell: starts x cells."""
    import numpy as np

    cells = np.asarray(edges, float)
    ends = np.minimum(starts[:, None] + length, cells[None, 1:])
    shared: Numbers = np.maximum(ends - np.maximum(starts[:, None], cells[None, :-1]), 0)
    return shared


def _distances(xs: Numbers, ys: Numbers, taken: Sequence[Box]) -> Numbers:
    """Of each centre, the square of the distance to the nearest centre of a taken box."""
    import numpy as np

    if not taken:
        return np.zeros(len(xs))
    nearest = np.full(len(xs), np.inf)
    for x, y in (box.centre for box in taken):  # box by box: there may be millions of places
        np.minimum(nearest, (xs - x) ** 2 + (ys - y) ** 2, out=nearest)
    return nearest
