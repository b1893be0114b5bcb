"""Scores of maps brought to one scale, so that maps compare."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Scores: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]

_NOISE = 1e-6  # of the largest distance: below what float32 tells apart, or a ratio overflows


def normalise(scores: Scores) -> Doubles:
    """Rows x columns with a sum of one, signs left out; zeros stay zeros."""
    doubles = scores.astype(np.float64)
    return np.asarray(doubles / (np.abs(doubles).sum() or 1.0))


def compare_with_median(scores: Scores) -> Doubles:
    """Rows x columns above their median, in median distances from it; below it, zero."""
    doubles = scores.astype(np.float64)  # in which the sum of two of the largest is finite
    above = doubles - np.median(doubles)
    distances = np.abs(above)
    usual = np.median(distances)
    if usual <= _NOISE * distances.max():  # more than half are equal, but for rounding
        usual = distances.mean() or 1.0
    return np.asarray(above.clip(min=0) / usual)


def compare_with_mean(scores: Scores) -> Doubles:
    """Rows x columns above their mean, in standard deviations; below it, zero."""
    above = scores.astype(np.float64) - scores.mean(dtype=np.float64)
    return np.asarray(above.clip(min=0) / (above.std() or 1.0))
