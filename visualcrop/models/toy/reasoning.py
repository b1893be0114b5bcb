"""What the toy model says, from what it can name in the views of a prompt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from ...prompt import Prompt
from ...protocol import LETTERS
from ...values import View
from .eye import Sighting, sightings
from .features import kinds_in, meaning, words
from .scene import COLOURS
from .telling import facts, told

_OPTION = re.compile(r"^\(([A-Z])\) (.+)$", re.MULTILINE)
_PLACE = re.compile(r"\[([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+)\] with the ([^\[:\n]+):")
UNSURE = "unsure"


def reply(prompt: Prompt, side: int) -> str:
    """A letter where letters are asked for, else a word or two, or what is to be told."""
    if (said := told(prompt, side)) is not None:
        return said
    if not prompt.views:
        return named_targets(prompt.text)
    options = _OPTION.findall(prompt.text)
    answer = conclusion(prompt, side)
    if not options:
        return answer
    matching = (letter for letter, text in options if text.casefold() == answer)
    return next(matching, LETTERS[_guess(prompt) % len(options)])


def named_targets(text: str) -> str:
    """The reply that the examples show, about the last question in *text*."""
    question = text.rpartition("Question: ")[2].partition("\n")[0]
    things = kinds_in(question)
    every = "all " if "how many" in question.lower() else ""
    if not things:
        return "I cannot tell."
    objects = " and ".join(f"{every}{_colour(question, thing)} {thing}" for thing in things)
    objects = " ".join(objects.split())
    return (
        f"To answer the question, I need know the location of {objects} so that I can answer it. "
        f"So I need the information about the following objects: {objects}."
    )


def conclusion(prompt: Prompt, side: int) -> str:
    """The answer in words, or `unsure`."""
    parts = [part for part in prompt.parts if isinstance(part, str)]
    question = parts[-1].partition("\n")[0].lower().removeprefix("query: ")
    things = kinds_in(question)
    seen = [_wanted(sightings(view, side), question) for view in prompt.views]
    if question.startswith("is there"):
        return "yes" if any(seen) else "no"
    if "how many" in question and things:
        whole, *rest = ([s for s in found if s.kind == things[0]] for found in seen)
        return str(max(len(whole), sum(map(len, rest))) or UNSURE)
    if "left" in question and len(things) == 2:
        return _side(things, seen, parts)
    found = [s for sights in seen for s in sights if s.kind in things[:1]]
    if not found:
        return facts(parts).get(things[0], UNSURE) if things else UNSURE
    return max(found, key=lambda s: s.pixels).colour


def confidence(views: Sequence[View], text: str, side: int) -> float:
    """Log odds that what *text* names is in one of *views*."""
    seen = [s for view in views for s in _wanted(sightings(view, side), text)]
    clear = max((s.pixels for s in seen), default=0)
    return min(6.0, clear / 10) if clear else -3.0


def _wanted(seen: Sequence[Sighting], text: str) -> list[Sighting]:
    """Those of a kind that *text* names, and of its colour if it names one with the kind."""
    colours = {kind: _colour(text, kind) for kind in kinds_in(text)}
    return [s for s in seen if s.kind in colours and colours[s.kind] in {"", s.colour}]


def _colour(text: str, kind: str) -> str:
    """The colour that stands before *kind* in *text*, if one does."""
    tokens = [word[0].lower() for word in words(text)]
    before = (b for b, token in zip(["", *tokens], tokens, strict=False) if meaning(token) == kind)
    return next((colour for colour in before if colour in COLOURS), "")


def _side(things: list[str], seen: list[list[Sighting]], parts: list[str]) -> str:
    """Which side the first thing is on, where both are in one view or their places are told."""
    told = {m[5]: (float(m[1]) + float(m[3])) / 2 for part in parts for m in _PLACE.finditer(part)}
    for places in ({s.kind: s.across for s in found} for found in seen):
        told = places if all(thing in places for thing in things) else told
    if not all(thing in told for thing in things):
        return UNSURE
    return "left" if told[things[0]] < told[things[1]] else "right"


def _guess(prompt: Prompt) -> int:
    """As good as chance, and the same every time."""
    key = prompt.text + "".join(view.image.digest + str(view.box) for view in prompt.views)
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "little")
