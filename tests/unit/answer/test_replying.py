"""How the answer is read off the model."""

from __future__ import annotations

import attrs
import pytest

from tests.unit.saying import saying
from visualcrop import Question, View, reply
from visualcrop.answer.replying import Inference, asked, named_choice
from visualcrop.testing import Bench

_CHOICES = ("red", "dark blue", "4", "Red")


class TestReply:
    """Three ways to read an answer."""

    @pytest.mark.parametrize(
        ("inference", "passes"), [("generate", 1), ("letter-logits", 1), ("option-logits", 4)]
    )
    def test_reads_the_answer_off_a_clear_view(self, inference: Inference, passes: int) -> None:
        """Each way gives the right one of four choices, at its own price."""
        bench = Bench.set_up()
        view = View(bench.scene.image, bench.finding.box)
        answer = reply(bench.asked.question, [view], bench.model, inference)
        assert answer.choice is not None
        assert bench.asked.question.choices[answer.choice] == bench.asked.answer
        assert bench.ledger.passes == bench.toy.passes == passes
        assert answer.shown == (view,)

    @pytest.mark.parametrize("inference", ["generate", "letter-logits", "option-logits"])
    def test_without_choices_it_is_said(self, inference: Inference) -> None:
        """An open question is answered in words, whatever the way; spaces around them go."""
        model, toy = saying(" a red one \n")
        question = attrs.evolve(Bench.set_up().asked.question, choices=())
        answer = reply(question, [], model, inference, 7)
        assert (answer.text, answer.choice, toy.most) == ("a red one", None, [7])

    def test_what_it_says(self) -> None:
        """By letter the text is the letter; by option it is the option itself."""
        bench = Bench.set_up()
        view = View(bench.scene.image, bench.finding.box)
        texts = [reply(bench.asked.question, [view], bench.model, way).text for way in _WAYS]
        place = bench.asked.question.choices.index(bench.asked.answer)
        assert texts == ["ABCD"[place], "ABCD"[place], bench.asked.answer]

    def test_an_answer_that_is_no_choice(self) -> None:
        """The text stays as it was said, and no choice is made up for it."""
        question = Bench.set_up().asked.question
        answer = reply(question, [], saying("It may be A or B.")[0])
        assert (answer.text, answer.choice) == ("It may be A or B.", None)


_WAYS: tuple[Inference, ...] = ("generate", "letter-logits", "option-logits")


class TestAsked:
    """The question as the model reads it."""

    def test_choices_have_letters(self) -> None:
        """One line each, and an instruction to give the letter."""
        question = Question("What colour?", Bench.set_up().scene.image, ("red", "blue"))
        assert asked(question).split("\n") == [
            "What colour?",
            "(A) red",
            "(B) blue",
            "Answer with the option's letter from the given choices directly.",
        ]

    def test_no_choices_no_letters(self) -> None:
        """An open question is asked as it is."""
        assert asked(Question("What colour?", Bench.set_up().scene.image)) == "What colour?"


class TestNamedChoice:
    """Which choice a text is."""

    @pytest.mark.parametrize(
        ("text", "choice"),
        [
            ("A", 0),
            ("(B)", 1),
            ("C.", 2),
            (" D:\n", 3),
            ("(B", 1),
            ("dark blue", 1),
            ("Dark Blue.", 1),
            ("4", 2),
            ("red", None),  # two choices read so
            ("E", None),
            ("b", None),
            ("(B) dark blue", None),
            ("A or B", None),
            ("AB", None),
            ("blue", None),
            ("", None),
            ("().", None),
        ],
    )
    def test_by_letter_or_by_words(self, text: str, choice: int | None) -> None:
        """A letter alone or a choice's own words, and nothing that has to be guessed."""
        assert named_choice(text, _CHOICES) == choice

    def test_letters_come_first(self) -> None:
        """Where a choice reads like another's letter, the letter is meant."""
        assert named_choice("B", ("B", "A")) == 1

    def test_without_choices(self) -> None:
        """Nothing can be named."""
        assert named_choice("A", ()) is None
