"""Which of several choices a reply names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop.protocol import parse_choice

_COLOURS = ("red", "blue", "black", "white")

# What models say, and what is meant; the comments name who reads it otherwise.
_CORPUS = [
    ("D", 3),
    ("(B)", 1),
    ("C.", 2),
    ("Answer: D", 3),  # lmms-eval, MME-RealWorld and ZoomEye read A
    ("Black", 2),  # they read B
    ("The color of the car is red.", 0),  # lmms-eval reads D, the others nothing
    ("Based on the image, the answer is C.", 2),  # they read B
    ("Cannot be determined.", None),  # they read C
    ("I am not sure", None),  # lmms-eval reads A
    ("A car is visible; it is white.", 3),  # they read A
    ("D\n\nExplanation: A and B are wrong", 3),  # VLMEvalKit reads nothing
    ("The correct answer is (B)", 1),
    ("**Answer: (C)**", 2),
    ("The best answer is: A", 0),
    ("B. blue", 1),
    ("It may be A or B.", None),
    ("Neither red nor blue.", None),
]


class TestTolerant:
    """What is meant, where it can be told."""

    @pytest.mark.parametrize(("reply", "choice"), _CORPUS)
    def test_reads_ordinary_answers(self, reply: str, choice: int | None) -> None:
        """Each of the corpus as a person would."""
        assert parse_choice(reply, _COLOURS, "tolerant") == choice

    @pytest.mark.parametrize(
        ("reply", "choice"),
        [
            (" D:\n", 3),
            ("(B", 1),
            ("dark blue", 1),
            ("Dark Blue.", 1),
            ("4", 2),
            ("red", None),  # two choices read so
            ("E", None),
            ("b", 1),
            ("A or B", None),
            ("AB", None),
            ("blue", None),  # no choice is just that
            ("", None),
            ("().", None),
        ],
    )
    def test_guesses_nothing(self, reply: str, choice: int | None) -> None:
        """A letter or a choice's own words, and only where one choice fits."""
        assert parse_choice(reply, ("red", "dark blue", "4", "Red"), "tolerant") == choice

    def test_letters_come_first(self) -> None:
        """Where a choice reads like another's letter, the letter is meant."""
        assert parse_choice("B", ("B", "A"), "tolerant") == 1

    def test_a_choice_within_another_does_not_count(self) -> None:
        """Who says dark red does not say red."""
        assert parse_choice("It is dark red.", ("red", "dark red"), "tolerant") == 1

    @given(st.text(max_size=300), st.lists(st.text(max_size=9), min_size=2, max_size=26))
    def test_any_text_is_read(self, reply: str, choices: list[str]) -> None:
        """Whatever is said, the result is a choice or none."""
        named = parse_choice(reply, choices, "tolerant")
        assert named is None or 0 <= named < len(choices)


class TestStrict:
    """The letter and nothing else, as the paper scores."""

    @pytest.mark.parametrize(
        ("reply", "choice"),
        [("B", 1), (" B\n", 1), ("(B)", None), ("B.", None), ("b", None), ("blue", None)],
    )
    def test_reads_a_bare_letter(self, reply: str, choice: int | None) -> None:
        """Neither brackets nor words are taken."""
        assert parse_choice(reply, _COLOURS, "strict") == choice


@pytest.mark.parametrize("extraction", ["strict", "tolerant"])
def test_without_choices_nothing_is_named(extraction: str) -> None:
    """There is nothing to name."""
    assert parse_choice("A", (), extraction) is None  # type: ignore[arg-type]
