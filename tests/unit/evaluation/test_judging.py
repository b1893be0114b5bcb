"""Answers in words, and who rules on them."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.support.studies import toy_study
from visualcrop import Answer, BudgetedModel, Question, Sample
from visualcrop.evaluation.worker import StudyWorker
from visualcrop.models.toy.dataset import SceneSource
from visualcrop.plugin import Searcher, Task, Verdict
from visualcrop.protocol import PromptProtocol
from visualcrop.testing import ToyModel


@attrs.frozen
class Saying(Searcher):
    """Says what it was made to say."""

    name = "saying"

    text: str = ""

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        return Answer(self.text, 0 if question.choices else None)


def _answered(text: str, ruling: Verdict | None, **about: Any) -> tuple[Any, int]:
    """The record of an answer, and how often the judge was asked."""
    asked = []

    def rule(sample: Sample, reply: str) -> Verdict:
        asked.append(reply)
        assert ruling is not None
        return ruling

    sample = Sample("1", SceneSource(0), "What colour?", **about or {"answer": ("green",)})
    worker = StudyWorker(
        ToyModel(), {"a": Saying(text)}, PromptProtocol(), judge=rule if ruling else None
    )
    return worker.answer(Task("a", sample)), len(asked)


def test_the_words_are_enough_where_they_are_right() -> None:
    """Nobody is asked about what is right word for word."""
    record, asked = _answered("Green.", Verdict(False))
    assert (record.status, record.score, record.ruling, asked) == ("ok", 1, None, 0)


@pytest.mark.parametrize(
    ("right", "status", "score"), [(True, "ok", 1), (False, "ok", 0), (None, "unparsed", None)]
)
def test_the_judge_rules_on_the_rest(right: bool | None, status: str, score: float | None) -> None:
    """What it said is kept; where it does not tell, neither do we."""
    record, asked = _answered("a light green", Verdict(right, "Hm"))
    assert (record.status, record.score, record.ruling, asked) == (status, score, "Hm", 1)


def test_without_a_judge_words_decide() -> None:
    """That is the default."""
    record, _ = _answered("a light green", None)
    assert (record.status, record.score) == ("ok", 0)


def test_choices_are_never_judged() -> None:
    """A letter is right or wrong."""
    record, asked = _answered("a", Verdict(True), choices=("red", "green"), answer=1)
    assert (record.score, asked) == (0, 0)


def test_a_failing_judge_is_an_error_of_that_question() -> None:
    """It is counted, and asked again another time."""
    sample = Sample("1", SceneSource(0), "What colour?", answer=("green",))

    def rule(sample: Sample, reply: str) -> Verdict:
        raise MemoryError("no memory left")

    worker = StudyWorker(ToyModel(), {"a": Saying("red")}, PromptProtocol(), judge=rule)
    record = worker.answer(Task("a", sample))
    assert (record.status, record.score) == ("error", None)
    assert record.error == "MemoryError: no memory left"


def test_open_ended_takes_the_choices_away() -> None:
    """The right one's words are wanted then; a question in words stays as it is."""
    study = toy_study(open_ended=True)
    put = study.as_asked(Sample("1", SceneSource(0), "What?", choices=("a", "b"), answer=1))
    assert (put.choices, put.answer) == ((), ("b",))
    told = study.as_asked(
        Sample("1", SceneSource(0), "?", choices=("a", "b"), answer=1, sentences=("An a", "A b"))
    )
    assert (told.answer, told.sentences) == (("b",), ("A b",))
    plain = Sample("1", SceneSource(0), "What?", answer=("x", "y"))
    assert study.as_asked(plain) == plain
    assert toy_study().as_asked(plain) == plain
