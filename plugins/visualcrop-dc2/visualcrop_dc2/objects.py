"""The objects of a caption, as the model lists them: JSON, and never more than that."""

from __future__ import annotations

import json

_FENCE = "```"
_MOST_TEXT, _MOST_OBJECTS, _MOST_LETTERS = 20_000, 64, 80

EXTRACT = """\
# Task
You are given one sentence or more about an image. List the objects in it.
- Only concrete things that are certainly there; no places, moods or other abstractions.
- Name each by its general kind, in the singular, and give things of one kind once.
- Reply with JSON as in the example, and with an empty list if there is nothing to list.

# Example
Sentence: "A red double-decker bus passes two cars and a truck while a woman waits."
Output: {"object_list": ["bus", "car", "truck", "person"]}

# Input
Sentence: "{caption}"
Output: """


def asked_of(caption: str) -> str:
    """The prompt that asks for the objects of *caption*."""
    return EXTRACT.replace("{caption}", caption)


def listed(reply: str) -> tuple[str, ...]:
    """Names in a reply's `object_list`, each once; none if there is no such list."""
    if len(reply) > _MOST_TEXT:
        return ()
    _, _, after = reply.partition(_FENCE)
    fenced, closed, _ = after.partition(_FENCE)
    text = fenced if closed else reply
    try:
        found = json.loads(text[text.find("{") : text.rfind("}") + 1])
        names = found.get("object_list")
    except (ValueError, AttributeError, RecursionError):
        return ()
    if not isinstance(names, list):
        return ()
    plain = (" ".join(name.casefold().split()) for name in names if isinstance(name, str))
    kept = dict.fromkeys(name for name in plain if 0 < len(name) <= _MOST_LETTERS)
    return tuple(kept)[:_MOST_OBJECTS]
