"""Boxes and grids have an algebra."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from tests.unit.drawn import boxes
from tests.unit.refusals import refused
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
