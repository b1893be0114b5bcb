"""Crops that touch are joined to one grid."""

from __future__ import annotations

import pytest

from visualcrop.models.layouts.layout import PatchGrid, Size
from visualcrop.models.layouts.tiling import count_crops, pan_and_scan_layout, tiled_layout

_TWO = PatchGrid(4, 2)  # 2 x 2 tokens


class TestPanAndScan:
    """The whole image, then crops of it."""

    def test_joins_crops_of_a_wide_image(self) -> None:
        """Three crops stand side by side, the last one narrower."""
        layout = pan_and_scan_layout((100, 34), _TWO, min_crop=10, max_crops=4, min_ratio=1.2)
        assert layout.grid.xs == (0, 17, 34, 51, 68, 84, 100)
        assert layout.cells.tolist() == [[4, 5, 8, 9, 12, 13], [6, 7, 10, 11, 14, 15]]
        assert (layout.tokens, layout.local) == (16, True)

    def test_joins_crops_of_a_tall_image(self) -> None:
        """Two crops, one above the other."""
        layout = pan_and_scan_layout((20, 40), _TWO, min_crop=10, max_crops=4, min_ratio=1.2)
        assert layout.grid.ys == (0, 10, 20, 30, 40)
        assert layout.cells.tolist() == [[4, 5], [6, 7], [8, 9], [10, 11]]

    @pytest.mark.parametrize(
        ("size", "crops"),
        [
            ((100, 90), 0),  # nearly square
            ((1200, 1000), 2),  # just long enough
            ((3000, 1000), 3),
            ((9000, 1000), 4),  # no more than four
            ((3000, 100), 0),  # crops would be too low
            ((700, 300), 2),  # a third would be too narrow
        ],
    )
    def test_crops_where_they_help(self, size: Size, crops: int) -> None:
        """As many as the image is long, if they are large enough; the same for a tall image."""
        for shape in (size, (size[1], size[0])):
            assert crops == count_crops(shape, min_crop=256, max_crops=4, min_ratio=1.2)

    def test_without_crops_it_is_one_view(self) -> None:
        """A square image is seen once."""
        layout = pan_and_scan_layout((40, 40), _TWO, min_crop=10, max_crops=4, min_ratio=1.2)
        assert (layout.tokens, layout.local) == (4, False)


class TestTiled:
    """Tiles, then the whole image."""

    def test_joins_tiles(self) -> None:
        """Tiles come row by row, and so do the tokens within each; the thumbnail is last."""
        layout = tiled_layout((12, 8), _TWO, min_tiles=1, max_tiles=6)
        assert layout.grid.shape == (4, 6)
        assert layout.cells[:2].tolist() == [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7, 10, 11]]
        assert layout.cells[2].tolist() == [12, 13, 16, 17, 20, 21]
        assert (layout.tokens, layout.local) == (28, True)

    def test_one_tile_is_the_whole_image(self) -> None:
        """Then there is no thumbnail."""
        layout = tiled_layout((3, 3), _TWO, min_tiles=1, max_tiles=6)
        assert (layout.tokens, layout.local, layout.grid.shape) == (4, False, (2, 2))
