"""
Each choice of a question as a full answer, as V*Bench has them.

The choice comes first, as in "red is the color of the ring.", and keeps its spelling: the tiny
models are trained to answer in a word or two.
"""

from __future__ import annotations

import re

from .questions import QAPair
from .scenes import SHAPES, plural

# Patterns of questions, and what their answers say: {0} and {1} are the groups of the pattern.
_STATEMENTS = (
    (
        re.compile(r"What is the (colou?r) of the ([a-z ]{3,40})\?"),
        "{choice} is the {0} of the {1}.",
    ),
    (re.compile(r"What (colou?r) is the ([a-z ]{3,40})\?"), "{choice} is the {0} of the {1}."),
    (re.compile(r"What digit is on the ([a-z ]{3,40})\?"), "{choice} is the digit on the {0}."),
    (re.compile(r"What is the digit on the ([a-z ]{3,40})\?"), "{choice} is the digit on the {0}."),
    (
        re.compile(r"Is the ([a-z ]{3,40}) on the left or right side of the ([a-z ]{3,40})\?"),
        "{choice} of the {1} is the {0}.",
    ),
    (
        re.compile(r"Is the ([a-z ]{3,40}) to the left or right of the ([a-z ]{3,40})\?"),
        "{choice} of the {1} is the {0}.",
    ),
    (
        re.compile(r"Is the ([a-z ]{3,40}) above or below the ([a-z ]{3,40})\?"),
        "{choice} the {1} is the {0}.",
    ),
    (re.compile(r"How many ([a-z ]{3,40}) are in the image\?"), "{choice} {0} are in the image."),
    (re.compile(r"Is there ([a-z ]{3,40}) in the image\?"), "{choice}, there is {0} in the image."),
)
# What is written so that a sentence is right: its verb if one is counted, its article if none.
_CORRECTIONS = {f"1 {plural(shape)} are": f"1 {shape} is" for shape in SHAPES}
_CORRECTIONS |= dict.fromkeys(("No, there is an", "No, there is a"), "No, there is no")


def write_sentences(pair: QAPair) -> tuple[str, ...]:
    """A sentence of at least three words for each choice, in their order."""
    for pattern, statement in _STATEMENTS:
        if found := pattern.fullmatch(pair.text):
            sentences = (statement.format(*found.groups(), choice=c) for c in pair.choices)
            return tuple(map(_correct, sentences))
    raise AssertionError(f"no statement answers {pair.text!r}")


def _correct(sentence: str) -> str:
    wrong = next((start for start in _CORRECTIONS if sentence.startswith(f"{start} ")), "")
    return _CORRECTIONS.get(wrong, "") + sentence.removeprefix(wrong)
