"""Parts of a large image, and their maps as one."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop import Box, Grid, Image, RelevanceMap
from visualcrop_vicrop.tiles import TileGrid, crop_padded, merge_maps


def even(rows: int, columns: int, box: Box, score: float) -> RelevanceMap:
    """A flat map over *box*."""
    return RelevanceMap(Grid.even(rows, columns, box), np.full((rows, columns), score))


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        ((1, 1), (1, 1)),
        ((800, 1000), (1, 1)),  # where the original divides by zero
        ((2246, 1582), (2, 2)),
        ((4024, 3503), (4, 4)),
        ((7431, 5358), (6, 8)),
        ((1500, 2000), (2, 1)),
        ((1, 3000), (3, 1)),
    ],
)
def test_rows_and_columns(size: tuple[int, int], parts: tuple[int, int]) -> None:
    """Rows of 1,024 pixels at most, and parts that are nearly square."""
    tiling = TileGrid.fit(size)

    assert (tiling.rows, tiling.columns) == parts


def test_strips_have_few_parts() -> None:
    """No part is narrower than the least crop, and one is there in any case."""
    assert TileGrid.fit((3000, 1)).columns == 3000
    assert TileGrid.fit((3000, 1)).with_least_width(336).columns == 8
    assert TileGrid.fit((100, 1)).with_least_width(336).columns == 1
    assert TileGrid.fit((4024, 3503)).with_least_width(336) == TileGrid.fit((4024, 3503))


def test_parts_cover_the_image() -> None:
    """Every pixel lies in one of them, and what sticks out is black."""
    pixels = np.random.default_rng(0).integers(1, 256, (1027, 2049, 3), dtype=np.uint8)
    image = Image.open(pixels)
    tiling = TileGrid.fit((2049, 1027))
    seen = [crop_padded(image, tiling.box(place)).pixels for place in tiling.places]

    assert len({picture.shape for picture in seen}) == 1
    assert sum(int((picture > 0).sum()) for picture in seen) == pixels.size
    assert len(seen) == tiling.rows * tiling.columns == 6


def test_the_whole_is_no_copy() -> None:
    """An image of one part is that part, so that what was read of it is known."""
    image = Image.open(np.zeros((50, 60, 3), np.uint8))

    assert crop_padded(image, TileGrid.fit((60, 50)).box((0, 0))) is image


class TestJoined:
    def test_lies_over_the_image(self) -> None:
        """Cells are where their parts are, cut at the image's edge, and none lies beyond it."""
        tiling = TileGrid((99, 40), 1, 2)  # parts of 50 pixels
        left, right = (even(2, 5, Box(0, 0, 50, 40), score) for score in (1, 2))
        found = merge_maps({(0, 0): left, (0, 1): right}, tiling)

        assert found.grid.box == Box(0, 0, 99, 40)
        assert found.grid.xs == (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99)
        assert found.scores.tolist() == [[1] * 5 + [2] * 5] * 2

    def test_leaves_out_cells_beyond_the_image(self) -> None:
        """Where the last part sticks out by more than a cell."""
        tiling = TileGrid((10, 7), 2, 1)  # parts of 4 pixels in height
        maps = {(row, 0): even(8, 2, Box(0, 0, 10, 4), row) for row in (0, 1)}
        found = merge_maps(maps, tiling)

        assert found.grid.box == Box(0, 0, 10, 7)
        assert found.scores.shape == (14, 2)

    def test_gaps_belong_to_the_cells_before_them(self) -> None:
        """Maps of the middles of their parts leave no holes in the grid."""
        tiling = TileGrid((100, 30), 1, 2)
        middles = {(0, column): even(1, 2, Box(10, 0, 40, 30), column) for column in (0, 1)}
        found = merge_maps(middles, tiling)

        assert found.grid.xs == (10, 25, 60, 75, 90)

    def test_stretched_fills_the_image(self) -> None:
        """Whatever the maps lie on, their cells are spread evenly."""
        tiling = TileGrid((100, 30), 1, 2)
        middles = {(0, column): even(1, 2, Box(10, 0, 40, 30), column) for column in (0, 1)}
        found = merge_maps(middles, tiling, stretched=True)

        assert found.grid.xs == (0, 25, 50, 75, 100)

    def test_a_part_without_a_map_is_as_the_others_mean(self) -> None:
        """So that it neither draws nor repels the crop."""
        tiling = TileGrid((100, 30), 1, 2)
        half = RelevanceMap(Grid.even(1, 2, Box(0, 0, 50, 30)), np.array([[1.0, 3.0]]))
        found = merge_maps({(0, 0): half}, tiling)

        assert found.scores.tolist() == [[1, 3, 2, 2]]
