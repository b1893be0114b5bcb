"""Windows over the whole map."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import maps
from visualcrop import RelevanceMap
from visualcrop.proposals.sliding import Sliding

_sizes = st.integers(1, 9)


def _every(size: int, stride: int = 1) -> Sliding:
    """All windows, none left out."""
    return Sliding(size=size, stride=stride, k=10**6, nms=1.0)


class TestSliding:
    """Where windows lie, and in which order."""

    @given(maps(), _sizes)
    def test_lies_in_every_place(self, found: RelevanceMap, size: int) -> None:
        """With a stride of one there is a window in each place that it fits into."""
        places = math.prod(max(1, side - size + 1) for side in found.grid.shape)
        assert len(_every(size).propose(found)) == places

    @given(maps(), _sizes, st.data())
    def test_leaves_no_cell_out(self, found: RelevanceMap, size: int, data: st.DataObject) -> None:
        """With a stride up to the window's size, each cell lies in some window."""
        windows = _every(size, data.draw(st.integers(1, size))).propose(found)
        rows, columns = found.grid.shape
        cells = [found.grid.cell(row, column) for row in range(rows) for column in range(columns)]
        assert all(any(w.box.contains(cell) for w in windows) for cell in cells)

    @given(maps(), _sizes)
    def test_the_best_mean_comes_first(self, found: RelevanceMap, size: int) -> None:
        """The first window has the highest mean of all places, and scores never rise."""
        height, width = (min(size, side) for side in found.grid.shape)
        windows = np.lib.stride_tricks.sliding_window_view(found.scores, (height, width))
        scores = [proposal.score for proposal in _every(size).propose(found)]
        assert scores[0] == pytest.approx(float(windows.mean(axis=(2, 3)).max()), abs=1e-6)
        assert scores == sorted(scores, reverse=True)

    @given(maps(), st.integers(1, 8))
    def test_gives_k_at_most_and_apart(self, found: RelevanceMap, k: int) -> None:
        """No more than asked for, and none over a better one."""
        boxes = [proposal.box for proposal in Sliding(k=k, nms=0.0).propose(found)]
        assert 1 <= len(boxes) <= k
        assert not any(a.common(b) for i, a in enumerate(boxes) for b in boxes[:i])
