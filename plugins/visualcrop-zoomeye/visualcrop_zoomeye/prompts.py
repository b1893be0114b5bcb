"""The questions about a node, in the words of the authors, letter by letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

ViewTag: TypeAlias = Literal["local", "global", "zoom"]  # one image; the whole image; two images
QuestionKind: TypeAlias = Literal["existence", "latent", "answering"]

MAIN = (
    "This is the main image, and the section enclosed by the {colour} rectangle is the focus "
    "region."
)
ZOOMED = "This is the zoomed-in view of the focus region."
APPEARANCE = "What is the appearance of the {}?"

_EXISTENCE = "Is there a {} in the image? Answer Yes or No."
_ANSWERING = (
    "Question: {}\n"
    "Could you answer the question based on the the available visual information? "
    "Answer Yes or No."
)
_FURTHER = "is it possible to find a {} by further zooming in the"
_REASON = "Answer Yes or No and tell the reason."
_KNOWLEDGE = "According to your common sense knowledge and the content of"

_QUESTIONS: Mapping[QuestionKind, Mapping[ViewTag, str]] = {
    "existence": {
        "local": _EXISTENCE,
        "global": _EXISTENCE,
        "zoom": "Is there a {} in the zoomed-in view? Answer Yes or No.",
    },
    "latent": {
        "local": f"{_KNOWLEDGE} the image, is it possible to find a {{}} in the image? {_REASON}",
        "global": f"{_KNOWLEDGE} image, {_FURTHER} image? {_REASON}",
        "zoom": (
            f"{_KNOWLEDGE} the zoomed-in view, along with its location in the image, "
            f"{_FURTHER} current view? {_REASON}"
        ),
    },
    "answering": dict.fromkeys(("local", "global", "zoom"), _ANSWERING),
}


def fill_question(kind: QuestionKind, tag: ViewTag, subject: str) -> str:
    """The question of that kind about *subject*: a thing, or another question."""
    return _QUESTIONS[kind][tag].replace("{}", subject)
