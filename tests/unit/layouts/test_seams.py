"""A grid's edges touch, though an encoder leaves pixels over at the end of each tile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given

from tests.support.published import (
    LLAVA,
    NEXT_PINPOINTS,
    ONEVISION,
    ONEVISION_PINPOINTS,
    SIZES,
    llava_next,
    onevision,
)
from visualcrop.models.layouts.anyres import _pasted_size, select_best_resolution
from visualcrop.models.layouts.layout import Edges, Layout, Size

_LEFT_OVER = 6  # of OneVision's 384 pixels: 27 patches of 14 are 378


def _on_canvas(layout: Layout, size: Size, canvas: Size) -> Iterator[Edges]:
    """The inner edges of columns and of rows, in pixels of the canvas that the encoder is given."""
    sides = (layout.grid.xs, layout.grid.ys), size, _pasted_size(size, canvas), canvas
    for edges, length, pasted, room in zip(*sides, strict=True):
        yield np.array(edges[1:-1]) * pasted / length + (room - pasted) // 2


class TestSeams:
    """Where one tile ends and the next begins."""

    @given(SIZES)
    @example((2250, 1500))
    @example((640, 640))
    def test_the_last_cell_of_a_tile_is_wider_by_what_is_left_over(self, size: Size) -> None:
        """
        Each cell of a side spans as many patches, and at the end of a tile 6 pixels more.

        Those no token saw. They are 6 of the tile's 384; a cell that holds them is 20 pixels wide
        and not 14, or, where cells were joined, too wide by as little.
        """
        layout, canvas = onevision(size), select_best_resolution(size, ONEVISION_PINPOINTS)
        if not layout.local:
            return
        for edges in _on_canvas(layout, size, canvas):
            wide = np.diff(edges)
            seams = np.diff(np.floor((edges + 1e-6) / ONEVISION.side))  # 1 where a tile ends
            seen = wide - seams * _LEFT_OVER
            assert seen == pytest.approx(np.full(seen.shape, seen[:1]))
            assert (seen >= ONEVISION.patch - 1e-6).all()
            assert (wide - seen <= _LEFT_OVER).all()

    @given(SIZES)
    def test_without_anything_left_over_all_cells_are_even(self, size: Size) -> None:
        """LLaVA-NeXT's patches fill its tiles: 24 of 14 pixels are 336."""
        layout, canvas = llava_next(size), select_best_resolution(size, NEXT_PINPOINTS)
        if not layout.local:
            return
        for edges in _on_canvas(layout, size, canvas):
            assert np.diff(edges) == pytest.approx(LLAVA.patch)
            assert edges / LLAVA.patch == pytest.approx(np.round(edges / LLAVA.patch))
