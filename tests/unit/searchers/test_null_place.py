"""Where a null crop lies, against every place that there is."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualcrop import Box, Grid, RelevanceMap
from visualcrop.searchers.null_place import find_null_place

_SIDE = 24


@st.composite
def _maps(draw: st.DrawFn) -> RelevanceMap:
    """A map over the image whose cells begin at fractions of pixels."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    scores = draw(st.lists(st.integers(0, 4), min_size=rows * columns, max_size=rows * columns))
    grid = Grid.even(rows, columns, Box(0, 0, _SIDE, _SIDE))
    return RelevanceMap(grid, np.reshape(scores, (rows, columns)))


@st.composite
def _boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.floats(0, _SIDE - 2)), draw(st.floats(0, _SIDE - 2))
    across, down = draw(st.floats(0.5, 9)), draw(st.floats(0.5, 9))
    return Box(left, top, min(left + across, _SIDE), min(top + down, _SIDE))


def _look(relevance: RelevanceMap, box: Box) -> tuple[float, float]:
    """Peak and mean of the scaled scores in *box*, cell by cell."""
    grid, scores = relevance.grid, relevance.scores.astype(float)
    scores = (scores - scores.min()) / (np.ptp(scores) or 1)
    peak = mean = 0.0
    for row, (top, bottom) in enumerate(zip(grid.ys, grid.ys[1:], strict=False)):
        for column, (left, right) in enumerate(zip(grid.xs, grid.xs[1:], strict=False)):
            if common := box.common(Box(left, top, right, bottom)):
                peak = max(peak, scores[row, column])
                mean += scores[row, column] * common.area / box.area
    return round(peak, 9), round(mean, 9)


def _every_place(size: tuple[int, int], taken: list[Box]) -> list[Box]:
    """All boxes of *size* in whole pixels of the image that meet none of *taken*."""
    blocks = [Box(*box.whole_pixels()) for box in taken]
    places = (
        Box(x, y, x + size[0], y + size[1])
        for y in range(_SIDE - size[1] + 1)
        for x in range(_SIDE - size[0] + 1)
    )
    return [place for place in places if not any(place.common(block) for block in blocks)]


@given(
    size=st.tuples(st.integers(1, 16), st.integers(1, 16)),
    taken=st.lists(_boxes(), min_size=1, max_size=3),
    maps=st.lists(_maps(), max_size=2),
)
@settings(max_examples=60, deadline=None)
def test_no_place_has_less_relevance(
    size: tuple[int, int], taken: list[Box], maps: list[RelevanceMap]
) -> None:
    """Of the size, in the image, off all taken boxes; no place has a lower peak, then mean."""
    found = find_null_place(size, Box(0, 0, _SIDE, _SIDE), taken, maps)
    places = _every_place(size, taken)
    assert (found is None) == (not places)
    if found is None:
        return
    assert found in places

    def relevance(box: Box) -> tuple[float, float]:
        looks = [_look(each, box) for each in maps]
        return max((peak for peak, _ in looks), default=0.0), sum(mean for _, mean in looks)

    (peak, mean), least = relevance(found), min(map(relevance, places))
    assert peak == pytest.approx(least[0], abs=1e-8)
    assert mean == pytest.approx(least[1], abs=1e-8)


def test_a_small_peak_is_seen_in_a_large_crop() -> None:
    """Though its mean is lower: the place of an even, dull level is taken."""
    scores = np.full((1, 8), 0.3)
    scores[0, 4:] = 0.0
    scores[0, 6] = 1.0
    relevance = RelevanceMap(Grid.even(1, 8, Box(0, 0, 80, 10)), scores)
    taken = [Box(35, 0, 36, 1)]
    whole = Box(0, 0, 80, 10)
    assert scores[0, 4:].mean() < scores[0, :3].mean()
    assert find_null_place((35, 10), whole, taken, [relevance]) == Box(0, 0, 35, 10)


def test_without_a_map_the_farthest_is_taken() -> None:
    """Then the topmost, then the leftmost: the same each time."""
    whole = Box(0, 0, 90, 90)
    assert find_null_place((20, 20), whole, [Box(0, 0, 20, 20)]) == Box(70, 70, 90, 90)
    assert find_null_place((20, 20), whole, [Box(35, 35, 55, 55)]) == Box(0, 0, 20, 20)


def test_there_may_be_no_place() -> None:
    """A crop of most of the image has none, nor has one that is larger than the map."""
    whole = Box(0, 0, 90, 90)
    assert find_null_place((60, 60), whole, [Box(10, 10, 70, 70)]) is None
    small = RelevanceMap(Grid.even(2, 2, Box(0, 0, 30, 30)), np.zeros((2, 2)))
    assert find_null_place((40, 40), whole, [], [small]) is None


def test_many_boxes_cost_no_memory() -> None:
    """Of a million places alike, the memory does not grow with the boxes that they are far from."""
    bounds = Box(0, 0, 6000, 4000)
    flat = RelevanceMap(Grid.even(200, 300, bounds), np.zeros((200, 300), np.float32))
    peaks = []
    for count in (1, 60):
        tracemalloc.start()
        assert find_null_place(
            (500, 500), bounds, [Box(0, 0, 9, 9 + n) for n in range(count)], [flat]
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
