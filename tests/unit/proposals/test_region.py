"""Rectangles of whole cells, their means, and which of them to keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import maps
from visualcrop import Box, Grid, Proposal, RelevanceMap
from visualcrop.proposals.anchors import Means, Region, non_maximum_suppression

_sizes = st.integers(1, 12)


@st.composite
def _regions(draw: st.DrawFn, shape: tuple[int, int]) -> Region:
    row, column = (draw(st.integers(0, side - 1)) for side in shape)
    region = Region.around(row, column, draw(_sizes), shape)
    score = draw(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5]))
    return Region(region.top, region.left, region.bottom, region.right, score)


def _greedy(regions: list[Region], found: RelevanceMap, overlap: float) -> list[Proposal]:
    """Keep a box unless one that was kept before covers too much of it: by boxes, one by one."""
    kept: list[Proposal] = []
    for region in sorted(regions, key=lambda r: r.score, reverse=True):
        box = found.grid.cells(region.top, region.left, region.bottom, region.right)
        overlaps = [box.overlap(other.box) for other in kept]
        if all(o <= overlap + 1e-9 and o < 1 for o in overlaps):
            kept.append(Proposal(box, region.score))
    return kept


class TestAround:
    """A square about a cell."""

    @given(_sizes, _sizes, _sizes, st.data())
    def test_is_shifted_and_not_shrunk(
        self, rows: int, columns: int, size: int, data: st.DataObject
    ) -> None:
        """It lies in the grid, has the size asked for or the grid's, and holds its cell."""
        row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
        region = Region.around(row, column, size, (rows, columns))
        assert 0 <= region.top <= row < region.bottom <= rows
        assert 0 <= region.left <= column < region.right <= columns
        assert region.bottom - region.top == min(size, rows)
        assert region.right - region.left == min(size, columns)

    def test_is_symmetric_away_from_the_border(self) -> None:
        """Three cells about the fifth are the fourth to the sixth."""
        assert Region.around(5, 6, 3, (20, 20)) == Region(4, 5, 7, 8)


class TestMeans:
    """Mean relevance in four look-ups."""

    @given(maps(), st.data())
    def test_equals_the_mean(self, found: RelevanceMap, data: st.DataObject) -> None:
        """Of any rectangle, to within rounding."""
        region = data.draw(_regions(found.scores.shape))
        cells = found.scores[region.top : region.bottom, region.left : region.right]
        assert Means(found.scores).of(region) == pytest.approx(cells.mean(dtype=float), abs=1e-9)


class TestBestApart:
    """Non-maximum suppression."""

    @given(maps(), st.sampled_from([0.0, 0.2, 0.3, 0.5, 1.0]), st.data())
    def test_equals_the_greedy_choice(
        self, found: RelevanceMap, overlap: float, data: st.DataObject
    ) -> None:
        """The boxes kept, their order and scores are those of comparing each with each."""
        regions = data.draw(st.lists(_regions(found.scores.shape), max_size=15))
        assert list(non_maximum_suppression(regions, found, overlap)) == _greedy(
            regions, found, overlap
        )

    @given(maps(), st.data())
    def test_kept_boxes_lie_apart(self, found: RelevanceMap, data: st.DataObject) -> None:
        """No two of them overlap by more than allowed, and the best one is always kept."""
        regions = data.draw(st.lists(_regions(found.scores.shape), min_size=1, max_size=15))
        kept = non_maximum_suppression(regions, found, 0.3)
        assert kept[0].score == max(region.score for region in regions)
        pairs = [(a.box, b.box) for i, a in enumerate(kept) for b in kept[:i]]
        assert all(one.overlap(other) <= 0.3 + 1e-9 for one, other in pairs)

    def test_the_same_box_is_never_kept_twice(self) -> None:
        """Even where any overlap is allowed."""
        found = RelevanceMap(_grid(4, 4), np.zeros((4, 4)))
        regions = [Region(0, 0, 2, 2, 0.5), Region(0, 0, 2, 2, 0.4), Region(0, 0, 2, 3, 0.3)]
        boxes = [p.box for p in non_maximum_suppression(regions, found, 1.0)]
        assert boxes == [Box(0, 0, 20, 20), Box(0, 0, 30, 20)]

    def test_stops_at_the_limit(self) -> None:
        """Of three that lie apart, the two best are kept."""
        found = RelevanceMap(_grid(1, 3), np.zeros((1, 3)))
        regions = [Region(0, i, 1, i + 1, score) for i, score in enumerate((0.1, 0.3, 0.2))]
        assert [p.score for p in non_maximum_suppression(regions, found, 0.3, 2)] == [0.3, 0.2]


def _grid(rows: int, columns: int) -> Grid:
    return Grid.even(rows, columns, Box(0, 0, 10 * columns, 10 * rows))
