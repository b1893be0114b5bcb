"""`smooth_map` against the arithmetic it stands for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import maps
from visualcrop import Box, Grid, RelevanceMap
from visualcrop.plugin import smooth_map

_Floats = npt.NDArray[np.float64]


def _blurred(scores: _Floats, sigma: float) -> _Floats:
    """A Gaussian of four sigmas' reach along each side, the edges repeated."""
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(scores, [(reach, reach) if axis == a else (0, 0) for a in (0, 1)], "edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(weights), axis)
        scores = windows @ weights
    return scores


def _pooled(scores: _Floats, factor: int) -> _Floats:
    rows, columns = (range(0, size, factor) for size in scores.shape)
    return np.array(
        [[scores[r : r + factor, c : c + factor].mean() for c in columns] for r in rows]
    )


class TestSmoothed:
    """A Gaussian, then means."""

    @given(maps(), st.sampled_from([0.0, 0.5, 1.0, 2.3]), st.integers(1, 5))
    def test_equals_the_arithmetic(self, found: RelevanceMap, sigma: float, pool: int) -> None:
        """Sides that the factor does not divide included."""
        expected = _pooled(_blurred(found.scores.astype(np.float64), sigma), pool)
        assert smooth_map(found, sigma, pool).scores == pytest.approx(expected, abs=1e-5)

    @given(maps(), st.integers(1, 20))
    def test_covers_the_same_box(self, found: RelevanceMap, pool: int) -> None:
        """Joined cells lie over the old ones."""
        joined = smooth_map(found, 1.0, pool)
        assert joined.grid == found.grid.pooled(pool)

    def test_nothing_to_do(self) -> None:
        """No Gaussian and factor one leave the map as it was, with its base."""
        scores = np.random.default_rng(0).random((5, 7))
        found = RelevanceMap(Grid.even(5, 7, Box(0, 0, 70, 50)), scores, 336)
        assert smooth_map(found, 0.0, 1) == found
