"""Whether one of two runs over the same questions is better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from visualcrop.evaluation.statistics import (
    adjust_holm,
    least_lead,
    mcnemar_test,
    paired_difference,
)


@pytest.mark.parametrize(("differing", "net"), [(10, 8), (20, 10), (40, 14), (0, 1), (3, 4)])
def test_a_small_lead_is_not_clear(differing: int, net: int) -> None:
    """Of 10, 20 and 40 differing answers a lead of 8, 10 and 14 is needed; of 3 none is enough."""
    assert least_lead(differing) == net


def test_mcnemar_is_exact() -> None:
    """9 against 1 happens in 22 of 1,024 cases."""
    assert mcnemar_test(9, 1) == pytest.approx(22 / 1024)


def test_equal_runs_do_not_differ() -> None:
    """No gain, nothing clear."""
    same = paired_difference([1, 0, 1], [1, 0, 1], "abc")
    assert (same.gain, same.p, same.clear) == (0, 1, False)


def test_a_gain_is_counted_by_question() -> None:
    """What only one of them gets right, and the gain between."""
    found = paired_difference([1, 1, 1, 0], [0, 0, 1, 1], "abcd")
    assert (found.only_ours, found.only_theirs, found.gain) == (2, 1, 0.25)


def test_one_image_asked_often_proves_little() -> None:
    """Twelve wins are clear on twelve images, and not on one or two."""
    ours, theirs = [1.0] * 12, [0.0] * 12
    assert paired_difference(ours, theirs, range(12)).clear
    assert not paired_difference(ours, theirs, [0] * 12).clear
    assert not paired_difference(ours, theirs, [0, 1] * 6).clear


def test_runs_that_are_equally_good_are_seldom_told_apart() -> None:
    """With clusters of four, in about one of twenty pairs of equal runs."""
    rng, groups = np.random.default_rng(1), [n // 4 for n in range(200)]
    clear = 0
    for _ in range(100):
        hard = np.repeat(rng.random(50), 4)
        ours, theirs = (np.repeat(rng.random(50), 4) < hard for _ in range(2))
        clear += paired_difference([*ours.astype(float)], [*theirs.astype(float)], groups).clear
    assert clear <= 12


def test_the_interval_holds_the_gain() -> None:
    """It is wider where answers hang together."""
    ours, theirs = [1.0, 1, 1, 1, 0, 0, 0, 0] * 5, [0.0] * 40
    wide = paired_difference(ours, theirs, [n // 4 for n in range(40)]).interval
    narrow = paired_difference(ours, theirs, range(40)).interval
    assert wide.low < narrow.low < 0.5 < narrow.high < wide.high


@pytest.mark.parametrize("groups", [[0, 0, 0, 1, 1, 1], range(6)])
def test_few_that_all_agree_leave_room(groups: Sequence[int]) -> None:
    """Bounds never fall together, and hold the gain."""
    found = paired_difference([1.0] * 6, [1.0, 0, 0] * 2, groups)
    assert found.interval.low < found.gain < found.interval.high


def test_the_interval_holds_the_true_gain() -> None:
    """In about nineteen of twenty studies, also with few groups of four."""
    rng, held = np.random.default_rng(2), 0
    for _ in range(200):
        right = np.repeat(rng.random((12, 2)), 4, axis=0) < (0.7, 0.5)
        ours, theirs = right.astype(float).T
        groups = [n // 4 for n in range(48)]
        held += 0.2 in paired_difference([*ours], [*theirs], groups).interval
    assert 180 <= held <= 200


class TestHolm:
    """p values of several comparisons."""

    def test_each_counts_for_those_that_are_larger(self) -> None:
        """The smallest times their number, the next times one less, and never below the last."""
        assert adjust_holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])

    def test_none_is_above_one(self) -> None:
        """One comparison is left as it is."""
        assert adjust_holm([0.9, 0.8]) == [1, 1]
        assert adjust_holm([0.3]) == [0.3]
        assert adjust_holm([]) == []

    def test_chance_finds_one_in_twenty_families(self) -> None:
        """Of ten comparisons without a difference each."""
        rng = np.random.default_rng(3)
        found = [min(adjust_holm([*rng.random(10)])) < 0.05 for _ in range(2000)]
        assert 0.03 < np.mean(found) < 0.07
