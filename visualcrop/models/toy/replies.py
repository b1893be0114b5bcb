"""Replies of the toy model, from things that it can name in the views of a prompt."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from ...prompt import Prompt
from ...protocol import LETTERS
from ...values import View
from .features import kinds_in, meaning, words
from .scene import COLOURS
from .vision import Sighting, find_things

_FACT = re.compile(r"The (\w+) is (\w+)\.")


def describe(prompt: Prompt, side: int) -> str | None:
    """A caption, objects in JSON, or facts for a question; None if an answer is wanted."""
    asked = prompt.text
    if not prompt.views:
        return _list_objects(asked) if '"object_list"' in asked else None
    seen = [s for view in prompt.views for s in find_things(view, side)]
    if "Please describe" in asked or "captions" in asked:
        return _caption(seen)
    return _describe_wanted(asked, seen) if "answer NONE" in asked else None


def parse_facts(parts: Sequence[str]) -> Mapping[str, str]:
    """Colours of things, as the text of a prompt gives them."""
    return {found[1]: found[2] for part in parts for found in _FACT.finditer(part)}


def _list_objects(asked: str) -> str:
    sentence = asked.rpartition('Sentence: "')[2].partition('"')[0]
    return json.dumps({"object_list": kinds_in(sentence)})


def _caption(seen: Sequence[Sighting]) -> str:
    listed = ", ".join(f"a {s.colour} {s.kind}" for s in seen)
    return f"There is {listed or 'nothing that can be named'}."


def _describe_wanted(asked: str, seen: Sequence[Sighting]) -> str:
    things = kinds_in(asked)
    known = dict.fromkeys(f"The {s.kind} is {s.colour}." for s in seen if s.kind in things)
    return " ".join(known) or "NONE"


_OPTION = re.compile(r"^\(([A-Z])\) (.+)$", re.MULTILINE)
_PLACE = re.compile(r"\[([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+)\] with the ([^\[:\n]+):")
UNSURE = "unsure"


def reply(prompt: Prompt, side: int) -> str:
    """A letter where letters are asked for, else a word or two, or a description."""
    if (description := describe(prompt, side)) is not None:
        return description
    if not prompt.views:
        return extract_targets(prompt.text)
    options = _OPTION.findall(prompt.text)
    answer = answer_in_words(prompt, side)
    if not options:
        return answer
    matching = (letter for letter, text in options if text.casefold() == answer)
    return next(matching, LETTERS[_pick_option(prompt) % len(options)])


def extract_targets(text: str) -> str:
    """The reply that the examples show, about the last question in *text*."""
    question = text.rpartition("Question: ")[2].partition("\n")[0]
    things = kinds_in(question)
    every = "all " if "how many" in question.lower() else ""
    if not things:
        return "I cannot tell."
    objects = " and ".join(f"{every}{_colour_before(question, thing)} {thing}" for thing in things)
    objects = " ".join(objects.split())
    return (
        f"To answer the question, I need know the location of {objects} so that I can answer it. "
        f"So I need the information about the following objects: {objects}."
    )


def answer_in_words(prompt: Prompt, side: int) -> str:
    """The answer in words, or `unsure`."""
    parts = [part for part in prompt.parts if isinstance(part, str)]
    question = parts[-1].partition("\n")[0].lower().removeprefix("query: ")
    things = kinds_in(question)
    seen = [_matching(find_things(view, side), question) for view in prompt.views]
    if question.startswith("is there"):
        return "yes" if any(seen) else "no"
    if "how many" in question and things:
        whole, *rest = ([s for s in found if s.kind == things[0]] for found in seen)
        return str(max(len(whole), sum(map(len, rest))) or UNSURE)
    if "left" in question and len(things) == 2:
        return _compare_sides(things, seen, parts)
    found = [s for sights in seen for s in sights if s.kind in things[:1]]
    if not found:
        return parse_facts(parts).get(things[0], UNSURE) if things else UNSURE
    return max(found, key=lambda s: s.pixels).colour


def confidence(views: Sequence[View], text: str, side: int) -> float:
    """Log odds that what *text* names is in one of *views*."""
    seen = [s for view in views for s in _matching(find_things(view, side), text)]
    clear = max((s.pixels for s in seen), default=0)
    return min(6.0, clear / 10) if clear else -3.0


def _matching(seen: Sequence[Sighting], text: str) -> list[Sighting]:
    """Things of a kind that *text* names, and of its colour if *text* names that, too."""
    colours = {kind: _colour_before(text, kind) for kind in kinds_in(text)}
    return [s for s in seen if s.kind in colours and colours[s.kind] in {"", s.colour}]


def _colour_before(text: str, kind: str) -> str:
    """The colour that stands before *kind* in *text*, if one does."""
    tokens = [word[0].lower() for word in words(text)]
    before = (b for b, token in zip(["", *tokens], tokens, strict=False) if meaning(token) == kind)
    return next((colour for colour in before if colour in COLOURS), "")


def _compare_sides(things: list[str], seen: list[list[Sighting]], parts: list[str]) -> str:
    """The side of the first thing, if both are in one view or the prompt gives their places."""
    across = {
        m[5]: (float(m[1]) + float(m[3])) / 2 for part in parts for m in _PLACE.finditer(part)
    }
    for places in ({s.kind: s.across for s in found} for found in seen):
        across = places if all(thing in places for thing in things) else across
    if not all(thing in across for thing in things):
        return UNSURE
    return "left" if across[things[0]] < across[things[1]] else "right"


def _pick_option(prompt: Prompt) -> int:
    """A guess that depends on the prompt only."""
    key = prompt.text + "".join(view.image.digest + str(view.box) for view in prompt.views)
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "little")
