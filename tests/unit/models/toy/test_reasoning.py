"""What the toy model says, from what it can name."""

from __future__ import annotations

import pytest

from visualcrop import Prompt, Question, View
from visualcrop.models.toy.replies import answer_in_words, confidence, extract_targets, reply
from visualcrop.testing import Bench

_SIDE = 144


def _close(bench: Bench, index: int) -> View:
    """A view of that thing alone."""
    left, top, right, bottom = bench.scene.things[index].box.whole_pixels()
    image = bench.scene.image
    box = image.box.common(type(image.box)(left - 40, top - 40, right + 40, bottom + 40))
    return View(image, box or image.box)


class TestNamedTargets:
    """A reply to text alone."""

    def test_names_things_by_the_grammar(self) -> None:
        """Of the last question, with colours, and "all" where it asks how many."""
        said = extract_targets("Question: A key?\nQuestion: Is the red mug by the coin?\nWhat?")
        assert said.endswith("the following objects: red mug and coin.")
        assert extract_targets("Question: How many keys?").endswith("objects: all key.")

    def test_knows_what_it_does_not_know(self) -> None:
        """A question about nothing in its world gets no names."""
        assert extract_targets("Question: Why?") == "I cannot tell."


class TestConclusion:
    """An answer in words."""

    def test_reads_a_colour(self) -> None:
        """Close by, the colour; from afar, it is unsure."""
        bench = Bench.set_up()
        question = f"What colour is the {bench.target.text}?"
        near = Prompt((_close(bench, 0), question))
        assert answer_in_words(near, _SIDE) == bench.asked.answer
        assert answer_in_words(Prompt((bench.whole, question)), _SIDE) == "unsure"

    def test_counts_over_views(self) -> None:
        """Things of a kind in several views are added up."""
        bench = Bench.set_up()
        kind, count = bench.scene.things[2].kind, int(bench.scene.questions[2].answer)
        same = [i for i, thing in enumerate(bench.scene.things) if thing.kind == kind]
        views = [_close(bench, index) for index in same]
        assert answer_in_words(Prompt((bench.whole, *views, f"How many {kind}s?")), _SIDE) == str(
            count
        )

    def test_tells_sides_from_words(self) -> None:
        """Two things in two views have sides if their places are told."""
        bench = Bench.set_up()
        one, other = (bench.scene.things[index].kind for index in (0, 1))
        parts = (
            f"The part at [0.70, 0.10, 0.80, 0.20] with the {one}:",
            _close(bench, 0),
            f"The part at [0.10, 0.10, 0.20, 0.20] with the {other}:",
            _close(bench, 1),
        )
        question = f"Is the {one} to the left or to the right of the {other}?"
        assert answer_in_words(Prompt((*parts, question)), _SIDE) == "right"
        assert answer_in_words(Prompt((*parts[1::2], question)), _SIDE) == "unsure"

    def test_says_whether_it_is_there(self) -> None:
        """Yes or no, by kind and by colour."""
        bench = Bench.set_up()
        thing, view = bench.scene.things[0], _close(bench, 0)
        other = "red" if thing.colour != "red" else "blue"
        said = [
            answer_in_words(Prompt((view, f"Is there a {named}?")), _SIDE)
            for named in (thing.kind, f"{thing.colour} {thing.kind}", f"{other} {thing.kind}")
        ]
        assert said == ["yes", "yes", "no"]


class TestReply:
    """A letter where letters are asked for."""

    def test_gives_the_letter(self) -> None:
        """Of the choice that it sees."""
        bench = Bench.set_up()
        question = bench.asked.question
        said = reply(Prompt((_close(bench, 0), question.asked)), _SIDE)
        assert question.choices["ABCD".index(said)] == bench.asked.answer

    def test_guesses_the_same_every_time(self) -> None:
        """What it cannot see it guesses: as often each letter, and always the same for one view."""
        bench = Bench.set_up()
        texts = [f"What colour is the mug, number {i}?" for i in range(60)]
        choices = ("red", "blue", "green", "black")
        questions = [Question(text, bench.scene.image, choices).asked for text in texts]
        said = [reply(Prompt((bench.whole, question)), _SIDE) for question in questions]
        assert said == [reply(Prompt((bench.whole, question)), _SIDE) for question in questions]
        assert all(5 < said.count(letter) < 30 for letter in "ABCD")


class TestConfidence:
    """Log odds that a thing is there."""

    @pytest.mark.parametrize("seed", range(3))
    def test_rises_with_size(self, seed: int) -> None:
        """Clear close by, doubtful in a half, denied in the whole image."""
        bench = Bench.set_up(seed)
        text = f"Is there a {bench.target.text} in the image?"
        afar, near = (confidence([v], text, _SIDE) for v in (bench.whole, _close(bench, 0)))
        assert afar == -3
        assert near > 3
