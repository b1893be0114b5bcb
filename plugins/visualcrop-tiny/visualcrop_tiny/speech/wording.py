"""Text to tokens: one for each word that is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .vocabulary import BOS, EOS, IMAGE, INSTRUCTION, PAD, UNKNOWN, VIDEO, WORDS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_PATTERN = "|".join(
    (
        re.escape(INSTRUCTION),
        r"USER:|ASSISTANT:",
        r"\([A-Z]\)",
        r"<\w+>",
        r"\p{L}+",
        r"\d",
        r"[^\s\p{L}\d]",
    )
)


def tokenizer() -> Tokenizer:
    """The models' tokenizer, to whom spaces mean nothing."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(_PATTERN), "removed", invert=True)
    made.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, WORDS.index(BOS))]
    )
    made.decoder = decoders.Fuse()
    made.add_special_tokens([PAD, BOS, EOS, UNKNOWN, IMAGE, VIDEO])
    return made
