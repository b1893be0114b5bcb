"""Parameters of the OpenAI API that have to be as they are by default: no word is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import RequestError, invalid
from .fields import Fields

_NEUTRAL: Mapping[str, tuple[object, str]] = {  # what is as good as nothing, and why it is all
    "temperature": (0, "replies are the likeliest words, and none is drawn; send temperature 0"),
    "n": (1, "there is one reply to a question; send n 1"),
    "frequency_penalty": (0, "the model's words are not weighed again"),
    "presence_penalty": (0, "the model's words are not weighed again"),
    "logit_bias": ({}, "the model's words are not weighed again"),
    "logprobs": (False, "probabilities of choices are in the reply's `visualcrop`"),
    "top_logprobs": (0, "probabilities of choices are in the reply's `visualcrop`"),
    "tools": ([], "no tools are called"),
    "functions": ([], "no functions are called"),
    "tool_choice": ("none", "no tools are called"),
    "function_call": ("none", "no functions are called"),
    "response_format": ({"type": "text"}, "replies are plain text"),
    "modalities": (["text"], "replies are plain text"),
    "audio": ({}, "replies are plain text"),
    "prediction": ({}, "replies are the model's own"),
    "web_search_options": ({}, "nothing is searched but pictures"),
    "guided_json": ({}, "replies are plain text"),
    "guided_regex": ("", "replies are plain text"),
    "guided_choice": ([], "write choices into the question: A. red, B. blue"),
    "best_of": (1, "there is one reply to a question"),
    "use_beam_search": (False, "replies are the likeliest words, one by one"),
    "echo": (False, "replies hold no prompt"),
}
_ANY_TOOL_CHOICE = {"none", "auto"}  # without tools, both say nothing


_OWN = ("searcher", "passes", "seconds", "map")  # of a request's `visualcrop`


def read_searcher(fields: Fields) -> str | None:
    """The spec in a request's `visualcrop`, whose fields are ours: one misspelt is no budget."""
    return fields.inner("visualcrop").check_names(_OWN).optional_text("searcher")


def check_parameters(body: Mapping[str, Any]) -> None:
    """Refuse by its name what would change the reply and is not done; other fields are ignored."""
    for name, (neutral, reason) in _NEUTRAL.items():
        value = body.get(name)
        if value is None or (
            value == neutral and isinstance(value, bool) == isinstance(neutral, bool)
        ):
            continue
        if name in {"tool_choice", "function_call"} and value in ("none", "auto"):
            continue
        raise _unsupported(name, value, reason)


def _unsupported(name: str, value: object, reason: str) -> RequestError:
    shown = repr(value)
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    return invalid(f"{name} is {shown}, but {reason}.", name, code="unsupported_parameter")
