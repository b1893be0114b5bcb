"""English that question and reply are taken apart with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop import Target
from visualcrop.targets.rules import has_pronoun, is_counting, make_targets


class TestIsCounting:
    """Whether a question asks how many."""

    @pytest.mark.parametrize(
        "question",
        [
            "How many bikes?",
            "What is the number of bikes?",
            "COUNT THE bikes",
            "total number of cars",
        ],
    )
    def test_yes(self, question: str) -> None:
        """Each way to ask for a number of things counts."""
        assert is_counting(question)

    @pytest.mark.parametrize(
        "question", ["What number is on the bus?", "Is the Count there?", "How manyfold is it?"]
    )
    def test_no(self, question: str) -> None:
        """A number that is written somewhere, or a nobleman, does not."""
        assert not is_counting(question)


class TestHasPronoun:
    """Whether a phrase points outside itself."""

    @pytest.mark.parametrize("phrase", ["his bag", "It", "the bag of someone", "this, here"])
    def test_yes(self, phrase: str) -> None:
        """A pronoun anywhere in it, in any case."""
        assert has_pronoun(phrase)

    @pytest.mark.parametrize("phrase", ["theory", "history book", "white dog"])
    def test_no(self, phrase: str) -> None:
        """A word that merely begins like one."""
        assert not has_pronoun(phrase)


class TestAsTargets:
    """Phrases become targets."""

    @pytest.mark.parametrize(
        ("phrase", "target"),
        [
            ("the  red\nmug.", Target("red mug")),
            ("and a mug", Target("mug")),
            ("An apple", Target("apple")),
            ('"mug"', Target("mug")),
            ('"the mug".', Target("mug")),
            ('mug"', Target("mug")),
            ('sign "OPEN"', Target('sign "OPEN"')),
            ('the "OPEN" sign.', Target('"OPEN" sign')),
            ('"IN" and "OUT"', Target('"IN" and "OUT"')),
            ("all mugs", Target("mugs", every=True)),
            ("All of the mugs", Target("mugs", every=True)),
            ("alloy wheel", Target("alloy wheel")),
            ("theatre", Target("theatre")),
        ],
    )
    def test_are_tidied(self, phrase: str, target: Target) -> None:
        """Articles, quotes around it, stops and spaces go; "all" becomes a wish for every one."""
        assert make_targets([phrase], limit=9) == (target,)

    @pytest.mark.parametrize("phrase", ["", " .", "the", "all", "x" * 81])
    def test_what_is_no_thing_is_left_out(self, phrase: str) -> None:
        """Nothing, mere punctuation, and whole sentences are no targets."""
        found = make_targets([phrase, "mug"], limit=9)
        assert found[-1] == Target("mug")
        assert all(target.text in {"the", "all", "mug"} for target in found)

    def test_each_comes_once(self) -> None:
        """In any case, the first one stays."""
        assert make_targets(["Mug", "mug", "the mug"], limit=9) == (Target("Mug"),)

    @given(st.lists(st.text()), st.integers(0, 5))
    def test_any_text_is_taken(self, phrases: list[str], limit: int) -> None:
        """Whatever a model says: at most so many targets, tidy, and none twice."""
        found = make_targets(phrases, limit=limit)
        assert len({target.text.lower() for target in found}) == len(found) <= limit
        assert all(target.text == " ".join(target.text.split()) != "" for target in found)
