"""Layouts say which pixels each token of an image saw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.support.published import (
    EXTREMES,
    LLAVA,
    PUBLISHED,
    SIZES,
    WHOLE,
    gemma_crops,
    internvl,
    llava_next,
    qwen2_5,
)
from tests.support.refusals import refused
from visualcrop import Box
from visualcrop.errors import GeometryError
from visualcrop.models.layouts.layout import (
    Layout,
    PatchGrid,
    Size,
    cropped_layout,
    native_layout,
    padded_layout,
    smart_resize,
    squashed_layout,
    stretch_thin,
)

_ODD = PatchGrid(10, 3)  # 3 x 3 tokens, and a pixel left over
_TWO = PatchGrid(4, 2)  # 2 x 2 tokens


@pytest.mark.parametrize(
    ("layout", "shown"),
    [
        (squashed_layout((4096, 3072), LLAVA), (336, 336)),
        (padded_layout((4096, 3072), LLAVA), (336, 252)),
        (padded_layout((3000, 1), LLAVA), (336, 1)),
        (cropped_layout((4096, 3072), LLAVA), (448, 336)),
        (qwen2_5((4096, 3072)), (4088, 3080)),
        (llava_next((4096, 3072)), (672, 504)),
        (internvl((4096, 3072)), (1792, 1344)),
        (gemma_crops((4096, 3072)), (1792, 896)),
    ],
)
def test_tells_how_large_the_encoder_sees_it(layout: Layout, shown: Size) -> None:
    """Width and height of the image itself, padding aside, at the finest that it is shown."""
    assert layout.shown == shown


@pytest.mark.parametrize("name", PUBLISHED)
class TestEveryLayout:
    """With the numbers of the published checkpoints, for any size."""

    @given(size=SIZES)
    def test_cells_are_placeholders(self, name: str, size: Size) -> None:
        """Each cell has one placeholder of its own, and the grid has one of each cell."""
        layout = PUBLISHED[name](size)
        assert layout.cells.shape == layout.grid.shape
        assert layout.cells.dtype == np.intp
        assert len(np.unique(layout.cells)) == layout.cells.size
        assert 0 <= layout.cells.min() <= layout.cells.max() < layout.tokens

    @given(size=SIZES)
    def test_cells_lie_in_the_image(self, name: str, size: Size) -> None:
        """The grid reaches no further than the image, and where nothing is cut, as far."""
        layout, whole = PUBLISHED[name](size), Box(0, 0, *size)
        assert whole.contains(layout.grid.box)
        assert layout.grid.box == whole or name not in WHOLE

    @pytest.mark.parametrize("size", EXTREMES)
    def test_tokens_read_like_a_page(self, name: str, size: Size) -> None:
        """Within a row of cells the tokens rise, and so they do within a column."""
        cells = PUBLISHED[name](size).cells
        assert (np.diff(cells, axis=0) > 0).all()
        assert (np.diff(cells, axis=1) > 0).all()


class TestSquashed:
    """The whole image on one square."""

    def test_cells_are_even(self) -> None:
        """Two tokens on a side halve the image, whatever its shape."""
        layout = squashed_layout((30, 8), _TWO)
        assert (layout.tokens, layout.local) == (4, False)
        assert (layout.grid.xs, layout.grid.ys) == ((0, 15, 30), (0, 4, 8))
        assert layout.cells.tolist() == [[0, 1], [2, 3]]

    def test_pixels_left_over_belong_to_the_last_cell(self) -> None:
        """The encoder reads 9 of 10 pixels; the tenth is the third token's."""
        assert squashed_layout((20, 10), _ODD).grid.xs == (0, 6, 12, 20)
        assert squashed_layout((20, 10), _ODD).grid.ys == (0, 3, 6, 10)


class TestPaddedSquare:
    """The image in the middle of a square."""

    def test_padding_has_no_cells(self) -> None:
        """Of four rows the outer two are padding, and those inside are cut to the image."""
        layout = padded_layout((16, 6), PatchGrid(8, 2))
        assert layout.grid.xs == (0, 4, 8, 12, 16)
        assert layout.grid.ys == (0, 3, 6)  # half of each is padding
        assert layout.cells.tolist() == [[4, 5, 6, 7], [8, 9, 10, 11]]
        assert layout.tokens == 16

    def test_an_odd_margin_is_larger_at_the_end(self) -> None:
        """Five pixels of padding are two on the left and three on the right."""
        assert padded_layout((3, 8), PatchGrid(8, 2)).grid.xs == (0, 2, 3)

    def test_extra_tokens_follow(self) -> None:
        """A newline after the cells is counted, and is no cell."""
        layout = padded_layout((4, 4), _TWO, extra=1)
        assert layout.tokens == 5
        assert layout.cells.tolist() == [[0, 1], [2, 3]]


class TestCentreCrop:
    """The middle square of the image."""

    @pytest.mark.parametrize(("size", "axis"), [((30, 10), "xs"), ((10, 30), "ys")])
    def test_ends_are_never_seen(self, size: Size, axis: str) -> None:
        """A third of a wide or tall image is in the grid."""
        layout = cropped_layout(size, _TWO)
        assert getattr(layout.grid, axis) == (10, 15, 20)
        assert layout.tokens == layout.cells.size == 4

    def test_rounds_as_the_processor_does(self) -> None:
        """The long side is scaled down to whole pixels, and the crop starts at one."""
        layout = cropped_layout((5, 3), _TWO)  # scaled to 6 x 4, cropped from pixel 1
        assert layout.grid.xs == pytest.approx((5 / 6, 15 / 6, 25 / 6))


class TestNative:
    """The image near its own size."""

    def test_counts(self) -> None:
        """A V* image has 54 rows of 80 tokens of 28 pixels."""
        layout = native_layout((2250, 1500), factor=28, min_pixels=3136, max_pixels=12_845_056)
        assert (layout.grid.shape, layout.tokens) == ((54, 80), 4320)
        assert layout.cells[1, 0] == 80

    @given(SIZES)
    def test_bounds_hold(self, size: Size) -> None:
        """An acceptable size is scaled to multiples, to pixels between the bounds or to one row."""
        width, height = smart_resize(
            stretch_thin(size), factor=28, min_pixels=3136, max_pixels=10**6
        )
        assert width % 28 == height % 28 == 0
        assert 3136 <= width * height <= 10**6 or min(width, height) == 28

    def test_too_thin_is_refused(self) -> None:
        """The refusal says how thick it would have to be."""
        message = refused(
            GeometryError, smart_resize, (1, 3000), factor=28, min_pixels=1, max_pixels=2
        )
        assert message == (
            "An image of 1 x 3000 pixels is too thin for this model; make its shorter side at "
            "least 15 pixels."
        )

    @pytest.mark.parametrize(
        ("size", "stretched"), [((1, 3000), (15, 3000)), ((401, 2), (401, 3)), ((9, 7), (9, 7))]
    )
    def test_acceptable_stretches_what_is_too_thin(self, size: Size, stretched: Size) -> None:
        """By as much as is needed; the grid is still the original image's."""
        assert stretch_thin(size) == stretched
        assert native_layout(size, factor=28, min_pixels=1, max_pixels=10**6).grid.box == Box(
            0, 0, *size
        )
