"""How well a text holds words, by edits between letters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

_QUOTED = re.compile(r"(?<!\w)['\"“‘„«]([^'\"“”‘’»]+)")  # extractors may strip the last quote
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]{2,}")
_LONGEST = 4000  # letters of a text that are compared
_ROUNDING = 1e-9


def find_words(target: str, *, capitals: bool) -> str:
    """The words of *target* that name a text: in quotes, or else in capitals; empty if none do."""
    quoted = _QUOTED.search(target)
    if quoted is None:
        return _find_capitals(target) if capitals else ""
    return quoted[1].strip()


def _find_capitals(target: str) -> str:
    """The first word in capitals, with the capitals and digits after it: EXIT 24."""
    words = target.split()
    start = next((i for i, word in enumerate(words) if _CAPITALS.fullmatch(word)), len(words))
    return " ".join(takewhile(lambda word: word.isascii() and _is_capital(word), words[start:]))


def _is_capital(word: str) -> bool:
    return word.isalnum() and word == word.upper()


def match(words: str, text: str) -> float:
    """
    How well *text* holds *words* somewhere, from 0 to 1: the share of letters that need no edit.

    Case, spaces and punctuation do not count. Where the words would begin or end inside a longer
    word, that is an edit each: OPEN is in OPENING by 0.75. Words without letters are not held.
    """
    wanted, _ = _letters(words)
    given, starts = _letters(text)
    if not wanted:
        return 0.0
    # Row by row of the edit distances between a beginning of `wanted` and what ends in `text`.
    row = [0 if is_start else 1 for is_start in starts]
    for done, letter in enumerate(wanted, 1):
        above, row = row, [done]
        for at, other in enumerate(given):
            row.append(min(above[at] + (letter != other), above[at + 1] + 1, row[at] + 1))
    edits = min(cost + (not is_start) for cost, is_start in zip(row, starts, strict=True))
    return max(0.0, 1 - edits / len(wanted))


def _letters(text: str) -> tuple[str, list[bool]]:
    """Letters and digits in small, and for each gap around them whether a word begins or ends."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()[:_LONGEST]
    letters: list[str] = []
    starts = [True]
    for letter in plain:
        if letter.isalnum():
            letters.append(letter)
            starts.append(False)
        else:
            starts[-1] = True
    starts[-1] = True
    return "".join(letters), starts


def choose(choices: Sequence[str], text: str, least: float) -> int | None:
    """The choice that *text* holds best, by *least* at least; none if two are held alike."""
    may_hold = [share_letters(choice, text) >= least - _ROUNDING for choice in choices]
    shares = [match(c, text) if may else 0.0 for c, may in zip(choices, may_hold, strict=True)]
    best = max(shares, default=0.0)
    if best < least or not best:
        return None
    # Of "40" and "PAD 40", both in the text, the longer one says more.
    held = [i for i, share in enumerate(shares) if share == best]
    longest = max(len(_letters(choices[i])[0]) for i in held)
    (first, *others) = [i for i in held if len(_letters(choices[i])[0]) == longest]
    return None if others else first


def share_letters(words: str, text: str) -> float:
    """At least what `match` gives, much sooner: the share of letters that are in both."""
    wanted, given = (Counter(_letters(each)[0]) for each in (words, text))
    return (wanted & given).total() / (wanted.total() or 1)
