"""Boxes that overlap are joined, and all get a place of their own."""

from __future__ import annotations

from itertools import combinations, permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import boxes
from visualcrop import Box
from visualcrop.answer.collage import arrange_boxes, merge_boxes

_some = st.lists(boxes(within=60, whole=True), min_size=1, max_size=7)


class TestMerged:
    """Boxes that overlap become one."""

    @given(_some)
    def test_leaves_no_overlap(self, given: list[Box]) -> None:
        """Each box lies in a joined one, and no two joined ones overlap."""
        joined = merge_boxes(given)
        assert all(any(whole.contains(box) for whole in joined) for box in given)
        assert not any(one.common(other) for one, other in combinations(joined, 2))

    @given(_some)
    def test_joins_no_more_than_it_must(self, given: list[Box]) -> None:
        """Each side of a joined box is the side of some box in it; apart, all stay as they are."""
        for whole in merge_boxes(given):
            inside = [box for box in given if whole.contains(box)]
            assert whole.left == min(box.left for box in inside)
            assert whole.bottom == max(box.bottom for box in inside)
        apart = not any(one.common(other) for one, other in combinations(given, 2))
        assert (merge_boxes(given) == given) is apart

    @given(st.lists(boxes(within=40, whole=True), min_size=1, max_size=4))
    def test_order_does_not_matter(self, given: list[Box]) -> None:
        """Whichever comes first, the same boxes result."""
        assert len({frozenset(merge_boxes(list(order))) for order in permutations(given)}) == 1

    def test_chains_join(self) -> None:
        """Two boxes that only a third one touches become one with it."""
        one, other, between = Box(0, 0, 10, 10), Box(18, 0, 30, 10), Box(8, 2, 20, 8)
        assert merge_boxes([one, other]) == [one, other]
        assert merge_boxes([one, other, between]) == [Box(0, 0, 30, 10)]


class TestArranged:
    """Columns and rows."""

    @given(_some)
    def test_keeps_sides(self, given: list[Box]) -> None:
        """What was wholly left is in an earlier column, what was wholly above in an earlier row."""
        placed = list(zip(given, arrange_boxes(given), strict=True))
        for (one, place), (other, elsewhere) in permutations(placed, 2):
            assert one.right > other.left or place[0] < elsewhere[0]
            assert one.bottom > other.top or place[1] < elsewhere[1]

    @given(_some)
    def test_each_has_a_place_of_its_own(self, given: list[Box]) -> None:
        """No two boxes share column and row, even where they overlap."""
        assert len(set(arrange_boxes(given))) == len(given)

    def test_uses_as_few_as_it_can(self) -> None:
        """Boxes one above the other share a column, boxes side by side a row."""
        stack = [Box(5 * i, 100 * i, 50 + 5 * i, 100 * i + 50) for i in range(3)]
        assert arrange_boxes(stack) == [(0, 0), (0, 1), (0, 2)]
        beside = [Box(100, 0, 150, 50), Box(0, 10, 50, 60)]
        assert arrange_boxes(beside) == [(1, 0), (0, 0)]
