"""What holds for every answer composer."""

from __future__ import annotations

from typing import ClassVar

import attrs

from ..interfaces import AnswerComposer
from .bench import Bench
from .strategy_suite import StrategySuite


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

    def test_answers_in_words(self) -> None:
        """A question without choices is answered all the same."""
        bench = Bench.set_up()
        question = attrs.evolve(bench.asked.question, choices=())
        answer = self.strategy().compose(question, [bench.finding], bench.model)
        assert bench.asked.answer in answer.text
        assert answer.choice is None

    def test_no_pass_is_off_the_books(self) -> None:
        """The model's own count agrees with the ledger, under the caller's stage."""
        bench = Bench.set_up()
        self.strategy().compose(bench.asked.question, [bench.finding], bench.model)
        bench.check_books()
