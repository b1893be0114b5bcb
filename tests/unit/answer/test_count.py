"""How many there are, by their boxes."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import pytest

from tests.support.saying import Saying
from visualcrop import (
    Answer,
    Box,
    Budget,
    BudgetedModel,
    Choice,
    Evidence,
    Finding,
    Grid,
    Image,
    Ledger,
    Prompt,
    Question,
    RelevanceMap,
    Target,
    View,
)
from visualcrop.answer.count import Count
from visualcrop.answer.counting import Cluster, find_instances
from visualcrop.plugin import RelevanceSource

_IMAGE = Image.open(np.random.default_rng(0).integers(0, 255, (600, 900, 3), np.uint8))
_CUPS = Target("cups", every=True)
_ONE, _TWO, _THREE = Box(0, 0, 100, 100), Box(300, 0, 400, 100), Box(600, 300, 700, 400)
_NONE = Box(300, 400, 400, 500)
_BESIDE = Box(60, 0, 160, 100)  # overlaps the first
_BOTH = Box(0, 0, 160, 100)


@attrs.define
class _Counting(Saying):
    """Counts what it is told to in every crop, and says something else to everything."""

    number: str = "1"
    weighed: list[tuple[Prompt, Sequence[str]]] = attrs.field(factory=list)

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: object = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        self.passes += len(prompts)
        self.weighed += [(prompt, choices) for prompt in prompts]
        logits = tuple(5.0 * (choice == self.number) for choice in choices)
        return [Choice(logits) for _ in prompts]


def _found(*boxes: Box, confidence: float | None = 0.99, score: float = 1.0) -> list[Finding]:
    return [Finding(_CUPS, box, score, confidence) for box in boxes]


def _ask(
    found: Sequence[Finding],
    choices: Sequence[str] = (),
    *,
    text: str = "How many cups are there?",
    number: str = "1",
    evidence: bool = True,
    passes: int | None = None,
    missed: float = 0.0,
) -> tuple[Answer, _Counting]:
    toy = _Counting(text="B", number=number)
    seen = [Evidence(_CUPS, found)] if evidence else []
    chosen = [f for f in found if (f.confidence or 0) > 0.6]
    model = BudgetedModel(toy, Ledger(Budget(passes))).at("answer")
    question = Question(text, _IMAGE, choices)
    return Count(missed=missed).compose_with_evidence(question, chosen, model, seen), toy


class TestCounted:
    """Where boxes are clear, no model is asked."""

    def test_in_numbers(self) -> None:
        """Two boxes apart are two: said without choices, or by letter; in digits or in words."""
        background = _found(_NONE, confidence=-0.99, score=0.0)
        for choices, text in (
            ((), "2"),
            (("1", "2", "3"), "B"),
            (("three", "two"), "B"),
            (("There are 2 cups.", "There is one cup."), "A"),
        ):
            answer, toy = _ask([*_found(_ONE, _TWO), *background], choices)
            assert (answer.text, toy.passes) == (text, 0)
            assert {finding.box for finding in answer.findings} == {_ONE, _TWO}
            assert answer.shown == (View(_IMAGE, _ONE), View(_IMAGE, _TWO))

    def test_with_its_own_probability(self) -> None:
        """That of the number of boxes that are right, among the choices."""
        answer, _ = _ask(_found(_ONE, _TWO, confidence=0.8), ["1", "2", "7"])
        assert answer.probabilities == pytest.approx((0.18 / 0.99, 0.81 / 0.99, 0))
        assert answer.confidence == pytest.approx(0.81 / 0.99)

    def test_counts_what_no_threshold_let_pass(self) -> None:
        """A box that was not chosen, and is more likely than not to show one, counts as much."""
        answer, _ = _ask(_found(_ONE, confidence=0.99) + _found(_TWO, confidence=0.5), ["1", "2"])
        assert answer.probabilities == pytest.approx((0.25, 0.75), abs=0.01)

    def test_from_findings_alone(self) -> None:
        """A searcher that gives no evidence is counted for, too."""
        assert _ask(_found(_ONE, _TWO, _THREE), ["3", "4"], evidence=False)[0].choice == 0


class TestMissed:
    """A search may miss things, and checks what it finds: more is likelier than fewer."""

    def test_the_next_higher_choice(self) -> None:
        """Where the number found is no choice; the farther, the less likely."""
        answer, toy = _ask(_found(_ONE, _TWO), ["1", "3", "4"], missed=0.1)
        assert (answer.text, toy.passes) == ("B", 0)
        one, both = 2 * 0.995 * 0.005, 0.995**2
        weights = np.array([one, 0.1 * both + 0.01 * one, 0.01 * both + 0.001 * one])
        assert answer.probabilities == pytest.approx(weights / weights.sum(), rel=0.01)

    def test_the_number_found_is_likeliest(self) -> None:
        """Among choices, and in words."""
        for choices in (["1", "2", "3"], []):
            answer, _ = _ask(_found(_ONE, _TWO), choices, missed=0.1)
            assert answer.text == ("B" if choices else "2")

    def test_a_choice_that_is_far_off(self) -> None:
        """It is left to the other composer, as without this option, and so are lower ones."""
        for choices in (["6", "7"], ["1", "0"]):
            assert _ask(_found(_ONE, _TWO), choices, missed=0.1)[1].passes == 1


class TestAsked:
    """Boxes that overlap are shown in one crop."""

    @pytest.mark.parametrize("number", ["1", "2"])
    def test_decides_between_one_and_two(self, number: str) -> None:
        """One pass for the cluster, and its reply is added to the boxes that are clear."""
        found = [*_found(_ONE, _BESIDE), *_found(_THREE), *_found(_NONE, confidence=-1, score=0.0)]
        answer, toy = _ask(found, ["2", "3"], number=number)
        assert toy.passes == 1
        prompt, choices = toy.weighed[0]
        assert prompt.parts == (View(_IMAGE, Box(0, 0, 160, 100)), "How many cups are there?")
        assert choices == ["1", "2", "3"]
        assert answer.text == ("B" if number == "2" else "A")

    @pytest.mark.parametrize("passes", [0, 1, 2])
    def test_no_more_than_the_budget_allows(self, passes: int) -> None:
        """The passes are verification: without any left, the boxes alone decide."""
        found = [*_found(_ONE, _BESIDE), *_found(_THREE, Box(660, 300, 760, 400))]
        answer, toy = _ask(found, ["2", "3", "4"], passes=passes)
        assert toy.passes == passes
        assert answer.choice is not None

    def test_is_weighed_with_the_boxes(self) -> None:
        """By the square root of what the model says, times what the boxes say."""
        cluster = Cluster(_ONE, 2, (0.0, 0.2, 0.8)).reconcile([0.81, 0.16, 0.03])
        weights = np.array([0.2 * 0.9, 0.8 * 0.4])
        assert cluster.counts[1:3] == pytest.approx(weights / weights.sum(), abs=1e-3)
        assert sum(cluster.counts) == pytest.approx(1)


@attrs.frozen
class _Bright(RelevanceSource):
    """A map of how bright each of 24 x 24 cells is, which costs a pass."""

    name = "bright"

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        model.choose([Prompt((view, f"A {target.singular}?"))], ["1"])
        small = view.image.picture.crop(view.box.whole_pixels()).convert("L").resize((24, 24))
        return RelevanceMap(Grid.even(24, 24, view.box), np.asarray(small, np.float32))


class TestRegions:
    """What lies apart in a map of a crop is counted one by one."""

    @staticmethod
    def count(*spots: Box, passes: int | None = None, confidence: float = 0.99) -> Answer:
        """Boxes with these spots in them, two of which overlap, and one of which is empty."""
        pixels = np.zeros((600, 900, 3), np.uint8)
        for spot in spots:
            left, top, right, bottom = spot.whole_pixels()
            pixels[top:bottom, left:right] = 200
        question = Question("How many cups are there?", Image.open(pixels), ["1", "2", "3", "4"])
        found = _found(_ONE, _BESIDE, _THREE, confidence=confidence)
        model = BudgetedModel(_Counting(text="A", number="1"), Ledger(Budget(passes))).at("answer")
        composer = Count(regions=_Bright())
        answer = composer.compose_with_evidence(question, found, model, [Evidence(_CUPS, found)])
        assert answer.shown == (View(question.image, _THREE), View(question.image, _BOTH))[::-1]
        return attrs.evolve(answer, passes=model.ledger.by_stage())

    def test_apart(self) -> None:
        """Two that two overlapping boxes show are two, and so are two in one box."""
        one, other = Box(10, 20, 50, 60), Box(100, 20, 140, 60)
        beside, lone = Box(660, 360, 690, 390), Box(610, 310, 640, 340)
        for spots in ((one, lone), (one, other, lone), (one, other, lone, beside)):
            answer = self.count(*spots)
            assert answer.choice == len(spots) - 1
            assert answer.passes == {"verification": 2}

    def test_a_part_of_a_thing_is_not_a_thing(self) -> None:
        """What is much smaller than the others."""
        assert self.count(Box(10, 20, 60, 70), Box(100, 20, 115, 40), _THREE).choice == 1

    def test_no_more_than_the_budget_allows(self) -> None:
        """Without a pass left the boxes decide, and with one the first cluster is looked at."""
        spots = Box(10, 20, 50, 60), Box(100, 20, 140, 60), Box(610, 310, 640, 340)
        assert self.count(*spots, passes=0).passes == {}
        assert self.count(*spots, passes=1).choice == 2

    def test_an_empty_map(self) -> None:
        """It has no regions, whatever the boxes' confidences: the model is asked."""
        assert self.count_nothing().passes["answer"] == 1

    def count_nothing(self) -> Answer:
        """A black picture, in which the verifier believes to see something."""
        black = Image.open(np.zeros((600, 900, 3), np.uint8))
        question = Question("How many cups are there?", black, ["1", "2"])
        model = BudgetedModel(_Counting(text="A"), Ledger(Budget(None))).at("answer")
        found = _found(_ONE)
        answer = Count(regions=_Bright()).compose_with_evidence(
            question, found, model, [Evidence(_CUPS, found)]
        )
        return attrs.evolve(answer, passes=model.ledger.by_stage())


class TestOtherwise:
    """What cannot be counted is left to another composer."""

    @pytest.mark.parametrize(
        ("text", "choices"),
        [
            ("What colour are the cups?", ("red", "blue")),
            ("How many cups are there?", ("few", "many")),
            ("How many cups are there?", ("2", "two")),
            ("How many cups are there?", ("2", "more than 2")),
            ("How many cups are there?", ("20", "30")),
        ],
    )
    def test_other_questions(self, text: str, choices: tuple[str, ...]) -> None:
        """No count, choices that are no numbers, equal ones, or all far from the count."""
        answer, toy = _ask(_found(_ONE, _TWO), choices, text=text)
        assert (answer.choice, toy.passes) == (1, 1)

    def test_other_findings(self) -> None:
        """Nothing found, nothing checked, or a search that was cut short."""
        for found in (
            [],
            _found(_ONE, _TWO, confidence=None),
            [*_found(_ONE), *_found(_TWO, confidence=None)],
            [Finding(Target("cup"), _ONE, 0, 0.9)],
            [*_found(_ONE), Finding(Target("mugs", every=True), _TWO, 0, 0.9)],
        ):
            assert _ask(found, ["1", "2"])[1].passes == 1

    def test_hostile_texts(self) -> None:
        """A question of 20,000 characters, or with numbers of thousands of digits, is read on."""
        image = _IMAGE
        for text in ("how many " * 2000, "how " * 4000, "-" * 19_000 + "how many"):
            assert len(find_instances(Question(text, image), _found(_ONE))) <= 1
        long = Question("How many?", image, ("9" * 9000, "1.5", "-2"))
        assert find_instances(long, _found(_ONE)) == ()
