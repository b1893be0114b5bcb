"""What holds for every target extractor."""

from __future__ import annotations

from typing import ClassVar

from ..interfaces import TargetExtractor
from ..values import Question
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
            assert all(target.text.strip() == target.text != "" for target in targets)
            assert len(set(targets)) == len(targets)

    def test_same_question_same_targets(self) -> None:
        """Extraction is deterministic."""
        asked = Bench.set_up().asked.question
        one, other = (self.strategy().extract(asked, Bench.set_up().model) for _ in range(2))
        assert one == other

    def test_no_pass_is_off_the_books(self) -> None:
        """The model's own count agrees with the ledger."""
        bench = Bench.set_up()
        self.strategy().extract(bench.asked.question, bench.model)
        bench.check_books()
