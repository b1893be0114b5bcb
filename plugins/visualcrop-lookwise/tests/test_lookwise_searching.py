"""What a search costs, when it is skipped, and what it gives for less."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest

from tests.support.opened import noise
from tests.support.whole_searches import MODELS, open_model, search
from visualcrop import (
    Answer,
    Ledger,
    Prompt,
    Question,
    Reply,
    VisualSearch,
    focus_paper,
)
from visualcrop.testing import Scene, ToyModel
from visualcrop_lookwise.searcher import mean_token_probability

SCENE = Scene.draw(43)
COLOUR = "What colour is the mug?"
BOTH = "Is the mug left of the key?"


@attrs.define
class Sure(ToyModel):
    """A toy that knows how likely its tokens were."""

    tokens: tuple[float, ...] = ()

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        replies = super().generate(prompts, max_new_tokens=max_new_tokens)
        return [attrs.evolve(reply, token_probabilities=self.tokens) for reply in replies]


def searched(
    spec: str, text: str = COLOUR, toy: ToyModel | None = None, passes: int | None = None
) -> tuple[Answer, Ledger]:
    """The answer about the scene, and the ledger."""
    return search(spec, Question(text, SCENE.image), toy or ToyModel(), passes)


class TestPrice:
    """As its summary declares: 1, or 3 + T."""

    @pytest.mark.parametrize(("text", "targets"), [(COLOUR, 1), (BOTH, 2)])
    @pytest.mark.parametrize("relevance", ["layer-att", "vv", "attention"])
    def test_of_a_search(self, text: str, targets: int, relevance: str) -> None:
        """One for the direct answer, one for the targets, one for each map, one for the answer."""
        answer, ledger = searched(f"lookwise(relevance={relevance})", text)
        stages = {"original": 1, "targets": 1, "relevance": targets, "answer": 1}
        assert ledger.by_stage() == answer.passes == stages
        assert ledger.passes == 3 + targets
        assert focus_paper(ledger) == 1 + targets
        assert [len(evidence.findings) for evidence in answer.evidence] == [1] * targets

    def test_of_a_sure_answer(self) -> None:
        """One pass, which is the direct answer's, with nothing found."""
        answer, ledger = searched("lookwise(gate=0.9)", toy=Sure(tokens=(0.95, 0.97)))
        assert ledger.by_stage() == {"original": 1}
        assert answer.text == searched("direct")[0].text
        assert not answer.findings
        assert not answer.exhausted


class TestGate:
    """The mean probability of the tokens."""

    @pytest.mark.parametrize(("tokens", "kept"), [((0.9, 0.9), True), ((1.0, 0.79), False)])
    def test_keeps_an_answer_from_its_threshold_on(
        self, tokens: tuple[float, ...], *, kept: bool
    ) -> None:
        """Equal to it is enough; the mean decides, not the first."""
        _, ledger = searched("lookwise(gate=0.9)", toy=Sure(tokens=tokens))
        assert (ledger.by_stage() == {"original": 1}) == kept

    def test_of_one_keeps_certainty_alone(self) -> None:
        """The published script's default, which practically never skips."""
        for tokens, passes in (((1.0, 0.999999), 4), ((1.0, 1.0), 1)):
            assert searched("lookwise", toy=Sure(tokens=tokens))[1].passes == passes

    def test_of_an_answer_by_letters_is_the_letters_own(self) -> None:
        """Nothing is generated; and where nothing is known, the search goes on."""
        known = Answer("A", 0, probabilities=(0.8, 0.2))
        assert mean_token_probability(known) == 0.8
        assert mean_token_probability(Answer("red")) is None
        assert mean_token_probability(Answer("red", token_probabilities=(0.5, 1.0))) == 0.75
        assert searched("lookwise(gate=0)")[1].passes == 4  # the toy knows of no tokens

    def test_is_read_of_a_trained_model(self) -> None:
        """`tiny-shapes` keeps its answer at the mean that it had, and searches just above it."""
        pytest.importorskip("visualcrop_tiny")
        question = Question("What colour is the circle?", SCENE.image, ["red", "green", "blue"])
        first = VisualSearch.open("tiny-shapes", "direct").answer(question)
        sure = mean_token_probability(first)
        assert sure is not None
        assert 0 < sure < 1
        for gate, stages in ((sure, {"original"}), (sure + 1e-6, {"original", "relevance"})):
            answer = VisualSearch.open("tiny-shapes", f"lookwise(gate={gate!r})").answer(question)
            assert {*answer.passes} - {"targets", "answer"} == stages


class TestBudget:
    """An answer in any case."""

    @pytest.mark.parametrize(
        ("passes", "stages", "found"),
        [
            (0, {"answer": 1}, 0),
            (1, {"original": 1}, 0),
            (2, {"original": 1, "targets": 1}, 0),
            (3, {"original": 1, "targets": 1, "relevance": 1, "answer": 1}, 1),
            (4, {"original": 1, "targets": 1, "relevance": 2, "answer": 1}, 2),
        ],
    )
    def test_gives_what_there_is(self, passes: int, stages: dict[str, int], found: int) -> None:
        """The direct answer, one place of two, or both; all but the last are marked."""
        answer, ledger = searched("lookwise", BOTH, passes=passes)
        assert ledger.by_stage() == stages
        assert len(answer.findings) == found
        assert answer.exhausted == (found < 2)


class TestShown:
    """The crop that the answer rests on."""

    def test_all_instances_are_windows(self) -> None:
        """Of one target there may be several, apart from each other."""
        answer, _ = searched("lookwise(box=150)", "How many mugs are there?")
        assert answer.findings
        assert all(finding.target.every for finding in answer.findings)

    def test_a_question_without_targets_keeps_the_direct_answer(self) -> None:
        """Nothing is asked twice."""
        answer, ledger = searched("lookwise", "Why?")
        assert "answer" not in ledger.by_stage()
        assert answer.untargeted

    def test_crop_alone(self) -> None:
        """The part that says the answer can be swapped, and FOCUS can have LookWise's."""
        answer, _ = searched("lookwise(answer=crop)")
        assert [view.box for view in answer.shown] == [answer.findings[0].box]
        assert len(searched("focus(answer=focus-region, relevance=layer-att)")[0].shown) == 2


@pytest.mark.torch
@pytest.mark.parametrize("family", MODELS)
@pytest.mark.parametrize("relevance", ["layer-att", "vv"])
def test_on_models(family: str, relevance: str) -> None:
    """Budgets are kept, passes charged, boxes in the image, and answers the same twice."""
    model = open_model(family)
    question = Question("Is the mug left of the key?", noise(600, 500), ["yes", "no"])
    spec = (
        f"lookwise(targets=rules, relevance={relevance}, box=150, "
        "answer=focus-region(max_new_tokens=3))"
    )
    for passes in (0, 1, 2, None):
        told = []
        for _ in range(2 if passes is None else 1):
            answer, ledger = search(spec, question, model, passes)
            told.append(answer)
            spent = sum(n for stage, n in ledger.by_stage().items() if stage != "answer")
            assert spent <= (3 if passes is None else passes)
        assert told[0] == told[-1]
        assert told[0].exhausted == (passes is not None)
        assert len(told[0].findings) == (2 if passes is None else max(0, passes - 1))
