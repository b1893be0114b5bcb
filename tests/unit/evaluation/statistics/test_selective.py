"""Risk against coverage and calibration, against formulas that are written out."""

from __future__ import annotations

import math
from itertools import pairwise, permutations

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualcrop.evaluation.result_tables import selective_table
from visualcrop.evaluation.selective import (
    compare_aurc,
    measure_aurc,
    measure_ece,
    measure_selective,
)

_ANSWERS = st.lists(
    st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.sampled_from([0.0, 0.5, 1.0])),
    min_size=1,
    max_size=6,
)


def _area(ordered: list[float]) -> float:
    """The mean over k of the mean loss of the first k."""
    losses = [1 - score for score in ordered]
    return sum(sum(losses[:k]) / k for k in range(1, len(losses) + 1)) / len(losses)


@given(_ANSWERS)
@settings(max_examples=60, deadline=None)
def test_the_area_is_the_mean_over_all_orders_of_ties(answers: list[tuple[float, float]]) -> None:
    """As the definition has it, for each order in which no surer answer comes later."""
    orders = [
        _area([score for _, score in order])
        for order in permutations(answers)
        if all(a[0] >= b[0] for a, b in pairwise(order))
    ]
    sure, right = zip(*answers, strict=True)
    assert measure_aurc(sure, right) == pytest.approx(sum(orders) / len(orders))


@given(_ANSWERS)
@settings(max_examples=60, deadline=None)
def test_the_calibration_error_is_the_textbooks(answers: list[tuple[float, float]]) -> None:
    """Bin by bin: the share of answers times the distance of mean confidence and accuracy."""
    error = 0.0
    for place in range(10):
        low, high = place / 10, (place + 1) / 10
        within = [a for a in answers if low < a[0] <= high or (place == 0 and a[0] == 0)]
        if within:
            sure = sum(a[0] for a in within) / len(within)
            right = sum(a[1] for a in within) / len(within)
            error += len(within) / len(answers) * abs(right - sure)
    sure_ones, scores = zip(*answers, strict=True)
    assert measure_ece(sure_ones, scores) == pytest.approx(error)


def test_unknown_confidences_come_last() -> None:
    """They count in the area as the least sure, and not at all in the calibration error."""
    sure, right = [0.9, math.nan, 0.2], [1.0, 0.0, 1.0]
    assert measure_aurc(sure, right) == pytest.approx((0 + 0 + 1 / 3) / 3)
    assert measure_ece(sure, right) == pytest.approx((0.1 + 0.8) / 2)
    assert math.isnan(measure_ece([math.nan], [1.0]))


def test_the_curve_ends_at_the_share_of_wrong_answers() -> None:
    """Its bins hold all answers, and the figures lie in their intervals."""
    rng = np.random.default_rng(1)
    sure = rng.random(300)
    right = (rng.random(300) < sure).astype(float)
    found = measure_selective("mine", sure, right, range(300))
    assert found.coverage[-1] == 1
    assert found.risk[-1] == pytest.approx(1 - right.mean())
    assert sum(each.n for each in found.bins) == found.known == found.n == 300
    assert found.aurc in found.aurc_interval
    assert found.aurc_interval.low < found.aurc_interval.high


def test_the_interval_is_as_wide_as_repeated_studies_spread() -> None:
    """The bootstrap's standard error is near that of 400 fresh samples of the same kind."""
    rng = np.random.default_rng(2)

    def draw() -> tuple[np.ndarray, np.ndarray]:
        sure = rng.random(250)
        return sure, (rng.random(250) < sure).astype(float)

    spread = np.std([measure_aurc(*draw()) for _ in range(400)])
    widths = []
    for _ in range(5):
        bounds = measure_selective("mine", *draw(), range(250)).aurc_interval
        widths.append((bounds.high - bounds.low) / (2 * 1.96))
    assert np.mean(widths) == pytest.approx(spread, rel=0.2)


def test_answers_of_one_image_are_drawn_together() -> None:
    """Four copies of each answer in one group have the interval of one copy."""
    rng = np.random.default_rng(3)
    sure = rng.random(100)
    right = (rng.random(100) < sure).astype(float)
    once = measure_selective("mine", sure, right, range(100)).aurc_interval
    fourfold = measure_selective(
        "mine", np.repeat(sure, 4), np.repeat(right, 4), np.repeat(np.arange(100), 4).tolist()
    ).aurc_interval
    assert fourfold.low == pytest.approx(once.low, abs=0.01)
    assert fourfold.high == pytest.approx(once.high, abs=0.01)


def test_two_searchers_are_compared_in_pairs() -> None:
    """A searcher differs from itself by nothing; from confidences that say nothing, clearly."""
    rng = np.random.default_rng(4)
    sure = rng.random(300)
    right = (rng.random(300) < sure).astype(float)
    same = compare_aurc((sure, right), (sure, right), range(300))
    assert (same.difference, same.ratio) == (0, 1)
    assert (same.interval.low, same.interval.high) == (0, 0)
    other = compare_aurc((sure, right), (rng.random(300), right), range(300))
    assert other.interval.high < 0
    assert other.ratio is not None
    assert other.ratio_interval is not None
    assert other.ratio in other.ratio_interval
    perfect = compare_aurc((sure, right), (sure, np.ones(300)), range(300))
    assert (perfect.ratio, perfect.ratio_interval) == (None, None)


@pytest.mark.parametrize("sure", [0.5, math.nan])
def test_one_image_has_no_interval(sure: float) -> None:
    """All draws of a single image are alike: a bound of no width would promise certainty."""
    found = measure_selective("focus", [sure] * 3, [1.0, 0.0, 1.0], ["image"] * 3)
    assert all(map(math.isnan, attrs.astuple(found.aurc_interval)))
    assert all(map(math.isnan, attrs.astuple(found.ece_interval)))
    answers = ([0.5, 0.6], [1.0, 0.0])
    both = compare_aurc(answers, answers, ["image"] * 2)
    assert all(map(math.isnan, attrs.astuple(both.interval)))
    (row,) = selective_table([found], {"focus": both}).rows
    assert "nan" not in " ".join(row)
