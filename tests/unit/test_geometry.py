"""Boxes and grids have an algebra."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.drawn import boxes, grids
from tests.unit.refusals import refused
from visualcrop import Box, Grid
from visualcrop.errors import GeometryError

_SMALL = boxes(within=12, whole=True)


def _pixels(box: Box) -> set[tuple[int, int]]:
    left, top, right, bottom = box.whole_pixels()
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


class TestBox:
    """A half-open rectangle."""

    @pytest.mark.parametrize(
        ("sides", "shown"),
        [
            ((0, 0, 0, 5), "[0, 0, 0, 5]"),
            ((0, 5, 5, 5), "[0, 5, 5, 5]"),
            ((5, 0, 4, 5), "[5, 0, 4, 5]"),
            ((0, 0, math.inf, 5), "[0, 0, inf, 5]"),
            ((math.nan, 0, 1, 2), "[nan, 0, 1, 2]"),
        ],
    )
    def test_is_never_empty(self, sides: tuple[float, ...], shown: str) -> None:
        """A rectangle without an inside is refused, with its sides."""
        assert refused(GeometryError, Box, *sides) == f"The box {shown} is empty or inside out."

    def test_measures(self) -> None:
        """Width, height, area and centre are those of the rectangle."""
        box = Box(10, 20, 40, 60)
        assert (box.width, box.height, box.area, box.centre) == (30, 40, 1200, (25, 40))

    def test_distance_is_between_centres(self) -> None:
        """A box three right and four down is five away."""
        assert Box(0, 0, 2, 2).distance(Box(3, 4, 5, 6)) == 5

    @given(_SMALL, _SMALL)
    def test_common_is_the_shared_pixels(self, one: Box, other: Box) -> None:
        """The common box holds the pixels that both hold, and is none when there are none."""
        shared = _pixels(one) & _pixels(other)
        common = one.common(other)
        assert (_pixels(common) if common else set()) == shared

    @given(_SMALL, _SMALL)
    def test_overlap_is_shared_over_all(self, one: Box, other: Box) -> None:
        """Intersection over union agrees with counting pixels."""
        shared, every = _pixels(one) & _pixels(other), _pixels(one) | _pixels(other)
        assert one.overlap(other) == pytest.approx(len(shared) / len(every))

    @given(boxes(), boxes())
    def test_around_contains_both(self, one: Box, other: Box) -> None:
        """The box around two contains them, and is the larger where that contains the other."""
        around = one.around(other)
        assert around.contains(one)
        assert around.contains(other)
        assert not one.contains(other) or around == one

    @given(boxes())
    def test_whole_pixels_cover(self, box: Box) -> None:
        """Rounded outwards, by less than a pixel on each side."""
        whole = Box(*box.whole_pixels())
        assert whole.contains(box)
        assert whole.width < box.width + 2
        assert whole.height < box.height + 2


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
