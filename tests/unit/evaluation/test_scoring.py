"""How right an answer is."""

from __future__ import annotations

from typing import Any

import pytest

from visualcrop import Answer, Box, Evidence, Finding, Sample, Target
from visualcrop.evaluation.scoring import measure_recall, plain_words, score_answer
from visualcrop.models.toy.dataset import SceneSource
from visualcrop.plugin import TargetBox


def _sample(**about: Any) -> Sample:
    return Sample("1", SceneSource(0), "What?", **about)


class TestScored:
    """From 0 to 1, or none."""

    @pytest.mark.parametrize(("choice", "score"), [(1, 1.0), (0, 0.0), (None, None)])
    def test_a_choice(self, choice: int | None, score: float | None) -> None:
        """Right, wrong, or not to be told."""
        sample = _sample(choices=("a", "b"), answer=1)
        assert score_answer(sample, Answer("x", choice)) == score

    @pytest.mark.parametrize(
        ("text", "score"), [("A red one.", 1), ("red one", 1), ("RED ONE", 1), ("red", 0), ("", 0)]
    )
    def test_words(self, text: str, score: float) -> None:
        """Small letters, no punctuation, no articles; nothing less than all words."""
        assert score_answer(_sample(answer=("the red one", "crimson")), Answer(text)) == score

    @pytest.mark.parametrize(("text", "score"), [("dog", 1), ("cat", 2 / 3), ("cow", 0)])
    def test_ten_people(self, text: str, score: float) -> None:
        """Three of them have to agree for full marks."""
        said = ("dog",) * 8 + ("cat",) * 2
        assert score_answer(_sample(answer=said), Answer(text)) == pytest.approx(score)

    @pytest.mark.parametrize(
        ("text", "score"),
        [("The dog is white.", 1), ("White", 1), ("the dog is WHITE", 1), ("It is white.", 0)],
    )
    def test_a_sentence(self, text: str, score: float) -> None:
        """The right option's own words or its sentence, as C.2 compares with the sentence."""
        sentences = ("The dog is black.", "The dog is white.")
        asked = _sample(choices=("black", "white"), answer=1, sentences=sentences)
        assert score_answer(asked.without_choices(), Answer(text)) == score
        assert score_answer(asked.without_choices(), Answer("The dog is black.")) == 0

    def test_an_article_alone_is_a_word(self) -> None:
        """The answer A is not stripped to nothing."""
        assert plain_words("A") == "a"


class TestRecall:
    """Whether the search looked at the right place."""

    def test_covering_half_is_enough(self) -> None:
        """Of two true boxes, one is covered and one is not."""
        first, second = Box(0, 0, 10, 10), Box(50, 50, 60, 60)
        sample = _sample(answer=("x",), targets=(TargetBox("a", first), TargetBox("b", second)))
        seen = Evidence(Target("a"), (Finding(Target("a"), Box(0, 0, 6, 100), 1.0, 0.5),))
        found = measure_recall(sample, Answer("x", evidence=(seen,)))
        assert (found["recall"], found["covered"], found["boxes"]) == (0.5, 1, 2)
        assert found["cover"] == pytest.approx(0.3)
        assert found["iou"] == pytest.approx(60 / (600 + 100 - 60) / 2)

    def test_what_was_only_proposed_does_not_count(self) -> None:
        """A box has to be checked, or shown for the answer."""
        sample = _sample(answer=("x",), targets=(TargetBox("a", Box(0, 0, 10, 10)),))
        finding = Finding(Target("a"), Box(0, 0, 10, 10))
        proposed = Answer("x", evidence=(Evidence(Target("a"), (finding,)),))
        shown = Answer("x", findings=(finding,))
        assert measure_recall(sample, proposed)["recall"] == 0
        assert measure_recall(sample, shown)["recall"] == 1

    def test_unknown_boxes_are_not_measured(self) -> None:
        """Nothing is said rather than nought."""
        assert measure_recall(_sample(answer=("x",)), Answer("x")) == {}
