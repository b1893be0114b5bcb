"""Every word that the tiny models know."""

from __future__ import annotations

import string

from ..scenes import COLOURS, DIGITS, SHAPES
from ..scenes.words import PLATE, plural
from .rehearsal import prompt_of

PAD, BOS, EOS, UNKNOWN, IMAGE = "<pad>", "<s>", "</s>", "<unk>", "<image>"
VIDEO = "<video>"  # which OneVision's layout has a word for
LETTERS = tuple(string.ascii_uppercase[:6])
# The library's own line under the choices is one word: it is long, and always the same.
INSTRUCTION = prompt_of("?", ("1", "2")).splitlines()[-1]
_PLAIN = (
    "USER: ASSISTANT: ? . , : [ ] Yes No nothing "
    "is Is are Are a an the The there There it in In on of to or and with at What what which "
    "Which where Where how How many color digit shape thing things image picture "
    "colour left right above below side half top bottom "
    "Say word letter answer whole outlined outlines part lime magenta Question Targets"
).split()
_SHAPES = (*SHAPES, PLATE)
_ALL = (
    *(PAD, BOS, EOS, UNKNOWN, IMAGE),
    *_PLAIN,
    INSTRUCTION,
    *(f"({letter})" for letter in LETTERS),
    *LETTERS,
    *_SHAPES,
    *(plural(shape) for shape in _SHAPES),
    *COLOURS,
    *DIGITS,
    VIDEO,
)
_SPARE = -len(dict.fromkeys(_ALL)) % 8
WORDS = (*dict.fromkeys(_ALL), *(f"<spare{number}>" for number in range(_SPARE)))
