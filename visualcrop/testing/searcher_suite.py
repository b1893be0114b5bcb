"""What holds for every searcher."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..budget import ANSWER
from ..image import Image
from ..interfaces import Searcher
from ..searchers.direct import Direct
from ..values import Question
from .bench import Bench
from .strategy_suite import StrategySuite

_SEEDS = range(16)  # one look is right about some of them


def _right(searcher: Searcher) -> int:
    benches = [Bench.set_up(seed) for seed in _SEEDS]
    answers = [(b.asked, b.search(searcher)) for b in benches]
    return sum(
        a.choice is not None and q.question.choices[a.choice] == q.answer for q, a in answers
    )


class SearcherSuite(StrategySuite):
    """Set `strategy` to a searcher."""

    strategy: ClassVar[type[Searcher]]

    def test_no_worse_than_asking_directly(self) -> None:
        """On small things it answers at least as many questions as one look at the whole image."""
        assert _right(self.strategy()) >= _right(Direct())

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

    def test_no_pass_is_off_the_books(self) -> None:
        """Every pass that the model counts is charged to a stage, and none to `unbilled`."""
        for seed in _SEEDS:
            Bench.set_up(seed).search(self.strategy())

    def test_findings_lie_in_the_image(self) -> None:
        """Every box, chosen or not, is inside the picture."""
        answer = (bench := Bench.set_up()).search(self.strategy())
        seen = [finding for evidence in answer.evidence for finding in evidence.findings]
        assert all(bench.scene.image.box.contains(f.box) for f in (*answer.findings, *seen))

    def test_answers_what_it_cannot_find(self) -> None:
        """No target, a target that is not there, an image of one pixel: an answer each time."""
        dot = Image.open(np.zeros((1, 1, 3), np.uint8))
        for text, image in (("Why?", None), ("What colour is the unicorn?", None), ("A mug?", dot)):
            bench = Bench.set_up()
            question = Question(text, image or bench.scene.image)
            assert bench.search(self.strategy(), question).text
