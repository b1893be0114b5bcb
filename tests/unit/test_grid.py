"""Cells between edges have an algebra."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import boxes, grids
from tests.support.refusals import refused
from visualcrop import Box, Grid
from visualcrop.errors import GeometryError


class TestGrid:
    """Cells between edges."""

    @given(grids())
    def test_cells_tile_the_box(self, grid: Grid) -> None:
        """Cells lie in the box, do not overlap, and together are as large."""
        rows, columns = grid.shape
        cells = [grid.cell(row, column) for row in range(rows) for column in range(columns)]
        assert all(grid.box.contains(cell) for cell in cells)
        assert sum(cell.area for cell in cells) == pytest.approx(grid.box.area)
        assert not any(one.common(other) for one, other in pairwise(cells))

    @given(boxes(), st.integers(1, 40), st.integers(1, 40))
    def test_even_covers_its_box(self, box: Box, rows: int, columns: int) -> None:
        """Even cells have the shape asked for, one size, and end where the box does."""
        grid = Grid.even(rows, columns, box)
        assert (grid.shape, grid.box) == ((rows, columns), box)
        assert grid.cell_side == pytest.approx(math.sqrt(box.area / (rows * columns)))
        assert grid.cell(rows - 1, columns - 1).width == pytest.approx(box.width / columns)

    @given(grids(), st.integers(1, 12))
    def test_pooled_covers_the_same_box(self, grid: Grid, factor: int) -> None:
        """Pooling joins cells, leaves the box as it is, and rounds the count up."""
        pooled = grid.pooled(factor)
        assert pooled.box == grid.box
        assert pooled.shape == tuple(math.ceil(size / factor) for size in grid.shape)
        assert set(pooled.xs) <= set(grid.xs)

    def test_a_range_of_cells_is_their_box(self) -> None:
        """Rows come before columns, and the ends are left out."""
        grid = Grid((0, 1, 3, 7), (0, 10, 30))
        assert grid.cells(0, 1, 2, 3) == Box(1, 0, 7, 30)
        assert grid.cell(1, 0) == Box(0, 10, 1, 30)

    @pytest.mark.parametrize("edges", [(), (1,), (1, 1), (0, 2, 1), (0, math.nan)])
    def test_edges_rise(self, edges: tuple[float, ...]) -> None:
        """Fewer than two edges, or edges that do not rise, are refused on either side."""
        message = "A grid needs two edges or more on each side, in rising order."
        assert refused(GeometryError, Grid, edges, (0, 1)) == message
        assert refused(GeometryError, Grid, (0, 1), edges) == message

    def test_has_a_row_and_a_column(self) -> None:
        """A grid of no rows is refused with its numbers."""
        message = refused(GeometryError, Grid.even, 0, 3, Box(0, 0, 1, 1))
        assert message == "A grid cannot have 0 rows and 3 columns."
