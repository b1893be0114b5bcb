"""Canvases of tiles: what of them the model keeps, and which pixels those tokens saw."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from tests.support.published import PUBLISHED, SIZES, onevision
from visualcrop.models.layouts.anyres import anyres_layout
from visualcrop.models.layouts.layout import PatchGrid, Size

_ODD = PatchGrid(10, 3)  # 3 x 3 tokens, and a pixel left over
_TWO = PatchGrid(4, 2)  # 2 x 2 tokens


class TestAnyres:
    """The whole image, then a canvas of tiles."""

    @pytest.mark.parametrize(
        ("size", "shape", "tokens"),
        [
            ((2250, 1500), (66, 99), 7329),
            ((4032, 3024), (70, 93), 7309),
            ((3840, 2160), (61, 107), 7317),
            ((7680, 4320), (61, 107), 7317),
            ((640, 640), (54, 54), 3699),
            ((384, 384), (27, 27), 1485),
        ],
    )
    def test_onevision_counts(self, size: Size, shape: tuple[int, int], tokens: int) -> None:
        """As measured on the real processor."""
        layout = onevision(size)
        assert (layout.grid.shape, layout.tokens, layout.local) == (shape, tokens, True)

    def test_a_newline_ends_each_row(self) -> None:
        """Cells skip the whole image's tokens and one after each row."""
        layout = anyres_layout((8, 8), _TWO, pinpoints=[[8, 8]])
        assert layout.cells[:2].tolist() == [[4, 5, 6, 7], [9, 10, 11, 12]]
        assert layout.tokens == 4 + 4 * 5

    def test_a_cell_before_a_seam_is_wider(self) -> None:
        """Each tile of 10 pixels has three cells, and the last of them has its tenth pixel."""
        layout = anyres_layout((20, 10), _ODD, pinpoints=[[10, 20]])
        assert layout.grid.xs == (0, 3, 6, 10, 13, 16, 20)
        assert layout.grid.ys == (0, 3, 6, 10)

    def test_a_reduced_cell_spans_several(self) -> None:
        """Six columns shrunk to four: the second ends at the seam, the others within a tile."""
        layout = anyres_layout((20, 20), _ODD, pinpoints=[[20, 20]], reduced_to=2)
        assert layout.grid.xs == pytest.approx((0, 4.5, 10, 14.5, 20))

    def test_rows_of_padding_are_taken_off(self) -> None:
        """A wide image on a square canvas keeps the rows it is in, cut to it."""
        layout = anyres_layout((8, 3), _TWO, pinpoints=[[8, 8]])
        assert layout.grid.ys == (0, 2, 3)
        assert layout.tokens == 4 + 2 * 5

    def test_rows_taken_off_with_the_padding_are_not_in_the_grid(self) -> None:
        """The model takes off whole rows, and with them a little of the image."""
        layout = anyres_layout((20, 9), PatchGrid(20, 5), pinpoints=[[20, 20]])
        assert layout.grid.ys == (0, 5, 9)  # the image starts at 5 of 20 pixels
        layout = anyres_layout((20, 14), PatchGrid(20, 5), pinpoints=[[20, 20]])
        assert layout.grid.ys == (2, 7, 12)

    @pytest.mark.parametrize(("size", "tokens"), [((3000, 1), 576), ((1, 3000), 600)])
    def test_an_image_without_local_cells_is_seen_whole(self, size: Size, tokens: int) -> None:
        """When the model takes all of a canvas for padding, only newlines are left of it."""
        layout = PUBLISHED["llava-next"](size)
        assert (layout.tokens, layout.grid.shape, layout.local) == (tokens, (24, 24), False)

    @given(SIZES)
    @example((5760, 3840))
    def test_reduction_keeps_to_its_budget(self, size: Size) -> None:
        """No more than nine tiles' tokens, give or take the tenth that is not worth a reduction."""
        assert onevision(size).cells.size <= 9 * 729 * 1.1**2
