"""How the tiny models are spoken to: their words, and prompts as visualcrop writes them."""

from __future__ import annotations

from .rehearsal import prompt_of, rehearsed
from .vocabulary import BOS, EOS, IMAGE, PAD, UNKNOWN, VIDEO, WORDS
from .wording import tokenizer

__all__ = [
    "BOS",
    "EOS",
    "IMAGE",
    "PAD",
    "UNKNOWN",
    "VIDEO",
    "WORDS",
    "prompt_of",
    "rehearsed",
    "tokenizer",
]
