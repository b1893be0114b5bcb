"""What is asked, and what is made of it."""

from __future__ import annotations

import itertools

import pytest

from visualcrop import Target
from visualcrop_zoomeye.constants import FAMILIES, FamilyName
from visualcrop_zoomeye.prompts import fill_question
from visualcrop_zoomeye.question_search import QuestionSearch, SearchOptions
from visualcrop_zoomeye.tree import Node


def ladder(family: FamilyName, *, authors: bool) -> list[float]:
    """Thresholds as they fall, to the first that ends the search."""
    schedule = FAMILIES[family].schedule
    fall = schedule.start(3, authors=authors)
    falls = iter(fall.fall, None)
    kept = list(itertools.takewhile(lambda at: at >= schedule.lower, falls))
    return [*kept, fall.value]


class TestPrompts:
    """Letter by letter."""

    def test_existence(self) -> None:
        """The crop alone is called the image."""
        assert fill_question("existence", "local", "mug") == (
            "Is there a mug in the image? Answer Yes or No."
        )
        assert fill_question("existence", "global", "mug") == fill_question(
            "existence", "local", "mug"
        )
        assert fill_question("existence", "zoom", "mug") == (
            "Is there a mug in the zoomed-in view? Answer Yes or No."
        )

    def test_latent(self) -> None:
        """Three texts for three ways of showing."""
        assert fill_question("latent", "local", "mug") == (
            "According to your common sense knowledge and the content of the image, is it possible "
            "to find a mug in the image? Answer Yes or No and tell the reason."
        )
        assert fill_question("latent", "global", "mug") == (
            "According to your common sense knowledge and the content of image, is it possible to "
            "find a mug by further zooming in the image? Answer Yes or No and tell the reason."
        )
        assert fill_question("latent", "zoom", "mug") == (
            "According to your common sense knowledge and the content of the zoomed-in view, along "
            "with its location in the image, is it possible to find a mug by further zooming in "
            "the current view? Answer Yes or No and tell the reason."
        )

    def test_answering(self) -> None:
        """The second *the* is the authors'; a brace in the question stays as it is."""
        assert fill_question("answering", "zoom", "Is {} red?") == (
            "Question: Is {} red?\nCould you answer the question based on the the available visual "
            "information? Answer Yes or No."
        )


class Unseen:
    """Sees the target nowhere."""

    def score_existence(self, node: Node) -> float:
        return -1.0


class TestSingular:
    @pytest.mark.parametrize(
        ("things", "mended", "authors"),
        [("cars", "car", "car"), ("red dishes", "red dish", "red dishe"), ("men", "man", "men")],
    )
    def test_of_all_things_one_is_asked_for(self, things, mended, authors):
        """By its singular; the authors cut off an s."""
        asked = []

        def scorer_for(cue, question):
            asked.append(cue)
            return Unseen()

        for quirks in (False, True):
            options = SearchOptions(FAMILIES["llava"], authors=quirks)
            root = Node.root((700, 500), 336, 4)
            search = QuestionSearch(options, root, "How many?", scorer_for, lambda _: None)
            search.run([Target(things, every=True)])
            assert search.shown == ()
        assert asked == [mended, authors]


class TestSchedule:
    @pytest.mark.parametrize(
        ("family", "authors", "mended"),
        [
            ("llava", [0.5, 0.4, 0.2, 0.0, -0.2], [0.5, 0.4, 0.2, 0.0, -0.2]),
            ("internvl", [0.1, 0.0, -0.2, -0.4], [0.1, 0.0, -0.2, -0.4]),
            ("qwen2-5-vl", [0.9, 0.8, 0.6, 0.4, 0.2, 0.0], [0.9, 0.8, 0.6, 0.4, 0.2, 0.0, -0.2]),
        ],
    )
    def test_falls_as_published(self, family, authors, mended) -> None:
        """To the first threshold that ends the search."""
        assert ladder(family, authors=True) == pytest.approx(authors)
        assert ladder(family, authors=False) == pytest.approx(mended)
        assert (
            ladder("qwen2-5-vl", authors=True)[-1] < 0
        )  # by rounding: as the authors' code has it
