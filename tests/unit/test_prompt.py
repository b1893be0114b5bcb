"""Text and views in reading order, with the words that are wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.mangled import picture
from visualcrop import Box, Image, Prompt, View
from visualcrop.models import TextSpan

_WHOLE = View.whole(Image.open(picture()))
_words = st.text(max_size=12)


class TestFill:
    """Blanks are filled and remembered."""

    def test_marks_where_the_word_landed(self) -> None:
        """The mark names the blank, the part and the characters."""
        prompt = Prompt.fill(_WHOLE, "Is there a {target} in it?", target="red mug")
        assert prompt.parts == (_WHOLE, "Is there a red mug in it?")
        assert prompt.spans == (TextSpan("target", 1, 11, 18),)

    @given(_words, _words)
    def test_marks_hold_the_words(self, one: str, other: str) -> None:
        """Whatever is filled in, each mark's characters are the word; braces in it mean nothing."""
        prompt = Prompt.fill("{a} and {b}, {a}", "{b}", a=one, b=other)
        texts = [str(part) for part in prompt.parts]
        held = [(m.name, texts[m.part][m.start : m.stop]) for m in prompt.spans]
        assert held == [("a", one), ("b", other), ("a", one), ("b", other)]
        assert texts == [f"{one} and {other}, {one}", other]

    def test_other_braces_stay(self) -> None:
        """A blank without a word, and braces that are no blank, are text."""
        assert Prompt.fill("{other} {} {a b} {x", a="b").parts == ("{other} {} {a b} {x",)


class TestPrompt:
    """One user turn."""

    def test_parts_by_kind(self) -> None:
        """Views keep their order, and text its lines."""
        crop = View(_WHOLE.image, Box(0, 0, 5, 5))
        prompt = Prompt(("one", _WHOLE, "two", crop))
        assert prompt.views == (_WHOLE, crop)
        assert prompt.text == "one\ntwo"

    def test_equal_prompts_are_one_key(self) -> None:
        """A cache finds a prompt that was built anew."""
        again = View.whole(Image.open(picture()))
        assert {Prompt((_WHOLE, "a")): 1}[Prompt((again, "a"))] == 1
