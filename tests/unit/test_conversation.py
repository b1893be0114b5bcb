"""Chats as questions: what is searched, what is asked, and what is read before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.refusals import refused
from visualcrop import Image, Question, Turn, View, read_conversation
from visualcrop.errors import QuestionError
from visualcrop.testing import Scene

_FIRST, _SECOND, _THIRD = (Scene.draw(seed).image for seed in range(3))
_MUG = "What colour is the mug?"


def _seen(question: Question) -> list[str | Image]:
    """The context, with the images that are shown whole."""
    for part in question.context:
        assert isinstance(part, str) or part == View.whole(part.image)
    return [part if isinstance(part, str) else part.image for part in question.context]


class TestOneTurn:
    """A user's turn alone, as harnesses send it."""

    @pytest.mark.parametrize("parts", [[_FIRST, _MUG], [_MUG, _FIRST]])
    def test_a_picture_and_a_text(self, parts: list[Any]) -> None:
        """In either order, nothing is left for the context."""
        question = read_conversation([Turn("user", parts)])
        assert (question.image, question.text, question.choices) == (_FIRST, _MUG, ())
        assert question.context == ()
        assert question.asked == _MUG

    def test_choices_are_found(self) -> None:
        """The question is what the prompt asks; the model reads the prompt."""
        prompt = f"{_MUG}\nA. red\nB. blue\nAnswer with the letter."
        question = read_conversation([Turn("user", [_FIRST, prompt])])
        assert (question.text, question.choices) == (_MUG, ("red", "blue"))
        assert question.asked == prompt

    def test_the_last_picture_is_searched(self) -> None:
        """The others are shown before it, with the texts between them."""
        question = read_conversation([Turn("user", [_FIRST, "and", _SECOND, "or", _THIRD, _MUG])])
        assert question.image == _THIRD
        assert _seen(question) == [_FIRST, "and", _SECOND, "or"]

    def test_texts_that_follow_each_other_are_one(self) -> None:
        """Clients split a prompt into parts; blank ones say nothing."""
        question = read_conversation([Turn("user", [_FIRST, " ", _MUG, "A. red", "B. blue"])])
        assert (question.text.strip(), question.choices) == (_MUG, ("red", "blue"))
        assert question.context == ()

    def test_the_same_picture_twice(self) -> None:
        """Only its last place is taken by the search."""
        question = read_conversation([Turn("user", [_FIRST, "again:", _FIRST, _MUG])])
        assert (question.image, _seen(question)) == (_FIRST, [_FIRST, "again:"])


class TestSeveralTurns:
    """A chat."""

    def test_a_system_text_is_context(self) -> None:
        """As it is."""
        turns = [Turn("system", ["Be brief."]), Turn("user", [_FIRST, _MUG])]
        assert read_conversation(turns).context == ("Be brief.",)

    def test_earlier_turns_are_context(self) -> None:
        """With who said what; a follow-up is about the last picture."""
        question = read_conversation(
            [
                Turn("system", ["Be brief."]),
                Turn("user", [_FIRST, "What is this?"]),
                Turn("assistant", ["A shelf."]),
                Turn("user", [_SECOND, "And this?"]),
                Turn("assistant", ["Another."]),
                Turn("user", ["Compare them.", "Which mug is red?"]),
            ]
        )
        assert (question.image, question.text) == (_SECOND, "Compare them.\nWhich mug is red?")
        assert _seen(question) == [
            "Be brief.",
            _FIRST,
            "User: What is this?",
            "Assistant: A shelf.",
            "User: And this?",
            "Assistant: Another.",
        ]

    def test_a_picture_may_follow_its_question(self) -> None:
        """In a turn of its own, without a word."""
        turns = [Turn("user", [_MUG]), Turn("assistant", ["Show me."]), Turn("user", [_FIRST])]
        question = read_conversation(turns)
        assert (question.image, question.text) == (_FIRST, _MUG)
        assert question.context == ("Assistant: Show me.",)

    def test_equal_turns_are_told_apart(self) -> None:
        """Who asks again what was asked before has asked before."""
        asks, replies = Turn("user", [_FIRST, _MUG]), Turn("assistant", ["Red."])
        question = read_conversation([asks, replies, asks, replies, asks])
        assert _seen(question) == [_FIRST, f"User: {_MUG}", "Assistant: Red."] * 2


class TestRefusals:
    """One sentence says what is missing."""

    @pytest.mark.parametrize(
        "turns",
        [
            [],
            [Turn("system", ["Be brief."])],
            [Turn("user", [_FIRST, _MUG]), Turn("assistant", ["Red."])],
        ],
    )
    def test_the_user_asks_last(self, turns: list[Turn]) -> None:
        """An answer that is to be continued is no question."""
        assert "end it with a turn of the user" in refused(QuestionError, read_conversation, turns)

    @pytest.mark.parametrize("turn", [{"role": "user", "content": _MUG}, _MUG, None])
    def test_turns_are_turns(self, turn: Any) -> None:
        """Messages as an OpenAI client has them are not, wherever they stand."""
        for turns in ([turn], [turn, Turn("user", [_FIRST, _MUG])]):
            assert "give a Turn" in refused(QuestionError, read_conversation, turns)

    @pytest.mark.parametrize("parts", [[_MUG], []])
    def test_a_picture_is_needed(self, parts: list[Any]) -> None:
        """From the user: an assistant's is not searched."""
        turns = [Turn("assistant", [_FIRST]), Turn("user", parts)]
        assert "has no picture" in refused(QuestionError, read_conversation, turns)

    @pytest.mark.parametrize("parts", [[_FIRST], [_FIRST, " \n"]])
    def test_a_question_is_needed(self, parts: list[Any]) -> None:
        """A system text asks nothing."""
        turns = [Turn("system", [_MUG]), Turn("user", parts)]
        assert "has no question" in refused(QuestionError, read_conversation, turns)

    def test_a_text_without_an_end_is_refused(self) -> None:
        """By the question's own limit."""
        turns = [Turn("user", [_FIRST, "x" * 20_001])]
        assert "over the limit" in refused(QuestionError, read_conversation, turns)

    @pytest.mark.parametrize("role", ["tool", "", None, ["user"]])
    def test_roles_are_known(self, role: Any) -> None:
        """Others have no place in a prompt."""
        assert "give one of: system, user, assistant" in refused(QuestionError, Turn, role, [_MUG])

    @pytest.mark.parametrize("parts", [_MUG, b"x", None, 3, [3], [b"x"], [None]])
    def test_parts_are_texts_and_pictures(self, parts: Any) -> None:
        """Anything else is not guessed at."""
        assert "of a turn" in refused(QuestionError, Turn, "user", parts)
