"""Questions about one view, packed behind it in one row of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from random import Random
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from ..questions import NUMBERS, QUESTIONS, Asked, Sense
from ..scenes import COLOURS, DIGITS, SHAPES
from ..speech import EOS, PAD, WORDS, prompt_of, tokenizer
from ..speech.vocabulary import INSTRUCTION, LETTERS
from ..views import PATCH, SIDE, Sighting

Array = npt.NDArray[Any]
IGNORED = -100
_MIX = {"existence": 0.2, "attribute": 0.14, "relation": 0.3, "count": 0.24, "detail": 0.12}
_ONES = 0.3  # of the counts that come to one, since most do
_OPEN = {"existence": 0.55, "attribute": 0.4, "relation": 0.25, "count": 0.3, "detail": 0.4}
_SIDES = 0.35  # of the questions about places, ask for the half of the view that one thing is in
_CLEAR, _GONE = 0.7, 0.12  # seen as much, a thing is there; as little, it is not
_END = WORDS.index(EOS)


@attrs.frozen(eq=False)
class Packed:
    """Rows of tokens, views x text."""

    ids: Array
    segments: Array  # which question a token belongs to, from 1; 0 is padding
    places: Array  # of each token in its question
    wanted: Array  # the next token, where it is a reply

    def fields(self) -> list[tuple[str, Array]]:
        """All of them by name."""
        return [(field.name, getattr(self, field.name)) for field in attrs.fields(Packed)]


def pack(
    views: Sequence[Sequence[Sighting]],
    length: int,
    rng: Random,
    given: Sequence[Sequence[Asked]] | None = None,
) -> Packed:
    """
    As many questions for each view as fit into *length* tokens.

    They are drawn for what is in sight, but where some are *given*, from those.
    """
    given = given or [()] * len(views)
    rows = [
        _row(sense(sightings), asked, length, rng)
        for sightings, asked in zip(views, given, strict=True)
    ]
    return Packed(*(np.array(field, np.int64) for field in zip(*rows, strict=True)))


def sense(sightings: Sequence[Sighting]) -> Sense:
    """What may be asked about a view."""
    clear = tuple(attrs.evolve(s.thing, box=s.box) for s in sightings if s.seen >= _CLEAR)
    hazy = (s.thing.shape for s in sightings if _GONE < s.seen < _CLEAR)
    return Sense(clear, frozenset(hazy))


def _row(sight: Sense, given: Sequence[Asked], length: int, rng: Random) -> tuple[list[int], ...]:
    ids: list[int] = []
    segments: list[int] = []
    places: list[int] = []
    wanted: list[int] = []
    number = 0
    while True:
        asked, reply = _exchange(sight, given, rng)
        if len(ids) + len(asked) + 1 > length:
            break
        number += 1
        ids += [*asked, reply]
        segments += [number] * (len(asked) + 1)
        places += range(len(asked) + 1)
        wanted += [IGNORED] * (len(asked) - 1) + [reply, _END]
    rest = length - len(ids)
    return (
        ids + [WORDS.index(PAD)] * rest,
        segments + [0] * rest,
        places + [0] * rest,
        wanted + [IGNORED] * rest,
    )


def _exchange(sight: Sense, given: Sequence[Asked], rng: Random) -> tuple[tuple[int, ...], int]:
    """Tokens of a question as it is put, and the one of the reply."""
    if rng.random() < 0.1:
        return _spelt(rng)
    asked = rng.choice(given) if given else _asked(sight, rng)
    asked = asked or QUESTIONS["existence"](sight, rng)
    if asked is None:
        return _spelt(rng)
    if rng.random() < _OPEN[asked.kind]:
        return encoded(prompt_of(asked.text)), WORDS.index(asked.answer)
    letter = LETTERS[asked.choices.index(asked.answer)]
    return encoded(_lettered(asked)), WORDS.index(letter)


def _asked(sight: Sense, rng: Random) -> Asked | None:
    """A question of some kind, or of a simpler one where that cannot be asked."""
    kind = rng.choices(list(_MIX), list(_MIX.values()))[0]
    asked = QUESTIONS[kind](sight, rng)
    if kind == "count" and asked and asked.answer == "1" and rng.random() > _ONES:
        asked = None
    if kind == "relation" and (asked is None or rng.random() < _SIDES):
        asked = _side(sight, rng)
    if asked is None and rng.random() < 0.7:
        asked = QUESTIONS["attribute"](sight, rng)
    return asked


def _lettered(asked: Asked) -> str:
    options = (f"({letter}) {text}" for letter, text in zip(LETTERS, asked.choices, strict=False))
    return "\n".join([asked.text, *options, INSTRUCTION])


def _side(sight: Sense, rng: Random) -> Asked | None:
    """Which half of the view a thing is in: the step before which of two is further left."""
    axis = int(rng.random() < 0.4)
    named = [t for t in sight.alone if abs(t.box.centre[axis] - SIDE / 2) > PATCH]
    if not named:
        return None
    thing = rng.choice(named)
    words = (("left", "right"), ("top", "bottom"))[axis]
    text = f"Is the {thing.shape} in the {words[0]} or {words[1]} half of the image?"
    order = rng.sample(words, 2)
    answer = words[int(thing.box.centre[axis] > SIDE / 2)]
    return Asked("relation", text, answer, tuple(order), (thing,))


def _spelt(rng: Random) -> tuple[tuple[int, ...], int]:
    """Which letter stands before a word, whatever is in sight."""
    pool: Sequence[str] = rng.choice(
        (
            *(tuple(COLOURS), DIGITS, NUMBERS, SHAPES),
            *(("left", "right"), ("above", "below"), ("Yes", "No")),
        )
    )
    order = tuple(rng.sample(pool, min(len(pool), rng.choice((2, 4, 4)))))
    answer = rng.choice(order)
    asked = Asked("letter", f"Which letter is {answer}?", answer, order, ())
    return encoded(_lettered(asked)), WORDS.index(LETTERS[order.index(answer)])


def encoded(text: str) -> tuple[int, ...]:
    """Tokens of a prompt's words after the image, to where the reply begins."""
    return lines(f"{text}\nASSISTANT:")


def lines(text: str) -> tuple[int, ...]:
    """Tokens of some lines, which are cut one by one and remembered."""
    return tuple(token for line in text.splitlines() for token in _line(line))


@cache
def _tokenizer() -> Any:
    return tokenizer()


@lru_cache(1 << 16)
def _line(line: str) -> tuple[int, ...]:
    return tuple(_tokenizer().encode(line, add_special_tokens=False).ids)
