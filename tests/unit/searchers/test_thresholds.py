"""Where FOCUS draws its lines, to the digit: by a verifier that says what it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from visualcrop import Answer, BudgetedModel, Target, View
from visualcrop.plugin import Verifier
from visualcrop.proposals.sliding import Sliding
from visualcrop.searchers.focus import Focus
from visualcrop.targets.given import Given
from visualcrop.testing import Bench


@attrs.frozen
class Told(Verifier):
    """Gives the confidences it was told, one after the other."""

    name = "told"

    confidences: Iterator[float] = attrs.field(eq=False)

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float, ...]:
        return tuple(next(self.confidences) for _ in views)


def _search(*confidences: float, every: bool = False, **options: Any) -> Answer:
    """Search with as many boxes as confidences."""
    bench = Bench.set_up()
    focus = Focus(
        targets=Given(names=("mug",), every=every),
        proposals=Sliding(k=len(confidences)),
        verification=Told(iter(confidences)),
    )
    return attrs.evolve(focus, **options).search(bench.asked.question, bench.model)


def _chosen(answer: Answer) -> list[float | None]:
    return [finding.confidence for finding in answer.findings]


def _checked(answer: Answer) -> int:
    return sum(f.confidence is not None for f in answer.evidence[0].findings)


class TestOne:
    """Targets of which there is one."""

    def test_the_first_of_equals_wins(self) -> None:
        """Of two that are as sure, the one that the map prefers."""
        answer = _search(0.2, 0.7, 0.7, steps=3)
        assert answer.findings == answer.evidence[0].findings[1:2]

    def test_t_type1_itself_is_enough(self) -> None:
        """A box exactly as sure as it must be is shown; a little less, and none is."""
        assert _chosen(_search(0.1, 0.25, steps=2, t_type1=0.25)) == [0.25]
        assert _chosen(_search(0.1, 0.25, steps=2, t_type1=0.26)) == []

    def test_the_best_of_no_is_taken_by_default(self) -> None:
        """Where none says yes, the least doubtful box is shown all the same."""
        assert _chosen(_search(-0.9, -0.3, -0.5, steps=3)) == [-0.3]


class TestOverrun:
    """Going on down the list."""

    def test_evens_are_a_yes(self) -> None:
        """A confidence of zero, as likely as not, ends the search."""
        assert _checked(_search(-0.5, 0.0, 0.9, 0.9, steps=2)) == 2

    def test_stops_at_the_first_yes(self) -> None:
        """Beyond the steps boxes are checked one by one, and none after the first yes."""
        answer = _search(-0.5, -0.1, -0.2, 0.4, 0.9, 0.9, steps=2)
        assert (_checked(answer), _chosen(answer)) == (4, [0.4])

    def test_a_yes_within_the_steps_is_enough(self) -> None:
        """All of the steps are checked, and no more."""
        assert _checked(_search(0.3, -0.2, -0.1, 0.9, steps=3)) == 3

    def test_with_one_step_it_checks_that_one(self) -> None:
        """One step with overrun is verified, for what follows depends on it."""
        assert _checked(_search(0.3, 0.9, steps=1)) == 1
        assert _checked(_search(0.3, 0.9, steps=1, overrun=False)) == 0


class TestEvery:
    """Targets of which there may be many."""

    def test_t_type2_itself_is_not_enough(self) -> None:
        """Only what is surer counts, in the map's order, and steps do not matter."""
        answer = _search(0.6, 0.61, -0.5, 0.9, every=True, steps=1, t_type2=0.6)
        assert (_checked(answer), _chosen(answer)) == (4, [0.61, 0.9])

    def test_where_none_passes_the_whole_image_is_shown(self) -> None:
        """As in ZoomEye's code: there is no best of many, so nothing is cropped."""
        answer = _search(0.6, 0.5, -0.5, every=True, t_type2=0.6)
        assert (_checked(answer), answer.findings) == (3, ())
        (view,) = answer.shown
        assert view == View.whole(view.image)

    def test_t_type1_has_no_say(self) -> None:
        """The threshold for one does not hold for many."""
        assert _chosen(_search(0.7, 0.65, every=True, t_type1=0.9)) == [0.7, 0.65]


class TestBothTypes:
    """One question about one thing and about all of another kind."""

    def _search(self, *confidences: float, steps: int) -> Answer:
        bench = Bench.set_up()
        focus = Focus(
            targets=Given(names=("spoon", "all mugs")),
            proposals=Sliding(k=len(confidences) - steps),
            verification=Told(iter(confidences)),
            steps=steps,
        )
        return focus.search(bench.asked.question, bench.model)

    def test_each_target_goes_by_its_own_type(self) -> None:
        """The best of the steps for the one, each that is sure enough for the others."""
        answer = self._search(0.1, 0.4, 0.7, 0.2, 0.9, steps=2)
        assert _chosen(answer) == [0.4, 0.7, 0.9]
        spoon, *mugs = answer.findings
        assert spoon.target == Target("spoon")
        assert [mug.target for mug in mugs] == [Target("mugs", every=True)] * 2

    def test_where_no_mug_passes_the_spoon_is_shown_alone(self) -> None:
        """What was found is shown; the whole image is not added for what was not."""
        answer = self._search(0.1, 0.4, 0.5, 0.2, 0.6, steps=2)
        assert _chosen(answer) == [0.4]
        assert answer.shown == (View(answer.shown[0].image, answer.findings[0].box),)
