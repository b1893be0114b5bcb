"""A large image in tiles of about a thousand pixels, and their maps as one map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs
import numpy as np

from visualcrop import Box, Grid, Image, RelevanceMap

Place: TypeAlias = tuple[int, int]  # row, column
_MOST_HEIGHT = 1024  # pixels of a tile


@attrs.frozen
class TileGrid:
    """Tiles of one size, row by row; the last of a row or column may reach beyond the image."""

    size: tuple[int, int]  # of the image: width, height
    rows: int
    columns: int

    @classmethod
    def fit(cls, size: tuple[int, int]) -> TileGrid:
        """Rows of at most 1,024 pixels, each of as many whole squares as fit."""
        width, height = size
        rows = math.ceil(height / _MOST_HEIGHT)
        return cls(size, rows, max(1, int(rows * width / height)))

    def with_least_width(self, side: int) -> TileGrid:
        """The same rows, of tiles no narrower than *side* pixels."""
        return attrs.evolve(self, columns=max(1, min(self.columns, self.size[0] // side)))

    @property
    def places(self) -> list[Place]:
        """Row by row."""
        return [(row, column) for row in range(self.rows) for column in range(self.columns)]

    def box(self, place: Place) -> Box:
        """Pixels of the tile at *place*."""
        width, height = math.ceil(self.size[0] / self.columns), math.ceil(self.size[1] / self.rows)
        everything = Box(0, 0, self.columns * width, self.rows * height)
        row, column = place
        return everything.tiles(self.rows, self.columns)[row * self.columns + column]


def crop_padded(image: Image, box: Box) -> Image:
    """The pixels under *box*; those outside the image are black."""
    return image if box == image.box else Image(image.picture.crop(box.whole_pixels()))


def merge_maps(
    maps: Mapping[Place, RelevanceMap], tiling: TileGrid, *, stretched: bool = False
) -> RelevanceMap:
    """
    One map over the image; a tile without a map gets the mean score of the others.

    All maps have one shape, and each is in pixels of its own tile. Pixels at the end of a tile
    that its map leaves out belong to the last cell. With *stretched*, cells of one size fill the
    image, wherever they were.
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
    xs = _repeat_edges(some.grid.xs, first.width, tiling.columns, tiling.size[0])
    ys = _repeat_edges(some.grid.ys, first.height, tiling.rows, tiling.size[1])
    return RelevanceMap(Grid(xs, ys), scores[: len(ys) - 1, : len(xs) - 1], some.base)


def _repeat_edges(
    edges: Sequence[float], length: float, count: int, limit: float
) -> tuple[float, ...]:
    """*edges* in each of *count* tiles of that *length*, cut at *limit*."""
    starts = [part * length + edge for part in range(count) for edge in edges[:-1]]
    inside = [edge for edge in starts if edge < limit]
    stop = [*starts, (count - 1) * length + edges[-1]][len(inside)]
    return (*inside, min(stop, limit))
