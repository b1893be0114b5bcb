"""Scores on one scale, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation, zscore

from visualcrop_maps.scores import compare_with_mean, compare_with_median, normalise

DRAWN = np.random.default_rng(0).gamma(2, size=(7, 9)).astype(np.float32)


def test_median() -> None:
    """Above the median, in scipy's median absolute deviations; below it, zero."""
    distances = (DRAWN - np.median(DRAWN)) / median_abs_deviation(DRAWN, axis=None)
    assert np.allclose(compare_with_median(DRAWN), distances.clip(0), rtol=1e-5)


def test_mean() -> None:
    """Scipy's z-scores, without those below zero."""
    assert np.allclose(compare_with_mean(DRAWN), zscore(DRAWN, axis=None).clip(0), atol=1e-5)


@pytest.mark.parametrize("factor", [1e-20, 1e-3, 1e6])
@pytest.mark.parametrize("compare", [compare_with_mean, compare_with_median, normalise])
def test_factor_changes_nothing(compare, factor) -> None:
    """Windows whose scores are all higher do not win by that."""
    assert np.allclose(compare(DRAWN * np.float32(factor)), compare(DRAWN), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("compare", [compare_with_mean, compare_with_median])
@pytest.mark.parametrize("value", [0.0, 1.0, -2.0, -3e38])
def test_flat_map_is_zero(compare, value) -> None:
    """Nothing stands out, and nothing is divided by zero."""
    assert not compare(np.full((4, 4), value, np.float32)).any()


def test_lone_peak_on_zeros_stands_out() -> None:
    """Where more than half of the cells are equal the median distance is zero, the map is not."""
    scores = np.zeros((4, 4), np.float32)
    scores[1, 2] = 3
    assert compare_with_median(scores).argmax() == 1 * 4 + 2
    assert np.isfinite(compare_with_median(scores)).all()


def test_rounding_is_no_spread() -> None:
    """A plain map with traces of noise and one peak stays finite in the map's own float32."""
    scores = np.full((9, 9), 1e-40, np.float32) * np.arange(81, dtype=np.float32).reshape(9, 9)
    scores[4, 4] = 0.5
    with np.errstate(over="raise"):
        found = compare_with_median(scores).astype(np.float32)
    assert np.isfinite(found).all()
    assert found.argmax() == 40
