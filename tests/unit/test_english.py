"""One of many things, in English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop import Target
from visualcrop.utils.english import singularize


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
