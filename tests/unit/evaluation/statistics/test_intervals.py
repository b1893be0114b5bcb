"""Intervals for a share of right answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from visualcrop.evaluation.statistics import Interval, accuracy_interval, wilson_interval


@pytest.mark.parametrize(("right", "n"), [(0, 5), (3, 5), (139, 191), (800, 800)])
def test_the_formula_is_wilsons(right: int, n: int) -> None:
    """It gives scipy's bounds."""
    theirs = binomtest(right, n).proportion_ci(method="wilson")
    ours = wilson_interval(right / n, n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_each_answer_counts_where_none_hang_together() -> None:
    """With a group for each answer it is the plain interval."""
    right = [1.0] * 30 + [0.0] * 20
    plain, grouped = wilson_interval(0.6, 50), accuracy_interval(right, range(50))
    assert (grouped.low, grouped.high) == pytest.approx((plain.low, plain.high))


def test_answers_that_always_agree_count_once() -> None:
    """Four copies of each answer tell no more than one."""
    right = [float(n % 3 == 0) for n in range(60)]
    once = accuracy_interval(right, range(60))
    four = accuracy_interval(right * 4, [*range(60)] * 4)
    assert (four.low, four.high) == pytest.approx((once.low, once.high))


def test_the_share_lies_within() -> None:
    """In one of twenty draws at most, or nearly so, the truth lies outside."""
    rng = np.random.default_rng(0)
    draws = [(rng.random(100) < 0.8).astype(float) for _ in range(400)]
    outside = sum(0.8 not in accuracy_interval([*draw], range(100)) for draw in draws)
    assert outside / 400 < 0.08


def test_nothing_is_known_of_no_answers() -> None:
    """The interval is everything."""
    assert accuracy_interval([], []) == Interval(0, 1)


def test_a_perfect_run_of_few_images_is_not_a_sure_one() -> None:
    """All right on 8 questions about 2 images tells what 2 right answers tell."""
    assert accuracy_interval([1.0] * 8, [0, 0, 0, 0, 1, 1, 1, 1]) == wilson_interval(1.0, 2)
