"""A large image in parts of a thousand pixels or so, and their maps as one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs
import numpy as np

from visualcrop import Box, Grid, Image, RelevanceMap

Place: TypeAlias = tuple[int, int]  # row, column
_HIGH = 1024  # most pixels of a row


@attrs.frozen
class Tiling:
    """Equal parts, row by row; the last of a row or column may stick out of the image."""

    size: tuple[int, int]  # of the image: width, height
    rows: int
    columns: int

    @classmethod
    def of(cls, size: tuple[int, int]) -> Tiling:
        """Rows of at most 1,024 pixels, and in each as many whole squares as there is room for."""
        width, height = size
        rows = math.ceil(height / _HIGH)
        return cls(size, rows, max(1, int(rows * width / height)))

    def at_least(self, side: int) -> Tiling:
        """The same rows, of parts that are no narrower than *side*."""
        return attrs.evolve(self, columns=max(1, min(self.columns, self.size[0] // side)))

    @property
    def places(self) -> list[Place]:
        return [(row, column) for row in range(self.rows) for column in range(self.columns)]

    def box(self, place: Place) -> Box:
        wide, high = math.ceil(self.size[0] / self.columns), math.ceil(self.size[1] / self.rows)
        row, column = place
        return Box(column * wide, row * high, (column + 1) * wide, (row + 1) * high)


def part(image: Image, box: Box) -> Image:
    """The pixels under *box*, black outside the image."""
    return image if box == image.box else Image(image.picture.crop(box.whole_pixels()))


def joined(
    maps: Mapping[Place, RelevanceMap], tiling: Tiling, *, stretched: bool = False
) -> RelevanceMap:
    """
    One map of all parts, in pixels of the image; a part without a map is as the others' mean.

    Each map lies in the pixels of its own part, and all are of one shape. What a map leaves out at
    the end of its part belongs to its last cell. *stretched*, all cells are of one size and fill
    the image, wherever they were.
    """
    some = next(iter(maps.values()))
    mean = np.full_like(some.scores, np.mean([found.scores.mean() for found in maps.values()]))
    blocks = [maps[place].scores if place in maps else mean for place in tiling.places]
    lines = (blocks[row * tiling.columns :][: tiling.columns] for row in range(tiling.rows))
    scores = np.vstack([np.hstack(line) for line in lines])
    if stretched:
        rows, columns = scores.shape
        everything = Grid.even(rows, columns, Box(0, 0, *tiling.size))
        return RelevanceMap(everything, scores, some.base)
    first = tiling.box((0, 0))
    xs = _repeated(some.grid.xs, first.width, tiling.columns, tiling.size[0])
    ys = _repeated(some.grid.ys, first.height, tiling.rows, tiling.size[1])
    return RelevanceMap(Grid(xs, ys), scores[: len(ys) - 1, : len(xs) - 1], some.base)


def _repeated(edges: Sequence[float], length: float, count: int, limit: float) -> tuple[float, ...]:
    """*edges* in each of *count* parts of that *length*, as far as the *limit*."""
    starts = [part * length + edge for part in range(count) for edge in edges[:-1]]
    inside = [edge for edge in starts if edge < limit]
    stop = [*starts, (count - 1) * length + edges[-1]][len(inside)]
    return (*inside, min(stop, limit))
