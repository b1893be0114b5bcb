"""Boxes of one image on a smaller canvas, in their old order."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from visualcrop import Box, Image
from visualcrop.answer.collage import Collage

_CELL = 30  # pixels of a slot in which one coloured box is drawn


@st.composite
def _painted(draw: st.DrawFn) -> tuple[Image, list[Box]]:
    """Boxes that do not touch, each of one colour of its own, on black."""
    slots = draw(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=1, max_size=6, unique=True))
    pixels, placed = np.zeros((4 * _CELL, 4 * _CELL, 3), np.uint8), []
    for index, (row, column) in enumerate(slots):
        down, across, height, width = (draw(st.integers(1, 14)) for _ in range(4))
        top, left = row * _CELL + down, column * _CELL + across
        pixels[top : top + height, left : left + width] = 40 * index + 40, 255, 0
        placed.append(Box(left, top, left + width, top + height))
    return Image.open(pixels), placed


def _where(canvas: Image, index: int) -> Box:
    """The rectangle of the colour of that box."""
    rows, columns = np.nonzero((canvas.pixels == (40 * index + 40, 255, 0)).all(axis=2))
    return Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


class TestCollage:
    """The canvas."""

    @given(_painted(), st.integers(16, 50))
    def test_keeps_order_and_shape(self, painted: tuple[Image, list[Box]], cell: int) -> None:
        """Every box is there, its longer side a cell long, left-right and above-below as before."""
        image, given = painted
        collage = Collage(given, cell)
        canvas, places = collage.of(image), collage.places
        assert [_where(canvas, index) for index in range(len(given))] == [*places]
        for box, place in zip(given, places, strict=True):
            assert max(place.width, place.height) == cell
            scale = cell / max(box.width, box.height)
            assert place.height == max(1, round(box.height * scale))
        pairs = permutations(zip(given, places, strict=True), 2)
        for (one, place), (other, elsewhere) in pairs:
            assert one.right > other.left or place.right <= elsewhere.left
            assert one.bottom > other.top or place.bottom <= elsewhere.top

    def test_leaves_out_the_space_between(self) -> None:
        """Two far corners are side by side, on grey paper."""
        pixels = np.full((1000, 1000, 3), 255, np.uint8)
        corners = Box(0, 0, 10, 10), Box(990, 990, 1000, 1000)
        canvas = Collage(corners, 20).of(Image.open(pixels))
        assert (canvas.width, canvas.height) == (40, 40)
        assert canvas.pixels[5, 35].tolist() == [127, 127, 127]
        assert canvas.pixels[35, 35].tolist() == [255, 255, 255]
