"""Boxes grown around the highest cells, as in the paper's algorithm."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.by_hand import by_hand
from tests.support.drawn import maps
from visualcrop import Box, Grid, RelevanceMap
from visualcrop.proposals.anchors import Anchors, pick_peaks

_sizes = [(low, high) for low in (1, 3, 5) for high in (1, 3, 5, 9) if low <= high]
_anchors = st.builds(
    lambda sizes, **others: Anchors(s_min=sizes[0], s_max=sizes[1], **others),
    sizes=st.sampled_from(_sizes),
    k=st.integers(1, 40),
    s_dist=st.sampled_from([0.0, 1.5, 2.0, 3.0]),
    threshold=st.sampled_from([-0.3, 0.47, 0.73]),
    nms=st.sampled_from([0.0, 0.31, 0.7]),
)


def _map(scores: object, base: int | None = None) -> RelevanceMap:
    """Cells of ten pixels."""
    found = np.asarray(scores, float)
    rows, columns = found.shape
    return RelevanceMap(Grid.even(rows, columns, Box(0, 0, 10 * columns, 10 * rows)), found, base)


class TestAlgorithm:
    """The whole of it."""

    @given(maps(), _anchors)
    def test_equals_it_by_hand(self, found: RelevanceMap, anchors: Anchors) -> None:
        """Boxes, scores and order are those of going cell by cell."""
        assert list(anchors.propose(found)) == by_hand(anchors, found)


class TestStarts:
    """Where boxes begin."""

    @given(maps(), st.integers(1, 20), st.sampled_from([0.0, 1.0, 2.0, 2.9, 30.0]))
    def test_lie_apart(self, found: RelevanceMap, count: int, distance: float) -> None:
        """From the highest down, at most so many, no two of them nearer than allowed."""
        cells = pick_peaks(found.scores, count, distance)
        scores = [found.scores[cell] for cell in cells]
        assert 1 <= len(cells) <= count
        assert scores == sorted(scores, reverse=True)
        assert scores[0] == found.scores.max()
        assert all(math.dist(a, b) >= distance for a, b in combinations(cells, 2))

    def test_exactly_the_distance_is_apart(self) -> None:
        """Two cells at the distance itself both count."""
        found = _map([[3, 1, 2]])
        assert pick_peaks(found.scores, 9, 2) == [(0, 0), (0, 2)]
        assert pick_peaks(found.scores, 9, 2.1) == [(0, 0)]

    def test_are_k_at_most(self) -> None:
        """The k highest cells that lie apart, and no more."""
        found = _map(np.random.default_rng(0).random((40, 40)))
        assert len(Anchors(k=7, s_min=1, s_max=1).propose(found)) == 7
