"""FOCUS on the toy model: what it looks at, what it pays, what it keeps."""

from __future__ import annotations

import attrs
import pytest

from visualcrop import Answer, Budget, BudgetedModel, Ledger, Question, Sample
from visualcrop.evaluation.scoring import measure_recall
from visualcrop.models.toy.dataset import SceneSource
from visualcrop.plugin import Registry, RelevanceSource, TargetBox
from visualcrop.proposals.anchors import Anchors
from visualcrop.proposals.sliding import Sliding
from visualcrop.searchers.focus import Focus
from visualcrop.targets.given import Given
from visualcrop.testing import Bench, Scene, ToyModel
from visualcrop.verification.unchecked import Unchecked

ATTRIBUTE, RELATION, COUNT = range(3)


def search(focus: Focus, about: int = ATTRIBUTE, seed: int = 43) -> tuple[Answer, dict[str, int]]:
    """Ask one of the scene's questions; the answer, and the bill by stage."""
    question = Bench.set_up(seed).scene.questions[about].question
    ledger = Ledger()
    answer = focus.search(question, BudgetedModel(ToyModel(), ledger))
    return answer, dict(ledger.by_stage())


class TestPasses:
    """What a search costs, stage by stage."""

    def test_one_target_costs_two_and_its_steps(self) -> None:
        """Extraction, one map, as many checks as steps, the answer."""
        _, bill = search(Focus(steps=4))
        assert bill == {"targets": 1, "relevance": 1, "verification": 4, "answer": 1}

    def test_two_targets_are_searched_each(self) -> None:
        """A map and the checks for each target."""
        _, bill = search(Focus(steps=3), RELATION)
        assert bill == {"targets": 1, "relevance": 2, "verification": 6, "answer": 1}

    def test_one_step_without_overrun_checks_nothing(self) -> None:
        """There is nothing to choose between: the first box is taken as it is."""
        answer, bill = search(Focus(steps=1, overrun=False))
        assert "verification" not in bill
        assert answer.findings == answer.evidence[0].findings[:1]
        assert answer.findings[0].confidence is None

    def test_overrun_goes_on_until_one_says_yes(self) -> None:
        """For a thing that is not there it goes down the whole list; without, it stops at steps."""
        absent = Focus(targets=Given(names=("stamp",)), proposals=Anchors(k=12), steps=2)
        scene = Scene.draw(43)
        assert "stamp" not in {thing.kind for thing in scene.things}
        answer, bill = search(absent)
        assert bill["verification"] == len(answer.evidence[0].findings) > 2
        assert search(attrs.evolve(absent, overrun=False))[1]["verification"] == 2

    def test_every_instance_means_every_box(self) -> None:
        """A counting question verifies the whole list, whatever the steps."""
        answer, bill = search(Focus(steps=1, overrun=False), COUNT)
        assert bill["verification"] == len(answer.evidence[0].findings)


class TestChoice:
    """Which findings the answer rests on."""

    def test_the_surest_of_the_steps_wins(self) -> None:
        """The chosen box has the highest confidence of those checked."""
        answer, _ = search(Focus())
        checked = [f for f in answer.evidence[0].findings if f.confidence is not None]
        assert answer.findings == (max(checked, key=lambda f: f.confidence or 0),)

    def test_all_above_the_threshold_are_kept_of_many(self) -> None:
        """Of several instances each is kept that is surer than t_type2, and no other."""
        answer, _ = search(Focus(t_type2=0.6), COUNT)
        sure = tuple(f for f in answer.evidence[0].findings if (f.confidence or 0) > 0.6)
        assert answer.findings == sure
        assert len(sure) >= 2
        assert search(Focus(t_type2=1.0), COUNT)[0].findings == ()

    def test_a_search_may_decline(self) -> None:
        """Below t_type1 no box is shown, and the whole image is asked."""
        absent = Given(names=("stamp",))
        assert search(Focus(targets=absent))[0].findings
        answer, _ = search(Focus(targets=absent, t_type1=0.0))
        assert answer.findings == ()
        assert answer.shown[0].box == answer.shown[0].image.box

    def test_unchecked_takes_the_first(self) -> None:
        """With a verifier that asks nobody, the map's order decides."""
        answer, _ = search(Focus(verification=Unchecked(), proposals=Sliding()))
        assert answer.findings == answer.evidence[0].findings[:1]

    def test_what_nobody_checked_is_not_believed(self) -> None:
        """No box has a confidence then, and nothing counts as found; of many, all are shown."""
        for about in (ATTRIBUTE, COUNT):
            answer, bill = search(Focus(verification=Unchecked()), about)
            (evidence,) = answer.evidence
            assert {finding.confidence for finding in evidence.findings} == {None}
            assert not answer.found
            assert "verification" not in bill
            shown = evidence.findings if about == COUNT else evidence.findings[:1]
            assert answer.findings == shown

    def test_unchecked_covers_as_much_as_without_the_stage(self) -> None:
        """Recall counts boxes that were shown or checked: nobody checked the others."""
        blind = Registry.load().build(RelevanceSource, "random(seed=2)")
        without = Focus(relevance=blind, steps=1, overrun=False)
        unchecked = Focus(relevance=blind, verification=Unchecked())
        for seed in range(6):
            asked = Scene.draw(seed).questions[ATTRIBUTE]
            boxes = tuple(TargetBox("thing", box) for box in asked.boxes)
            sample = Sample("1", SceneSource(seed), "What?", answer=("x",), targets=boxes)
            answers = [
                focus.search(asked.question, BudgetedModel(ToyModel(), Ledger()))
                for focus in (without, unchecked)
            ]
            assert measure_recall(sample, answers[0]) == measure_recall(sample, answers[1])

    def test_no_target_asks_the_whole_image(self) -> None:
        """A question that names nothing costs extraction and answer, and still has one."""
        bench = Bench.set_up()
        question = Question("Why?", bench.scene.image)
        answer = Focus().search(question, bench.model)
        assert bench.ledger.by_stage() == {"targets": 1, "answer": 1}
        assert answer.text
        assert not answer.found
        assert answer.untargeted

    def test_a_target_that_is_not_shown_was_one(self) -> None:
        """Untargeted is a search that had nothing to look for, not one that declined."""
        assert not search(Focus())[0].untargeted
        assert not search(Focus(targets=Given(names=("stamp",)), t_type1=0.0))[0].untargeted
        bench = Bench.set_up(passes=0)
        assert not Focus().search(bench.asked.question, bench.model).untargeted


class TestBudget:
    """A budget is a promise."""

    @pytest.mark.parametrize("passes", range(20))
    def test_is_never_exceeded(self, passes: int) -> None:
        """At most so many passes run before the answer, the toy counts the same, and it is said."""
        for asked in Bench.set_up(43).scene.questions:
            toy, ledger = ToyModel(), Ledger(Budget(passes))
            answer = Focus().search(asked.question, BudgetedModel(toy, ledger))
            free = ledger.by_stage()["answer"]
            assert ledger.passes - free <= passes
            assert ledger.passes == toy.passes
            unlimited = search(Focus(), Bench.set_up(43).scene.questions.index(asked))[1]
            assert answer.exhausted == (sum(unlimited.values()) - 1 > passes)

    def test_what_was_found_is_kept(self) -> None:
        """With five passes three boxes are checked, and the best of them answers."""
        bench = Bench.set_up(43, passes=5)
        answer = Focus().search(bench.asked.question, bench.model)
        confidences = [f.confidence for f in answer.evidence[0].findings]
        assert sum(c is not None for c in confidences) == 3
        assert answer.exhausted
        assert answer.findings

    def test_time_runs_out(self) -> None:
        """A clock that jumps past the limit ends the search, not the answer."""
        ticks = iter(range(0, 10_000, 10))
        ledger = Ledger(Budget(seconds=35), clock=lambda: float(next(ticks)))
        bench = Bench.set_up(43)
        answer = Focus().search(bench.asked.question, BudgetedModel(bench.toy, ledger))
        assert answer.exhausted
        assert answer.text
