"""How a question is put, and how the reply is read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.refusals import refused
from visualcrop import Question, VisualcropError
from visualcrop.errors import QuestionError
from visualcrop.protocol import PromptProtocol
from visualcrop.testing import Bench


class TestAsked:
    """The question as the model reads it."""

    def test_choices_have_letters(self) -> None:
        """One line each, and an instruction to give the letter."""
        question = Question("What colour?", Bench.set_up().scene.image, ("red", "blue"))
        assert question.asked.split("\n") == [
            "What colour?",
            "(A) red",
            "(B) blue",
            "Answer with the option's letter from the given choices directly.",
        ]

    def test_no_choices_no_letters(self) -> None:
        """An open question is asked as it is."""
        assert Question("What colour?", Bench.set_up().scene.image).asked == "What colour?"

    def test_braces_in_a_question_are_left_alone(self) -> None:
        """Neither a question nor a choice can reach into the template."""
        asked = PromptProtocol(choosing="{question} | {options} {x} {").asked(
            "Is {options} {here}?", ("{question}", "{")
        )
        assert asked == "Is {options} {here}? | (A) {question}\n(B) { {x} {"

    def test_a_template_without_the_question_is_refused(self) -> None:
        """One sentence says where the question goes."""
        with pytest.raises(VisualcropError, match=r"has no \{question\}; write \{question\}"):
            PromptProtocol(choosing="Answer:")


class TestDigest:
    """What tells protocols apart."""

    def test_a_name_makes_no_difference(self) -> None:
        """The same under another name is the same."""
        assert PromptProtocol("a").digest == PromptProtocol("b").digest

    @pytest.mark.parametrize(
        "other",
        [
            PromptProtocol(choosing="{question}\n{options}"),
            PromptProtocol(option="{letter}. {option}"),
            PromptProtocol(between=" "),
            PromptProtocol(saying="{question} Briefly."),
            PromptProtocol(inference="letter-logits"),
            PromptProtocol(extraction="tolerant"),
            PromptProtocol(weigh="choices"),
            PromptProtocol(end_token=False),
        ],
    )
    def test_anything_else_does(self, other: PromptProtocol) -> None:
        """Each part of a protocol counts."""
        assert other.digest != PromptProtocol().digest

    def test_what_is_weighed_counts_where_something_is(self) -> None:
        """With `option-logits`; without it, digests are those of runs older than sentences."""
        assert PromptProtocol().digest == "ab702ef25ca9"
        assert PromptProtocol(inference="letter-logits").digest == "ef2d4b46b850"
        letters = PromptProtocol(inference="letter-logits", weigh="choices", end_token=False)
        assert letters.digest == PromptProtocol(inference="letter-logits").digest
        weighing = [
            PromptProtocol(inference="option-logits", **how)
            for how in ({}, {"weigh": "choices"}, {"weigh": "sentences"}, {"end_token": False})
        ]
        assert len({protocol.digest for protocol in weighing}) == 4
        assert "8a3285d12cc6" not in {protocol.digest for protocol in weighing}


@pytest.mark.parametrize(
    "given", [{"inference": "zz"}, {"extraction": "tolerantt"}, {"weigh": "a"}, {"end_token": 2}]
)
def test_words_are_known(given: Any) -> None:
    """One that is mistyped would read replies in another way without a word."""
    assert "take one of: " in refused(QuestionError, PromptProtocol, **given)
