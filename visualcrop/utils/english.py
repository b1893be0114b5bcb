"""English that names and counts things: singulars, heads of names, numbers in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

_IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "cookies": "cookie",
    "movies": "movie",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "knives": "knife",
    "leaves": "leaf",
    "shelves": "shelf",
    "wolves": "wolf",
}
_ALIKE = set(  # in both, or a thing that has no singular
    "gas lens canvas series species sunglasses goggles binoculars headphones scissors tongs "
    "pliers pants trousers jeans shorts tights pajamas".split()
)
_KEEP_E = {"axes", "houses", "blouses", "caches", "headaches"}
_AFTER_THE_NOUN = set(
    "of on in at to from by with without near under over above below behind beside between next "
    "across inside outside around along against that which who".split()
)


COUNTING = re.compile(  # a question that asks how many
    r"\bhow many\b|\b(?:the|total|exact) number of\b|\bcount (?:the|all)\b", re.IGNORECASE
)
_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
_UNREAD = set(  # a number beside one of these is no exact count, or has more words to it
    "more less fewer over under than least most about around up nearly almost several half pair "
    "dozen dozens third thirds quarter quarters k m hundred thousand million thirty forty fifty "
    "sixty seventy eighty ninety".split()
)
_NUMBER_OR_WORD = re.compile(r"[0-9]+|[^\W\d_]+")
_DIGITS, _MOST_DIGITS = "0123456789", 6
_INEXACT = re.compile(  # a sign, a range, a fraction, or more digits than are read
    r"[-+<>~%/−–—±≥≤≈≃∼]|[0-9][.,][0-9]|\.[0-9]|[0-9]{7}"
)


def read_number(text: str) -> int | None:
    """
    The one whole number that *text* has, in digits or in words up to twenty.

    None if it has none or several, or one that is no exact count: *1.5*, *1½*, *-2*, *5+*, *at
    least 5*.
    """
    words = _NUMBER_OR_WORD.findall(text.lower())
    found = {_read_word(word) for word in words} - {None}
    is_plain = not any(sign.isnumeric() and sign not in _DIGITS for sign in text)  # nor ½, nor ²
    exact = is_plain and not {*words} & _UNREAD and not _INEXACT.search(text)
    return found.pop() if len(found) == 1 and exact else None


def _read_word(word: str) -> int | None:
    if word[0] in _DIGITS:
        return int(word) if len(word) <= _MOST_DIGITS else None
    return _NUMBERS.index(word) if word in _NUMBERS else None


def find_head(words: Sequence[str]) -> int:
    """
    Where the noun is in a name: *cars* in *red cars parked on the bridge*.

    It is the last word before a preposition, participles left out.
    """
    after = (n for n, word in enumerate(words) if n and word.lower() in _AFTER_THE_NOUN)
    at = next(after, len(words)) - 1
    while at > 0 and words[at].lower().endswith(("ing", "ed")):
        at -= 1
    return at


def singularize(name: str) -> str:
    """A name of many things for one: *red car on the bridge* of *red cars on the bridge*."""
    words = name.split()
    at = find_head(words)
    return " ".join([*words[:at], *map(_singularize_word, words[at : at + 1]), *words[at + 1 :]])


def _singularize_word(word: str) -> str:
    lower = word.lower()
    if lower in _IRREGULAR:
        return _IRREGULAR[lower]
    if lower in _ALIKE:
        return word
    if lower.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if lower.endswith(("sses", "uses", "xes", "ches", "shes")) and lower not in _KEEP_E:
        return word[:-2]
    ends = len(word) > 2 and lower.endswith("s") and not lower.endswith(("ss", "us"))
    return word[:-1] if ends else word
