"""What the toy model tells when it is asked for no answer: a caption, a list, or what it knows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from ...prompt import Prompt
from .eye import Sighting, sightings
from .features import kinds_in

_FACT = re.compile(r"The (\w+) is (\w+)\.")


def told(prompt: Prompt, side: int) -> str | None:
    """A caption, objects as JSON, or information on a question; none if an answer is wanted."""
    asked = prompt.text
    if not prompt.views:
        return _objects(asked) if '"object_list"' in asked else None
    seen = [s for view in prompt.views for s in sightings(view, side)]
    if "Please describe" in asked or "captions" in asked:
        return _caption(seen)
    return _information(asked, seen) if "answer NONE" in asked else None


def facts(parts: Sequence[str]) -> Mapping[str, str]:
    """Colours of things, as said in the words of a prompt."""
    return {found[1]: found[2] for part in parts for found in _FACT.finditer(part)}


def _objects(asked: str) -> str:
    sentence = asked.rpartition('Sentence: "')[2].partition('"')[0]
    return json.dumps({"object_list": kinds_in(sentence)})


def _caption(seen: Sequence[Sighting]) -> str:
    listed = ", ".join(f"a {s.colour} {s.kind}" for s in seen)
    return f"There is {listed or 'nothing that can be named'}."


def _information(asked: str, seen: Sequence[Sighting]) -> str:
    things = kinds_in(asked)
    known = dict.fromkeys(f"The {s.kind} is {s.colour}." for s in seen if s.kind in things)
    return " ".join(known) or "NONE"
