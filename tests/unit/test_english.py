"""One of many things, in English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop import Target
from visualcrop.utils.english import find_head, read_number, singularize


@pytest.mark.parametrize(
    ("things", "one"),
    [
        ("cars", "car"),
        ("buses", "bus"),
        ("red dishes", "red dish"),
        ("cherries", "cherry"),
        ("houses", "house"),
        ("glasses", "glass"),
        ("people", "person"),
        ("sheep", "sheep"),
        ("cactus", "cactus"),
        ("scissors", "scissors"),
        ("people on the lawn", "person on the lawn"),
        ("cars parked along the street", "car parked along the street"),
        ("boats with sails", "boat with sails"),
        ("women", "woman"),
        ("parked cars", "parked car"),
        ("of", "of"),
        ("", ""),
    ],
)
def test_singular(things: str, one: str) -> None:
    """The noun that the name is about loses its plural, and nothing else does."""
    assert singularize(things) == one


@given(st.lists(st.text("abs ", min_size=1), max_size=5).map(" ".join))
def test_any_text_keeps_its_words(text: str) -> None:
    """Whatever the name is, as many words as before, and at most one of them is another."""
    before, after = text.split(), singularize(text).split()
    assert len(after) == len(before)
    assert sum(one != other for one, other in zip(before, after, strict=True)) <= 1


def test_a_target_is_singular_only_where_all_are_wanted() -> None:
    """A name of one thing is left as it is: it may end in s by itself."""
    assert Target("mugs", every=True).singular == "mug"
    assert Target("mugs").singular == "mugs"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("(3)", 3),
        ("Three", 3),
        ("There are three buttons on the coat.", 3),
        ("twelve", 12),
        ("0", 0),
        ("zero", 0),
        ("007", 7),
        ("", None),
        ("many", None),
        ("none of these", None),
        ("2 or 3", None),
        ("two of 3", None),
        ("at least 3", None),
        ("more than three", None),
        ("5+", None),
        ("<3", None),
        ("2-3", None),
        ("1.5", None),
        ("1,000", None),
        ("-2", None),
        ("twenty-one", None),
        ("three hundred", None),
        ("a dozen", None),
        ("someone", None),
        ("x3", 3),
        ("9" * 5000, None),
        ("\u0663", None),
    ],
)
def test_number(text: str, number: int | None) -> None:
    """One exact whole number is read, in digits or in a word; anything else is none."""
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["1½", "2²", "Ⅳ 4", "≥5", "≈ 5", "−2", "three quarters", "5k", "2 of 10000000", "5 & 5+"],
)
def test_no_exact_number(text: str) -> None:
    """Signs and fractions of any alphabet are no count, and what is too long is not left out."""
    assert read_number(text) is None


@given(st.integers(0, 999_999), st.text("abc .:()", max_size=9), st.text("abc :()", max_size=9))
def test_number_among_letters(number: int, before: str, after: str) -> None:
    """Whatever stands around it, unless a point makes it a fraction."""
    text = f"{before}{number}{after}"
    assert read_number(text) == (None if before.endswith(".") else number)


@given(st.text(max_size=60))
def test_number_of_any_text(text: str) -> None:
    """No text is too odd to be read, and a number that is read is written in it."""
    found = read_number(text)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("name", "head"),
    [("red cars parked on the bridge", "cars"), ("man with a ladder", "man"), ("mug", "mug")],
)
def test_head(name: str, head: str) -> None:
    """The noun that a name is about."""
    words = name.split()
    assert words[find_head(words)] == head
