"""The nouns that travel down the pipeline."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.support.mangled import picture
from tests.support.refusals import refused
from visualcrop import (
    Answer,
    Box,
    Evidence,
    Finding,
    Grid,
    Image,
    Proposal,
    Question,
    RelevanceMap,
    Target,
    View,
)
from visualcrop.errors import GeometryError, QuestionError, ResultError

_IMAGE = Image.open(picture())


class TestQuestion:
    """Words about an image."""

    @pytest.mark.parametrize("text", ["", " \n", None])
    def test_has_words(self, text: Any) -> None:
        """A blank question is refused."""
        message = refused(QuestionError, Question, text, _IMAGE)
        assert message == "The question is empty; ask something about the image."

    @pytest.mark.parametrize("parts", [("a\ud800?",), ("a?", ("\udcff", "b"))])
    def test_can_be_written(self, parts: Any) -> None:
        """Bytes that are no text, as a terminal may give them, are refused."""
        assert "no UTF-8" in refused(QuestionError, Question, parts[0], _IMAGE, *parts[1:])

    @pytest.mark.parametrize("count", [1, 27])
    def test_has_none_or_some_choices(self, count: int) -> None:
        """One choice is none, and there are 26 letters."""
        message = refused(QuestionError, Question, "Who?", _IMAGE, ("a",) * count)
        assert message == f"A question has no choices or 2 to 26, not {count}."

    @pytest.mark.parametrize("count", [0, 2, 26])
    def test_takes_the_ends(self, count: int) -> None:
        """None, two and 26 choices are fine."""
        assert len(Question("Who?", _IMAGE, ("a",) * count).choices) == count

    def test_has_a_sentence_for_each_choice_or_none(self) -> None:
        """One too few, or a text in place of a list, is refused; they count in its length."""
        ask = partial(Question, "Who?", _IMAGE, ("a", "b"))
        assert ask(sentences=["It is a.", "It is b."]).sentences == ("It is a.", "It is b.")
        message = refused(QuestionError, ask, sentences=("It is a.",))
        assert message == "A question with 2 choices has a sentence for each or none, not 1."
        told = refused(QuestionError, ask, sentences="It is a.")
        assert told.startswith("The sentences are 'It is a.', which is no list of texts")
        assert "over the limit" in refused(QuestionError, ask, sentences=("a" * 20_000, "b"))
        assert "no UTF-8" in refused(QuestionError, ask, sentences=("\udcff", "b"))

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

    @pytest.mark.parametrize(
        ("choice", "probabilities", "confidence"),
        [(1, (0.75, 0.25), 0.25), (None, (0.75, 0.25), None), (1, (), None), (None, (), None)],
    )
    def test_confidence_is_the_chosen_ones(
        self, choice: int | None, probabilities: tuple[float, ...], confidence: float | None
    ) -> None:
        """Even of a choice that is not the likeliest; without a choice or numbers, unknown."""
        assert Answer("B", choice, probabilities=probabilities).confidence == confidence

    def test_equality_does_not_consider_probabilities(self) -> None:
        """They are rounded differently from batch to batch; the notebook's caption has them."""
        sure, unsure = (Answer("B", 1, probabilities=(1 - p, p)) for p in (0.75, 0.25))
        assert sure == unsure
        assert sure._repr_html_() == "<p>B<br>sure to 0.75<br>asked of the whole image</p>"

    def test_numbers_of_numpy_become_pythons(self) -> None:
        """So that an answer can be written down, whoever counted."""
        one: Any = np.int64(1)
        found = Answer("red", one, counts={"looks": one}, passes={"a": 1})
        assert (found.choice, type(found.choice)) == (1, int)
        assert type(found.counts["looks"]) is int

    @pytest.mark.parametrize(
        "parts",
        [
            {"text": b"red"},
            {"text": None},
            {"choice": 1.0},
            {"choice": "1"},
            {"choice": True},
            {"choice": -1},
            {"findings": "mug"},
            {"findings": [Box(0, 0, 1, 1)]},
            {"shown": [_IMAGE]},
            {"evidence": [Target("mug")]},
            {"probabilities": (0.5, 0.4)},
            {"probabilities": (1.5, -0.5)},
            {"probabilities": (float("nan"), 1.0)},
            {"probabilities": "half"},
            {"probabilities": 1.0},
            {"passes": {"answer": 1.5}},
            {"passes": [("answer", 1)]},
            {"counts": {"looks": "3"}},
            {"counts": {3: 3}},
        ],
    )
    def test_refuses_what_is_none(self, parts: dict[str, Any]) -> None:
        """Each part is of its type, or one sentence says what it is."""
        refused(ResultError, lambda: Answer(**{"text": "red", **parts}))


_BOX, _MUG = Box(0, 0, 1, 1), Target("mug")


class TestFound:
    """Findings, proposals and evidence are right where they are made."""

    @pytest.mark.parametrize("confidence", [float("nan"), float("inf"), 1.01, -1.01, "1", True])
    def test_confidence_has_bounds(self, confidence: Any) -> None:
        """From -1 to 1, or none; nan would hide every other beside it."""
        told = refused(ResultError, Finding, _MUG, _BOX, 0.0, confidence)
        assert told.startswith("The confidence of a box is ")

    def test_takes_the_ends(self) -> None:
        """Both ends, none, and a number of numpy, which becomes Python's."""
        given: list[Any] = [-1, 1, None, np.float32(0.5)]
        kept = [Finding(_MUG, _BOX, 0, confidence).confidence for confidence in given]
        assert kept == [-1.0, 1.0, None, 0.5]
        assert [type(c) for c in kept] == [float, float, type(None), float]

    @pytest.mark.parametrize("score", [float("nan"), float("-inf"), None, "high"])
    def test_scores_are_finite(self, score: Any) -> None:
        """Of findings and of proposals."""
        refused(ResultError, Finding, _MUG, _BOX, score)
        refused(ResultError, Proposal, _BOX, score)

    @pytest.mark.parametrize(
        ("cls", "parts"),
        [
            (Finding, ("mug", _BOX)),
            (Finding, (_MUG, (0, 0, 1, 1))),
            (Proposal, ((0, 0, 1, 1), 1.0)),
            (View, (np.zeros((4, 4, 3)), _BOX)),
            (View, (_IMAGE, (0, 0, 1, 1))),
            (Target, (3,)),
            (Target, ("\ud800",)),
            (Evidence, ("mug",)),
            (Evidence, (_MUG, [_BOX])),
            (Evidence, (_MUG, (), np.zeros((2, 2)))),
            (RelevanceMap, ((2, 2), np.zeros((2, 2)))),
        ],
    )
    def test_parts_have_their_types(self, cls: Any, parts: tuple[Any, ...]) -> None:
        """A text is no target, and a tuple no box."""
        refused(ResultError, cls, *parts)


class TestPlaces:
    """Boxes and grids are made of numbers."""

    def test_of_python(self) -> None:
        """Numbers of numpy are kept as Python's, whole ones as whole ones."""
        given: list[Any] = [np.int64(1), np.float32(2), 3, 4.5]
        box = Box(*given)
        assert [type(side) for side in (box.left, box.top, box.right, box.bottom)] == [
            int,
            float,
            int,
            float,
        ]
        assert hash(Grid([0, 1], np.array([0.0, 2.0]))) == hash(Grid((0, 1), (0.0, 2.0)))

    @pytest.mark.parametrize("side", ["1", None, True, [1]])
    def test_of_nothing_else(self, side: Any) -> None:
        """What is no number is refused."""
        refused(GeometryError, Box, 0, 0, side, 1)
        refused(GeometryError, Grid, (0, side), (0, 1))

    def test_ends_are_finite(self) -> None:
        """A grid does not go on for ever."""
        refused(GeometryError, Grid, (0, float("inf")), (0, 1))

    @pytest.mark.parametrize(
        ("box", "inside"),
        [
            (Box(0, 0, 10, 10), True),
            (Box(-0.5, 0, 10.5, 10), True),
            (Box(-2, 0, 5, 5), False),
            (Box(0, 0, 10, 12), False),
            (Box(10.2, 0, 10.8, 5), False),
        ],
    )
    def test_lies_in(self, box: Box, inside: bool) -> None:
        """But for a pixel lost by rounding; what only touches from outside does not."""
        assert box.lies_in(Box(0, 0, 10, 10)) is inside
