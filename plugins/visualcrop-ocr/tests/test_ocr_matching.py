"""How well a text holds words, against a reference by brute force."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop_ocr import matching
from visualcrop_ocr.matching import choose, find_words, match, share_letters

_TEXTS = st.text(alphabet="ab B7-", max_size=9)


@cache
def _edits(one: str, other: str) -> int:
    """Levenshtein's distance, by its definition."""
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return _edits(one[1:], other[1:])
    shorter = _edits(one[1:], other), _edits(one, other[1:]), _edits(one[1:], other[1:])
    return 1 + min(shorter)


def _best_edits(wanted: str, text: str) -> int:
    """The least edits to any part of *text*, with one for each end that lies inside a word."""
    spaced = "".join(c if c.isalnum() else " " for c in text.casefold())
    letters = spaced.replace(" ", "")
    ends, passed = {0, len(letters)}, 0
    for letter in spaced:
        ends |= {passed} if letter == " " else set()
        passed += letter != " "
    parts = [*combinations(range(len(letters) + 1), 2), *((i, i) for i in range(len(letters) + 1))]
    return min(_edits(wanted, letters[a:b]) + (a not in ends) + (b not in ends) for a, b in parts)


@given(words=_TEXTS, text=_TEXTS)
def test_agrees_with_brute_force(words: str, text: str) -> None:
    """The share of letters without an edit is that of the best of all parts of the text."""
    wanted = "".join(c for c in words.casefold() if c.isalnum())
    expected = max(0.0, 1 - _best_edits(wanted, text) / len(wanted)) if wanted else 0.0
    assert match(words, text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "text", "share"),
    [
        ("OPEN", "We are open!", 1),
        ("OPEN", "OPENING HOURS", 0.75),
        ("PAD 40", "PAD40", 1),
        ("PAD 40", "PAD 4O", 0.8),
        ("7", "70", 0),
        ("OPEN", "", 0),
        ("Straße", "STRASSE", 1),
    ],
)
def test_examples(words: str, text: str, share: float) -> None:
    """Case, spaces and punctuation do not count; an end inside a longer word does."""
    assert match(words, text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ('sign "OPEN"', "OPEN"),
        ('sign "OPEN', "OPEN"),  # as an extractor strips it
        ("the driver's 'NO WAY' sign", "NO WAY"),
        ("driver's mug", ""),
        ("EXIT 24 sign", "EXIT 24"),
        ("TV", ""),
        ("red mug", ""),
    ],
)
def test_words_of_a_target(target: str, words: str) -> None:
    """They stand in quotes, or are three capitals or more; other targets name no text."""
    assert find_words(target, capitals=True) == words


def test_capitals_may_be_a_name() -> None:
    """Without them, quotes alone make a text."""
    assert not find_words("BMW logo", capitals=False)
    assert find_words("logo 'BMW'", capitals=False) == "BMW"


@pytest.mark.parametrize(
    ("choices", "text", "choice"),
    [
        (("39", "40", "7"), "PAD 40", 1),
        (("40", "PAD 40"), "PAD 40", 1),
        (("40", "PAD"), "PAD 40", 1),
        (("7", "40"), "GATE 7 PAD 40", 1),
        (("7", "4"), "GATE 7 PAD 4", None),
        (("red", "blue"), "PAD 40", None),
        ((), "PAD 40", None),
    ],
)
def test_choice(choices: tuple[str, ...], text: str, choice: int | None) -> None:
    """The longest of those that the text holds best; none if two are alike, or none is held."""
    assert choose(choices, text, 0.75) == choice


@given(_TEXTS, _TEXTS)
def test_letters_in_common_bound_the_match(words: str, text: str) -> None:
    """No text holds words better than by the letters that it has of them."""
    assert share_letters(words, text) >= match(words, text) - 1e-9


def test_hostile_texts_are_cut_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """One letter may stand for eighteen, and long choices that cannot be held are not compared."""
    assert share_letters("\ufdfa" * 4000, "x") == 0
    assert len(matching._letters("\ufdfa" * 4000)[0]) <= 4000
    compared: list[str] = []

    def never(words: str, text: str) -> float:
        compared.append(words)
        return 0.0

    monkeypatch.setattr(matching, "match", never)
    assert choose(["x" * 700, "OPEN"], "a door that is open" * 99, 0.75) is None
    assert compared == ["OPEN"]
