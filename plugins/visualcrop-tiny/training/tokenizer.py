"""The tiny models' vocabulary, tokenizer and chat template: one token per known word."""

from __future__ import annotations

import re
import string
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from visualcrop_tiny.scenes import COLOURS, DIGITS, PLATE, SHAPES, plural

from .prompts import format_question

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, BOS, EOS, UNKNOWN, IMAGE = "<pad>", "<s>", "</s>", "<unk>", "<image>"
VIDEO = "<video>"  # required by LLaVA-OneVision's config
LETTERS = tuple(string.ascii_uppercase[:6])
# visualcrop's instruction below the choices is long and never changes, so it is one token.
INSTRUCTION = format_question("?", ("1", "2")).splitlines()[-1]
_WORDS = (
    "USER: ASSISTANT: ? . , : [ ] Yes No nothing "
    "is Is are Are a an the The there There it in In on of to or and with at What what which "
    "Which where Where how How many color digit shape thing things image picture "
    "colour left right above below side half top bottom "
    "Say word letter answer whole outlined outlines part lime magenta Question Targets"
).split()
_NAMES = (*SHAPES, PLATE)
_ALL = (
    *(PAD, BOS, EOS, UNKNOWN, IMAGE),
    *_WORDS,
    INSTRUCTION,
    *(f"({letter})" for letter in LETTERS),
    *LETTERS,
    *_NAMES,
    *(plural(shape) for shape in _NAMES),
    *COLOURS,
    *DIGITS,
    VIDEO,
)
_SPARE = -len(dict.fromkeys(_ALL)) % 8  # so that the embedding's size is a multiple of 8
VOCABULARY = (*dict.fromkeys(_ALL), *(f"<spare{number}>" for number in range(_SPARE)))
_IDS = {word: index for index, word in enumerate(VOCABULARY)}

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- 'USER: ' if message.role == 'user' else ' ASSISTANT: ' -}}"
    "{%- if message.content is string -%}{{- message.content -}}"
    "{%- else -%}"
    "{%- for part in message.content -%}"
    "{{- '<image>\\n' if part.type == 'image' else part.text -}}"
    "{%- endfor -%}"
    "{%- endif -%}"
    "{{- '</s>' if message.role == 'assistant' -}}"
    "{%- endfor -%}"
    "{{- ' ASSISTANT:' if add_generation_prompt -}}"
)

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


def token_id(word: str) -> int:
    """The id of a word of the vocabulary."""
    return _IDS[word]


def build_tokenizer() -> Tokenizer:
    """A tokenizer of the library `tokenizers`: whole words, whitespace dropped."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel(_IDS, UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PATTERN), "removed", invert=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, token_id(BOS))]
    )
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([PAD, BOS, EOS, UNKNOWN, IMAGE, VIDEO])
    return tokenizer


def build_fast_tokenizer() -> Any:
    """The same as a tokenizer of transformers, with the chat template."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer(),
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNKNOWN,
        pad_token=PAD,
        additional_special_tokens=[IMAGE, VIDEO],
        extra_special_tokens={"image_token": IMAGE, "video_token": VIDEO},
        padding_side="left",
        model_max_length=8192,
        chat_template=CHAT_TEMPLATE,
    )


def encode_prompt(text: str) -> tuple[int, ...]:
    """Token ids of the text after the images, up to where the reply begins."""
    return encode_lines(f"{text}\nASSISTANT:")


def encode_lines(text: str) -> tuple[int, ...]:
    """Token ids of a text without BOS; its lines are cached, since questions share many."""
    return tuple(token for line in text.splitlines() for token in _encode_line(line))


@lru_cache(1 << 16)
def _encode_line(line: str) -> tuple[int, ...]:
    return tuple(_shared_tokenizer().encode(line, add_special_tokens=False).ids)


@cache
def _shared_tokenizer() -> Tokenizer:
    return build_tokenizer()
