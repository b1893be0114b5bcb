"""Boxes and grids have an algebra."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import boxes
from tests.support.refusals import refused
from visualcrop import Box
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

    @given(boxes(), boxes())
    def test_clipped_is_what_both_have(self, one: Box, other: Box) -> None:
        """The common part of two boxes; where there is none, one sentence."""
        if (common := one.common(other)) is None:
            refused(GeometryError, one.clipped, other)
        else:
            assert one.clipped(other) == common

    def test_union_is_the_smallest_over_all(self) -> None:
        """Of one box it is that box; of none there is none."""
        some = [Box(5, 5, 9, 6), Box(0, 7, 2, 8), Box(3, 3, 4, 4)]
        assert Box.union(iter(some)) == Box(0, 3, 9, 8)
        assert Box.union(some[:1]) == some[0]
        assert "no boxes" in refused(GeometryError, Box.union, [])

    def test_moves_and_sizes(self) -> None:
        """By pixels on each side, by a factor about the centre, or to another place."""
        box = Box(10, 20, 30, 60)
        assert box.expanded(5) == Box(5, 15, 35, 65)
        assert box.scaled(2) == Box(0, 0, 40, 80)
        assert box.scaled(0.5).centre == box.centre
        assert box.moved(1, -2) == Box(11, 18, 31, 58)

    @given(_SMALL, st.integers(1, 4), st.integers(1, 4))
    def test_tiles_are_all_of_the_box(self, box: Box, rows: int, columns: int) -> None:
        """Each pixel lies in one tile, and no box has more tiles than pixels."""
        tiles = box.tiles(rows, columns)
        assert len(tiles) == min(rows, box.height) * min(columns, box.width)
        counted = Counter(pixel for tile in tiles for pixel in _pixels(tile))
        assert counted == Counter(_pixels(box))

    @pytest.mark.parametrize("overlap", [0, 1, 10, 40])
    def test_tiles_overlap_within_the_box(self, overlap: int) -> None:
        """Neighbours share as many pixels as wanted, and nothing lies outside."""
        box = Box(100, 50, 401, 150)
        left, middle, right = box.tiles(1, 3, overlap=overlap)
        assert left.right - middle.left == middle.right - right.left == overlap
        assert (left.left, right.right, left.top, left.bottom) == (100, 401, 50, 150)

    @pytest.mark.parametrize("parts", [(0, 1, 0), (1, 0, 0), (1, 1, -1)])
    def test_no_tiles_are_refused(self, parts: tuple[int, int, int]) -> None:
        """Fewer than one row or column, or an overlap below zero."""
        rows, columns, overlap = parts
        tiles = partial(Box(0, 0, 9, 9).tiles, overlap=overlap)
        assert "cannot be cut" in refused(GeometryError, tiles, rows, columns)
