"""Boxes that overlap, told apart or not, and how many there are in all."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import boxes
from visualcrop import Box, Finding, Target
from visualcrop.answer.counting import add_counts
from visualcrop.answer.instances import count_probabilities, separate_instances

_CUPS = Target("cups", every=True)
_chances = st.lists(st.floats(0, 1), max_size=7)
_found = st.lists(
    st.builds(
        Finding,
        st.just(_CUPS),
        boxes(within=60, whole=True),
        st.sampled_from((-2.0, 0.1, 0.5, 0.9)),
        st.sampled_from((-0.9, 0.2, 0.99)),
    ),
    max_size=7,
)


class TestCounts:
    """The distribution of a count."""

    @given(_chances)
    def test_is_that_of_every_outcome(self, chances: list[float]) -> None:
        """Every way in which the events happen or not, added up by how many happen."""
        counted = np.zeros(len(chances) + 1)
        for outcome in product((0, 1), repeat=len(chances)):
            counted[sum(outcome)] += np.prod(
                [one if happens else 1 - one for one, happens in zip(chances, outcome, strict=True)]
            )
        assert count_probabilities(chances) == pytest.approx(counted)

    @given(_chances, _chances)
    def test_of_groups_add_up(self, some: list[float], others: list[float]) -> None:
        """The sum of two groups' counts is distributed as the count of all."""
        groups = [count_probabilities(some), count_probabilities(others)]
        assert add_counts(groups) == pytest.approx(count_probabilities([*some, *others]))
        assert add_counts(groups) == pytest.approx(
            np.convolve(np.array(groups[0]), np.array(groups[1]))
        )

    def test_of_nothing(self) -> None:
        """Nothing is none for sure."""
        assert count_probabilities([]) == add_counts([]) == (1.0,)


class TestSeparate:
    """Which box shows a thing of its own."""

    @given(_found, st.randoms())
    def test_order_does_not_matter(self, found: list[Finding], random: object) -> None:
        """In whichever order the boxes were checked, the same things result."""
        shuffled = sorted(found, key=lambda _: random.random())  # type: ignore[attr-defined]
        assert separate_instances(found) == separate_instances(shuffled)

    @given(_found)
    def test_twice_is_as_good_as_once(self, found: list[Finding]) -> None:
        """Boxes that were told apart stay apart when the others are gone, whose scores remain."""
        lowest = [Finding(_CUPS, Box(900, 900, 901, 901), score, -1) for score in (-2.0, 0.9)]
        once = separate_instances([*found, *lowest])
        kept = [instance.finding for instance in once if instance.counts]
        again = separate_instances([*kept, *lowest])
        assert [instance.finding for instance in again if instance.counts] == kept

    @given(_found)
    def test_probabilities_are_some(self, found: list[Finding]) -> None:
        """Each from 0 to 1; a box that is alone is certainly of its own."""
        for instance in separate_instances(found):
            assert 0 < instance.probability <= 1
            met = [f for f in found if f.box.common(instance.finding.box)]
            assert len(met) > 1 or instance.separate == 1

    def test_a_box_seen_again(self) -> None:
        """Beside a prominent box, an overlapping one that hardly stands out shows the same."""
        best, aside = Box(0, 0, 100, 100), Box(70, 0, 170, 100)
        background = Finding(_CUPS, Box(500, 0, 600, 100), 0.0, -0.99)
        one, other = separate_instances(
            [Finding(_CUPS, best, 1.0, 0.99), Finding(_CUPS, aside, 0.3, 0.99), background]
        )
        assert (one.counts, other.counts) == (True, False)
        one, other = separate_instances(
            [Finding(_CUPS, best, 1.0, 0.99), Finding(_CUPS, aside, 0.9, 0.99), background]
        )
        assert (one.counts, other.counts) == (True, True)

    def test_without_scores_the_centre_decides(self) -> None:
        """Where all proposals score alike, a box that holds the other's centre shows the same."""
        near, far = Box(40, 0, 140, 100), Box(70, 0, 170, 100)
        for box, apart in ((near, False), (far, True)):
            found = [Finding(_CUPS, Box(0, 0, 100, 100), 0.0, 0.9), Finding(_CUPS, box, 0.0, 0.9)]
            assert [each.counts for each in separate_instances(found)] == [True, apart]

    def test_a_confident_no_is_none(self) -> None:
        """A box where the model says no is left out, however high the map is there."""
        found = [Finding(_CUPS, Box(0, 0, 9, 9), 1.0, -0.99), Finding(_CUPS, Box(9, 9, 19, 19), 0)]
        assert separate_instances(found) == ()
