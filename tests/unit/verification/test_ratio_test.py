"""The sequential test errs as seldom as it says: against enumeration, and against simulation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from scipy.stats import binom

from visualcrop.verification.densities import Densities
from visualcrop.verification.ratio_test import RatioTest

BINS = (-0.8, 0.0, 0.8)  # a confidence in the middle of each bin
KNOWN = Densities(
    edges=(-0.5, 0.5),
    on_target=(0.05, 0.15, 0.80),
    off_target=(0.90, 0.09, 0.01),
    first=(0.5, 0.2, 0.1, 0.08, 0.06, 0.03, 0.02, 0.01),
    following=(0.9, 0.07, 0.01, 0.01, 0.005, 0.003, 0.001, 0.001),
)
SCENES = 3000
SURE = 1e-6  # probability of a failure by chance


def _lists(length: int, seed: int = 0, count: int = 200) -> Iterator[list[float]]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield [BINS[bin] for bin in rng.choice(3, length, p=(0.5, 0.2, 0.3))]


def _enumerate(confidences: Sequence[float]) -> tuple[float, float]:
    """Odds that some box is the target's, and its share in boxes that were not asked about."""
    bins = [BINS.index(confidence) for confidence in confidences]
    nowhere = np.prod([KNOWN.off_target[bin] for bin in bins])
    by_place = []
    for place, weight in enumerate(KNOWN.first):
        chances = [
            (KNOWN.on_target if k == place else KNOWN.off_target)[bin] for k, bin in enumerate(bins)
        ]
        by_place.append(weight * float(np.prod(chances)))
    total = sum(by_place)
    return float(total / nowhere), sum(by_place[len(bins) :]) / total


class TestFormula:
    """What is computed is Bayes' rule over where the target is."""

    @pytest.mark.parametrize("length", range(1, 9))
    def test_accepts_by_the_odds(self, length: int) -> None:
        """Accepted is what all places together make likelier than no place by 1 / alpha."""
        test = RatioTest(KNOWN, alpha=0.1, beta=0.01)
        for confidences in _lists(length):
            odds, _ = _enumerate(confidences)
            if abs(odds - 10) > 1e-9:
                assert test.accepts(confidences) == (odds > 10)

    @pytest.mark.parametrize("length", range(1, 9))
    def test_ends_when_the_rest_is_unlikely(self, length: int) -> None:
        """If the target is anywhere, the rest has it with at most beta, before or after asking."""
        test = RatioTest(KNOWN, alpha=1e-9, beta=0.05)
        before = sum(KNOWN.first[length:])
        for confidences in _lists(length):
            odds, after = _enumerate(confidences)
            assert abs(after - 0.05) > 1e-9
            is_little = before <= 0.05 or after <= 0.05
            assert test.is_over(confidences) == (is_little or odds >= 1e9)

    def test_a_view_that_nobody_asked_about_says_nothing(self) -> None:
        """It counts neither for nor against the target, and is not among the rest."""
        test = RatioTest(KNOWN, alpha=0.02, beta=0.05)
        assert not test.is_over([None, None])
        assert not test.accepts([None] * 8)
        assert test.is_over([None] * 8)


def _search(test: RatioTest, confidences: Sequence[float], batch: int) -> int:
    """How many boxes are asked about, in batches."""
    at = 0
    while at < len(confidences):
        at = min(at + batch, len(confidences))
        if test.is_over(confidences[:at]):
            break
    return at


def _scene(rng: np.random.Generator, place: int | None) -> list[float]:
    bins = rng.choice(3, len(KNOWN.first), p=KNOWN.off_target)
    if place is not None:
        bins[place] = rng.choice(3, p=KNOWN.on_target)
    return [BINS[bin] for bin in bins]


@pytest.mark.parametrize("batch", [1, 2, 4])
@pytest.mark.parametrize("alpha", [0.02, 0.1])
class TestErrors:
    """Scenes drawn from the known densities; a rate above its bound would be no chance."""

    def test_accepts_what_is_absent_with_alpha_at_most(self, batch: int, alpha: float) -> None:
        """Without the target, a box is accepted in a share of alpha or less (Ville, Wald)."""
        test, rng = RatioTest(KNOWN, alpha, beta=0.01), np.random.default_rng(1)
        accepted = 0
        for _ in range(SCENES):
            confidences = _scene(rng, None)
            accepted += test.accepts(confidences[: _search(test, confidences, batch)])
        assert accepted <= binom.ppf(1 - SURE, SCENES, alpha)

    def test_leaves_out_what_is_there_with_beta_at_most(self, batch: int, alpha: float) -> None:
        """With it at a place of the prior, the end comes before it as seldom as is said."""
        beta = 0.05
        test, rng = RatioTest(KNOWN, alpha, beta), np.random.default_rng(2)
        places = rng.choice(len(KNOWN.first), SCENES, p=KNOWN.first)
        missed = wrong = asked = 0
        for place in places:
            confidences = _scene(rng, place)
            size = _search(test, confidences, batch)
            is_accepted = test.accepts(confidences[:size])
            missed += size <= place and not is_accepted
            wrong += size <= place and is_accepted
            asked += size
        # By the rank alone, and by what was seen, at most beta each.
        assert missed <= binom.ppf(1 - SURE, SCENES, 2 * beta)
        assert wrong <= binom.ppf(1 - SURE, SCENES, alpha)
        assert asked < SCENES * len(KNOWN.first) * (0.5 if batch < 4 else 0.8)


class TestInstances:
    """Where all instances are wanted."""

    def test_no_box_is_enough(self) -> None:
        """What is accepted of one thing does not end the search for others."""
        test = RatioTest(KNOWN, alpha=0.1, beta=0.01)
        assert test.is_over([0.8])
        assert not test.is_over_for_all([0.8])

    def test_begins_anew_behind_each_instance(self) -> None:
        """So many boxes without it end the search, counted from the last that is likely one."""
        test = RatioTest(KNOWN, alpha=0.1, beta=0.05)
        for before in ([0.8], [0.8, 0.8], [-0.8, 0.8], [0.8, -0.8, 0.0]):
            assert not test.is_over_for_all(before)
            assert test.is_over_for_all([*before, -0.8, -0.8])
            assert not test.is_over_for_all([*before, -0.8, 0.8])

    def test_without_a_prior_asks_about_all(self) -> None:
        """Densities that saw no such question end nothing behind an instance."""
        unknown = Densities(KNOWN.edges, KNOWN.on_target, KNOWN.off_target, KNOWN.first)
        test = RatioTest(unknown, alpha=0.1, beta=0.05)
        assert not test.is_over_for_all([0.8, *[-0.8] * 7])
        assert test.is_over_for_all([-0.8] * 7)
