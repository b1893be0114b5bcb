"""The model itself says what to look for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.saying import saying
from visualcrop import Question, Target
from visualcrop.targets.in_context import InContext, parse_reply, read_examples
from visualcrop.testing import Bench

_FIXED = "So I need the information about the following objects:"
_BOY = (
    "To answer the question, I need know the location of the boy with a bag so that I can "
    "determine the color of the bag."
)
# What the published implementation reads out of replies (ZoomEye at 6762d79).
_GOLDEN = [
    (f"{_BOY} {_FIXED} boy with a bag.", ["boy with a bag"]),
    (f"{_FIXED} white car and yellow car.", ["white car", "yellow car"]),
    (f"{_FIXED} all cars.", ["all cars"]),
    (f"{_FIXED} red sign, dog and black board", ["red sign", "dog", "black board"]),
    ("I cannot tell.", []),
]


def _asked(text: str) -> Question:
    return Question(text, Bench.set_up().scene.image)


def _named(reply: str, question: str = "What is it?", **options: object) -> list[Target]:
    model, _ = saying(f"{_FIXED} {reply}")
    return list(InContext(**options).extract(_asked(question), model))  # type: ignore[arg-type]


class TestReadReply:
    """The grammar of replies."""

    @pytest.mark.parametrize(("reply", "targets"), _GOLDEN)
    def test_golden(self, reply: str, targets: list[str]) -> None:
        """Phrases are those of the published implementation."""
        assert parse_reply(reply) == targets

    def test_one_line_only(self) -> None:
        """What the model rambles on about is not read."""
        assert parse_reply(f"Well.\n{_FIXED} dog.\nQuestion: and cat, mouse?") == ["dog"]


class TestExtract:
    """From question to targets."""

    def test_costs_one_pass_of_text(self) -> None:
        """One request without any view, the examples before the question."""
        model, toy = saying("I cannot tell.")
        InContext(examples="vstar", max_new_tokens=99).extract(_asked("Who is {question}?"), model)
        (prompt,) = toy.asked
        shown = read_examples("vstar")
        assert (toy.passes, toy.most, prompt.views) == (1, [99], ())
        assert prompt.text.startswith("Question: Who is {question}?\nIf you want to answer")
        assert [reply for _, reply in prompt.examples] == [reply for _, reply in shown]
        assert all(q in asked for (q, _), (asked, _) in zip(shown, prompt.examples, strict=True))

    def test_on_the_toy(self) -> None:
        """A question about a thing names it; about two, both; how many, all of them."""
        bench = Bench.set_up()
        found = [InContext().extract(a.question, bench.model) for a in bench.scene.questions]
        first, second, third = (bench.scene.things[index].kind for index in range(3))
        assert found[:2] == [(Target(first),), (Target(first), Target(second))]
        assert found[2][0].every
        assert found[2][0].text.startswith(third)

    def test_all_means_every(self) -> None:
        """Phrases that begin with "all" want every instance, and lose the word."""
        assert _named("all of the cars and dog.") == [Target("cars", every=True), Target("dog")]

    def test_counting_falls_back_on_the_question(self) -> None:
        """Where the reply is no use, a question of how many names its own targets."""
        model, _ = saying("Many.")
        found = InContext().extract(_asked("How many red bikes are in the image?"), model)
        assert found == (Target("red bikes", every=True),)

    def test_other_questions_do_not(self) -> None:
        """Where the reply is no use, any other question has no targets."""
        model, _ = saying("A red one.")
        assert InContext().extract(_asked("What colour is the bike?"), model) == ()

    def test_pronouns_are_left_out(self) -> None:
        """Who "he" is, only the whole sentence knows; an option keeps him."""
        reply = "man, his bag, Them and theory."
        assert _named(reply) == [Target("man"), Target("theory")]
        everything = [Target(text) for text in ("man", "his bag", "Them", "theory")]
        assert _named(reply, pronouns=True) == everything

    def test_a_pronoun_alone_may_fall_back(self) -> None:
        """A counting question whose reply has nothing but pronouns falls back, too."""
        assert _named("them.", "How many cars?") == [Target("cars", every=True)]

    def test_limit(self) -> None:
        """At most so many targets, the first ones."""
        reply = f"{', '.join('abcdefghijkl')}."
        assert len(_named(reply)) == 8
        assert _named(reply, limit=2) == [Target("a"), Target("b")]

    def test_examples_of_a_file(self, tmp_path: Path) -> None:
        """A file's pairs take the place of the shipped ones."""
        path = tmp_path / "mine.json"
        path.write_text(json.dumps([{"question": "Who?", "reply": "Him."}]), encoding="utf-8")
        model, toy = saying("")
        InContext(examples=str(path)).extract(_asked("Why?"), model)
        ((question, reply),) = toy.asked[0].examples
        assert question.startswith("Question: Who?\n")
        assert reply == "Him."
