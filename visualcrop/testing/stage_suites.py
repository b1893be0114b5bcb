"""What holds for every strategy of a search: its five stages, and the searcher."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import attrs
import numpy as np

from ..budget import ANSWER, BudgetedModel, Ledger
from ..geometry import Box, Grid
from ..image import Image
from ..interfaces import (
    AnswerComposer,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    TargetExtractor,
    Verifier,
)
from ..models.base import Reply
from ..models.toy.model import ToyModel
from ..prompt import Prompt
from ..searchers.direct import Direct
from ..values import Evidence, Question, RelevanceMap, View
from .bench import Bench
from .strategy_suite import StrategySuite

_QUESTIONS = ("What colour is the 'mug'?", "How many keys are there?", "?", "Why?", "the " * 300)


class TargetExtractorSuite(StrategySuite):
    """Set `strategy` to a target extractor."""

    strategy: ClassVar[type[TargetExtractor]]

    def test_targets_are_words_without_repeats(self) -> None:
        """Whatever the question, targets are tidy, and each comes once."""
        for text in _QUESTIONS:
            bench = Bench.set_up()
            targets = self.strategy().extract(Question(text, bench.scene.image), bench.model)
            assert not [t for t in targets if not t.text.strip() == t.text != ""]
            assert len(set(targets)) == len(targets)

    def test_same_question_same_targets(self) -> None:
        """Extraction is deterministic."""
        asked = Bench.set_up().asked.question
        one, other = (self.strategy().extract(asked, Bench.set_up().model) for _ in range(2))
        assert one == other

    def test_every_pass_is_charged(self) -> None:
        """The model's own count agrees with the ledger."""
        bench = Bench.set_up()
        self.strategy().extract(bench.asked.question, bench.model)
        bench.check_charges()


_MAP_SEEDS = range(5)


class RelevanceSourceSuite(StrategySuite):
    """Set `strategy` to a relevance source."""

    strategy: ClassVar[type[RelevanceSource]]

    def test_map_lies_over_the_view(self) -> None:
        """One finite score for each cell, in pixels of the original image, crops included."""
        bench = Bench.set_up()
        for box in (bench.scene.image.box, Box(300, 200, 900, 700)):
            found = self.strategy().map(View(bench.scene.image, box), bench.target, bench.model)
            assert found.grid.box == box
            assert np.isfinite(found.scores).all()

    def test_points_at_the_target(self) -> None:
        """The highest cell lies on the planted thing or next to it, in most scenes."""
        self._skip_controls()
        hits = 0
        for seed in _MAP_SEEDS:
            bench = Bench.set_up(seed)
            found = self.strategy().map(bench.whole, bench.target, bench.model)
            row, column = divmod(int(found.scores.argmax()), found.scores.shape[1])
            reach = 2 * found.grid.cell_side + bench.asked.boxes[0].width
            hits += found.grid.cell(row, column).distance(bench.asked.boxes[0]) <= reach
        assert hits > len(_MAP_SEEDS) / 2

    def test_same_question_same_map(self) -> None:
        """A map does not depend on what was asked before."""
        bench, other = Bench.set_up(), Bench.set_up()
        first = self.strategy().map(bench.whole, bench.target, bench.model)
        self.strategy().map(other.whole, other.finding.target, other.model)
        assert self.strategy().map(other.whole, other.target, other.model) == first

    def test_every_pass_is_charged(self) -> None:
        """The model's own count agrees with the ledger, under the caller's stage."""
        bench = Bench.set_up()
        self.strategy().map(bench.whole, bench.target, bench.model)
        bench.check_charges()


_SHAPES = ((1, 1), (1, 7), (5, 1), (3, 4), (24, 24), (61, 107))


def _make_maps() -> list[RelevanceMap]:
    rng = np.random.default_rng(0)
    found = []
    for rows, columns in _SHAPES:
        grid = Grid.even(rows, columns, Box(10, 20, 10 + 16 * columns, 20 + 16 * rows))
        flat = np.zeros((rows, columns))
        found += [
            RelevanceMap(grid, s) for s in (flat, flat + 0.5, flat - 1, rng.random(flat.shape))
        ]
    return found


class ProposalGeneratorSuite(StrategySuite):
    """Set `strategy` to a proposal generator."""

    strategy: ClassVar[type[ProposalGenerator]]

    def test_boxes_lie_in_the_map(self) -> None:
        """Every map, flat or of one cell, gives a box or more, all inside it."""
        for relevance in _make_maps():
            boxes = [proposal.box for proposal in self.strategy().propose(relevance)]
            assert boxes
            assert not [box for box in boxes if not relevance.grid.box.contains(box)]

    def test_best_come_first_and_once(self) -> None:
        """Scores never rise down the list, and no box comes twice."""
        for relevance in _make_maps():
            proposals = self.strategy().propose(relevance)
            scores = [proposal.score for proposal in proposals]
            assert scores == sorted(scores, reverse=True)
            assert len({proposal.box for proposal in proposals}) == len(proposals)

    def test_covers_the_peak(self) -> None:
        """Some box holds the highest cell of a map with one peak."""
        for seed in range(20):
            rng = np.random.default_rng(seed)
            scores = rng.random((20, 30)) * 0.2
            row, column = int(rng.integers(20)), int(rng.integers(30))
            scores[row, column] = 5
            relevance = RelevanceMap(Grid.even(20, 30, Box(0, 0, 900, 600)), scores)
            peak = relevance.grid.cell(row, column)
            boxes = [proposal.box for proposal in self.strategy().propose(relevance)]
            assert [box for box in boxes if box.contains(peak)], f"none of {boxes} has {peak}"


class VerifierSuite(StrategySuite):
    """Set `strategy` to a verifier."""

    strategy: ClassVar[type[Verifier]]

    def test_one_confidence_for_each_view(self) -> None:
        """As many as views: numbers from -1 to 1, or none where nobody asked; none for none."""
        bench = Bench.set_up()
        views = [bench.whole, View(bench.scene.image, bench.finding.box), bench.whole]
        confidences = self.strategy().verify(views, bench.target, bench.model)
        assert len(confidences) == len(views)
        assert not [c for c in confidences if c is not None and not -1 <= c <= 1]
        assert self.strategy().verify([], bench.target, bench.model) == ()

    def test_surer_with_the_target_than_without(self) -> None:
        """A view in which the thing is clear beats one without it."""
        self._skip_controls()
        bench = Bench.set_up()
        there, elsewhere = bench.finding.box, Box(0, 0, 60, 60)
        views = [View(bench.scene.image, box) for box in (there, elsewhere)]
        # One at a time: of several, a verifier may stop at the first that shows it.
        with_it, without_it = (self._verify_alone(view, bench) for view in views)
        assert with_it is not None
        assert without_it is not None
        assert with_it > without_it

    def test_together_as_alone(self) -> None:
        """What travels in one batch does not change the confidence of a view that is asked."""
        bench = Bench.set_up()
        views = [bench.whole, View(bench.scene.image, bench.finding.box)]
        together = self.strategy().verify(views, bench.target, bench.model)
        alone = [self._verify_alone(view, bench) for view in views]
        asked = [pair for pair in zip(together, alone, strict=True) if pair[0] is not None]
        assert asked or alone == [None, None]
        assert not [pair for pair in asked if pair[0] != pair[1]]

    def test_every_pass_is_charged(self) -> None:
        """The model's own count agrees with the ledger, under the caller's stage."""
        bench = Bench.set_up()
        self.strategy().verify([bench.whole, bench.whole], bench.target, bench.model)
        bench.check_charges()

    def _verify_alone(self, view: View, bench: Bench) -> float | None:
        (confidence,) = self.strategy().verify([view], bench.target, bench.model)
        return confidence


_CONTEXT = ("Reply in one word.", View.whole(Image.open(np.zeros((8, 8, 3), np.uint8))))


def _in_context(question: Question) -> Question:
    return attrs.evolve(question, choices=(), context=_CONTEXT, max_new_tokens=7)


class _Recorder(ToyModel):
    """A toy that keeps what it is asked to reply to, and how long each reply may be."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Prompt, int]] = []

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.asked += [(prompt, max_new_tokens) for prompt in prompts]
        return super().generate(prompts, max_new_tokens=max_new_tokens)

    def check_last(self) -> None:
        """Check that it was last asked after the context, and for so many words."""
        prompt, limit = self.asked[-1]
        assert prompt.parts[:2] == _CONTEXT, "the model does not read the question's context first"
        assert limit == 7, "the question's own max_new_tokens is not heard"


class AnswerComposerSuite(StrategySuite):
    """Set `strategy` to an answer composer."""

    strategy: ClassVar[type[AnswerComposer]]

    def test_answers_without_findings(self) -> None:
        """With nothing found the whole image is asked."""
        bench = Bench.set_up()
        answer = self.strategy().compose(bench.asked.question, [], bench.model)
        assert answer.text
        assert answer.findings == ()

    def test_reads_the_answer_off_a_finding(self) -> None:
        """A finding that shows the thing clearly gives the right choice, and stays as evidence."""
        bench = Bench.set_up()
        asked = bench.asked
        answer = self.strategy().compose(asked.question, [bench.finding], bench.model)
        assert answer.choice is not None
        assert asked.question.choices[answer.choice] == asked.answer
        assert answer.findings == (bench.finding,)
        assert answer.shown

    def test_needs_no_evidence(self) -> None:
        """Where a searcher has nothing but findings, the answer is that of `compose`."""
        one, other = Bench.set_up(), Bench.set_up()
        question, found = one.asked.question, [one.finding]
        answer = self.strategy().compose_with_evidence(question, found, one.model, [])
        assert answer == self.strategy().compose(question, found, other.model)

    def test_answers_in_words(self) -> None:
        """A question without choices is answered all the same."""
        bench = Bench.set_up()
        question = attrs.evolve(bench.asked.question, choices=())
        answer = self.strategy().compose(question, [bench.finding], bench.model)
        assert bench.asked.answer in answer.text
        assert answer.choice is None

    def test_the_context_comes_first(self) -> None:
        """The model reads the question's context before the evidence, and replies at its length."""
        bench, toy = Bench.set_up(), _Recorder()
        model = BudgetedModel(toy, bench.ledger)
        for findings in ([bench.finding], []):
            self.strategy().compose(_in_context(bench.asked.question), findings, model)
            toy.check_last()

    def test_every_pass_is_charged(self) -> None:
        """The model's own count agrees with the ledger, under the caller's stage."""
        bench = Bench.set_up()
        self.strategy().compose(bench.asked.question, [bench.finding], bench.model)
        bench.check_charges()


_SEARCH_SEEDS = range(16)  # of scenes; one look is right about some


@lru_cache(1)
def _count_right_directly() -> int:
    return _count_right(Direct())


def _count_right(searcher: Searcher) -> int:
    benches = [Bench.set_up(seed) for seed in _SEARCH_SEEDS]
    answers = [(b.asked, b.search(searcher)) for b in benches]
    return sum(
        a.choice is not None and q.question.choices[a.choice] == q.answer for q, a in answers
    )


class SearcherSuite(StrategySuite):
    """Set `strategy` to a searcher."""

    strategy: ClassVar[type[Searcher]]

    def test_no_worse_than_asking_directly(self) -> None:
        """On small things it answers at least as many questions as one look at the whole image."""
        assert _count_right(self.strategy()) >= _count_right_directly()

    def test_same_question_same_answer(self) -> None:
        """A search is deterministic."""
        one, other = (Bench.set_up(1) for _ in range(2))
        answers = [b.search(self.strategy()) for b in (one, other)]
        assert answers[0] == answers[1]

    def test_budget_is_a_promise(self) -> None:
        """With a budget of n, pass n + 1 is never run; there is an answer all the same."""
        for passes in (0, 1, 2, 3, 5, 8):
            bench = Bench.set_up(passes=passes)
            answer = bench.search(self.strategy())
            stages = bench.ledger.by_stage()
            assert sum(n for stage, n in stages.items() if stage != ANSWER) <= passes
            assert answer.text

    def test_every_pass_is_charged(self) -> None:
        """Every pass that the model counts is charged to a stage, and none to `unbilled`."""
        for seed in _SEARCH_SEEDS[:4]:
            Bench.set_up(seed).search(self.strategy())

    def test_answers_in_context(self) -> None:
        """The model reads the question's context when it answers, and at no other time."""
        toy, question = _Recorder(), _in_context(Bench.set_up().asked.question)
        self.strategy().run(question, toy, Ledger())
        toy.check_last()
        earlier = [prompt for prompt, limit in toy.asked if limit != question.max_new_tokens]
        assert not [prompt for prompt in earlier if {*prompt.parts} & {*_CONTEXT}]

    def test_shows_all_that_it_has_seen(self) -> None:
        """Whoever watches is shown all evidence of the answer, and can draw it on the image."""
        for seed in _SEARCH_SEEDS[:4]:
            shown: list[Evidence] = []
            bench = Bench.set_up(seed, on_evidence=shown.append)
            answer = bench.search(self.strategy())
            assert not [each for each in answer.evidence if each not in shown]
            for each in shown:
                each.overlay()  # an ImageError, if it knew no image

    def test_watching_changes_nothing(self) -> None:
        """The answer and its passes are the same, whether somebody watches or not."""
        for seed in _SEARCH_SEEDS[:4]:
            watched, alone = Bench.set_up(seed, on_evidence=repr), Bench.set_up(seed)
            assert watched.search(self.strategy()) == alone.search(self.strategy())
            assert watched.ledger.charges == alone.ledger.charges

    def test_ends_when_the_watcher_raises(self) -> None:
        """What a watcher raises comes out of the search, which runs no further pass."""

        class StoppedError(Exception):
            pass

        def stop(_: object) -> None:
            passes.append(bench.toy.passes)
            raise StoppedError

        for seed in _SEARCH_SEEDS[:4]:
            passes: list[int] = []
            bench = Bench.set_up(seed, on_evidence=stop)
            try:
                bench.search(self.strategy())
            except StoppedError:
                assert [bench.toy.passes] == passes
            else:
                assert not passes, "the search goes on after its watcher has raised"

    def test_findings_lie_in_the_image(self) -> None:
        """Every box, chosen or not, is inside the picture."""
        answer = (bench := Bench.set_up()).search(self.strategy())
        seen = [finding for evidence in answer.evidence for finding in evidence.findings]
        whole = bench.scene.image.box
        assert not [f for f in (*answer.findings, *seen) if not whole.contains(f.box)]

    def test_answers_what_it_cannot_find(self) -> None:
        """No target, a target that is not there, an image of one pixel: an answer each time."""
        dot = Image.open(np.zeros((1, 1, 3), np.uint8))
        for text, image in (("Why?", None), ("What colour is the unicorn?", None), ("A mug?", dot)):
            bench = Bench.set_up()
            question = Question(text, image or bench.scene.image)
            assert bench.search(self.strategy(), question).text
