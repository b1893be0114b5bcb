"""The nouns that travel down the pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.mangled import picture
from tests.unit.refusals import refused
from visualcrop import Answer, Box, Finding, Image, Question, Target, View
from visualcrop.errors import QuestionError

_IMAGE = Image.open(picture())


class TestQuestion:
    """Words about an image."""

    @pytest.mark.parametrize("text", ["", " \n", None])
    def test_has_words(self, text: Any) -> None:
        """A blank question is refused."""
        message = refused(QuestionError, Question, text, _IMAGE)
        assert message == "The question is empty; ask something about the image."

    @pytest.mark.parametrize("count", [1, 27])
    def test_has_none_or_some_choices(self, count: int) -> None:
        """One choice is none, and there are 26 letters."""
        message = refused(QuestionError, Question, "Who?", _IMAGE, ("a",) * count)
        assert message == f"A question has no choices or 2 to 26, not {count}."

    @pytest.mark.parametrize("count", [0, 2, 26])
    def test_takes_the_ends(self, count: int) -> None:
        """None, two and 26 choices are fine."""
        assert len(Question("Who?", _IMAGE, ("a",) * count).choices) == count

    @pytest.mark.parametrize("choices", ["red", {"red": 1, "blue": 2}, {"red"}, [1, 2], None])
    def test_choices_are_listed_texts(self, choices: Any) -> None:
        """A text is no list of its letters, and what has no order has no letters."""
        message = refused(QuestionError, Question, "Who?", _IMAGE, choices)
        told = 'which is no list of texts; give, say, ["red", "blue"].'
        assert message == f"The choices are {choices!r}, {told}"
        assert Question("Who?", _IMAGE, ["red", "blue"]).choices == ("red", "blue")

    @pytest.mark.parametrize("choices", [["red", "red"], ["red", " "], ["red", "red "]])
    def test_a_user_does_not_repeat_a_choice(self, choices: list[str]) -> None:
        """Equal or empty choices are a user's mistake; a dataset's are asked as they are."""
        message = refused(QuestionError, Question.of, "Who?", _IMAGE, choices)
        assert message == f"The choices are {choices}; give each a text of its own."
        assert Question("Who?", _IMAGE, choices).choices == tuple(choices)


class TestView:
    """The part of an image that the model is shown."""

    def test_shows_its_box(self) -> None:
        """The picture of a view is the crop of its box; the whole view's is the image."""
        assert View(_IMAGE, Box(1, 2, 11, 7)).picture.size == (10, 5)
        assert View.whole(_IMAGE).picture is _IMAGE.picture

    def test_equal_by_pixels_and_box(self) -> None:
        """Two images of one size are two views; the same one twice is one."""
        other = Image.open(np.zeros((32, 48, 3), np.uint8))
        assert View.whole(_IMAGE) == View.whole(Image.open(picture()))
        assert View.whole(_IMAGE) != View.whole(other)


class TestAnswer:
    """The text and what it rests on."""

    @pytest.mark.parametrize(
        ("confidences", "found"),
        [((), False), ((None,), False), ((0.0, -0.5), False), ((None, 0.1), True)],
    )
    def test_found_means_believed(self, confidences: tuple[float | None, ...], found: bool) -> None:
        """Something is found when the model says yes to one of the findings; unchecked is not."""
        box = Box(0, 0, 1, 1)
        findings = tuple(Finding(Target("mug"), box, 1.0, c) for c in confidences)
        assert Answer("red", findings=findings).found is found
