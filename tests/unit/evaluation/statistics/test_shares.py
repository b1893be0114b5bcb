"""A share of ours against one that was published."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from visualcrop.evaluation.statistics import compare_shares


@pytest.mark.parametrize(
    ("ours", "theirs", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_bounds_are_those_of_newcombe(
    ours: tuple[int, int], theirs: tuple[int, int], low: float, high: float
) -> None:
    """The examples of his paper (1998, method 10)."""
    (a, n), (b, m) = ours, theirs
    found = compare_shares(a / n, n, b / m, m)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("n", "m"), [(20, 20), (20, 60), (40, 40)])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9, 0.98])
def test_equal_methods_rarely_differ(n: int, m: int, share: float) -> None:
    """Over all outcomes of two samples, p is below 0.05 in about 5 of 100, or in fewer."""
    ps = [[compare_shares(a / n, n, b / m, m).p for b in range(m + 1)] for a in range(n + 1)]
    weights = np.outer(binom.pmf(range(n + 1), n, share), binom.pmf(range(m + 1), m, share))
    assert float(weights[np.array(ps) < 0.05].sum()) < 0.065


def test_p_and_bounds_agree() -> None:
    """Bounds hold zero where p is above 0.05, and only there; equal shares have a p of 1."""
    for a in range(31):
        found = compare_shares(a / 30, 30, 0.6, 50)
        assert (0.0 in found.interval) == (found.p > 0.05)
    assert compare_shares(0.5, 30, 0.5, 60).p == pytest.approx(1)


def test_same_questions_make_it_stricter() -> None:
    """Two methods that are right about the same hard questions differ by chance even less."""
    rng, n, differ = np.random.default_rng(2), 191, 0
    for _ in range(400):
        hard = rng.random(n) < 0.7
        one, two = (np.where(rng.random(n) < 0.6, hard, rng.random(n) < 0.7) for _ in range(2))
        differ += compare_shares(one.mean(), n, two.mean(), n).p < 0.05
    assert differ / 400 < 0.04
