"""Boxes of one image on a smaller canvas, in their old order."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.drawn import boxes
from visualcrop import Box, Image
from visualcrop.answer.pasting import arranged, merged, pasted

_some = st.lists(boxes(within=60, whole=True), min_size=1, max_size=7)
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


class TestMerged:
    """Boxes that overlap become one."""

    @given(_some)
    def test_leaves_no_overlap(self, given: list[Box]) -> None:
        """Each box lies in a joined one, and no two joined ones overlap."""
        joined = merged(given)
        assert all(any(whole.contains(box) for whole in joined) for box in given)
        assert not any(one.common(other) for one, other in combinations(joined, 2))

    @given(_some)
    def test_joins_no_more_than_it_must(self, given: list[Box]) -> None:
        """Each side of a joined box is the side of some box in it; apart, all stay as they are."""
        for whole in merged(given):
            inside = [box for box in given if whole.contains(box)]
            assert whole.left == min(box.left for box in inside)
            assert whole.bottom == max(box.bottom for box in inside)
        apart = not any(one.common(other) for one, other in combinations(given, 2))
        assert (merged(given) == given) is apart

    @given(st.lists(boxes(within=40, whole=True), min_size=1, max_size=4))
    def test_order_does_not_matter(self, given: list[Box]) -> None:
        """Whichever comes first, the same boxes result."""
        assert len({frozenset(merged(list(order))) for order in permutations(given)}) == 1

    def test_chains_join(self) -> None:
        """Two boxes that only a third one touches become one with it."""
        one, other, between = Box(0, 0, 10, 10), Box(18, 0, 30, 10), Box(8, 2, 20, 8)
        assert merged([one, other]) == [one, other]
        assert merged([one, other, between]) == [Box(0, 0, 30, 10)]


class TestArranged:
    """Columns and rows."""

    @given(_some)
    def test_keeps_sides(self, given: list[Box]) -> None:
        """What was wholly left is in an earlier column, what was wholly above in an earlier row."""
        placed = list(zip(given, arranged(given), strict=True))
        for (one, place), (other, elsewhere) in permutations(placed, 2):
            assert one.right > other.left or place[0] < elsewhere[0]
            assert one.bottom > other.top or place[1] < elsewhere[1]

    @given(_some)
    def test_each_has_a_place_of_its_own(self, given: list[Box]) -> None:
        """No two boxes share column and row, even where they overlap."""
        assert len(set(arranged(given))) == len(given)

    def test_uses_as_few_as_it_can(self) -> None:
        """Boxes one above the other share a column, boxes side by side a row."""
        stack = [Box(5 * i, 100 * i, 50 + 5 * i, 100 * i + 50) for i in range(3)]
        assert arranged(stack) == [(0, 0), (0, 1), (0, 2)]
        beside = [Box(100, 0, 150, 50), Box(0, 10, 50, 60)]
        assert arranged(beside) == [(1, 0), (0, 0)]


class TestPasted:
    """The canvas."""

    @given(_painted(), st.integers(16, 50))
    def test_keeps_order_and_shape(self, painted: tuple[Image, list[Box]], cell: int) -> None:
        """Every box is there, its longer side a cell long, left-right and above-below as before."""
        image, given = painted
        canvas = pasted(image, given, cell)
        places = [_where(canvas, index) for index in range(len(given))]
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
        canvas = pasted(Image.open(pixels), [Box(0, 0, 10, 10), Box(990, 990, 1000, 1000)], 20)
        assert (canvas.width, canvas.height) == (40, 40)
        assert canvas.pixels[5, 35].tolist() == [127, 127, 127]
        assert canvas.pixels[35, 35].tolist() == [255, 255, 255]
