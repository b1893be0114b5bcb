"""The tiny models' vocabulary, tokenizer and chat template: known words, and spelled capitals."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from visualcrop_tiny.world import COLOURS, THINGS

from .prompts import format_question
from .vision_inputs import CHARACTERS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, BOS, EOS, UNKNOWN, IMAGE = "<pad>", "<s>", "</s>", "<unk>", "<image>"
VIDEO = "<video>"  # required by LLaVA-OneVision's config
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"  # around Qwen's images
LETTERS = tuple(string.ascii_uppercase[:6])
CONTINUES = "##"  # before a character that is not the first of its word
# visualcrop's instruction below the choices is long and never changes, so it is one token.
INSTRUCTION = format_question("?", ("1", "2")).splitlines()[-1]
_QUESTION_WORDS = (
    "USER: ASSISTANT: ? . , : ; [ ] ' \" - Yes No nothing "
    "is Is are Are a an the The there There it It its this This these that in In on of to or and "
    "with at by for from can Can could you see have has do does Does What what which Which where "
    "Where who Who how How many "
    "color Color colour Colour colors colours shape thing things object objects image picture "
    "photo view word Word number letter digit text sign signs name "
    "left right Left Right above below Above Below beside next side half top bottom middle "
    "large big small tiny one first second other same "
    "Say Name answer Answer whole outlined outlines part parts lime magenta "
    "say says read written shown show"
).split()
_TARGET_WORDS = (  # of prompts that ask for targets, and of replies
    "objects: Question Targets targets If want question information need To I know location so "
    "So about following all determine positional relationship between two them words number "
    "its position"
).split()
_PLACE_WORDS = (
    "dinghy shop window tree sky bench blanket book crate map notebook page photograph roof ship "
    "stall terrace sill awning desk mat far quay grass jetty pond street water over shelf wall "
    "ruler harbour market park night town"
).split()
_NAMES = (*THINGS, *(thing.plural for thing in THINGS.values()))
_ALL = (
    *(PAD, BOS, EOS, UNKNOWN, IMAGE),
    *_QUESTION_WORDS,
    *_TARGET_WORDS,
    *_PLACE_WORDS,
    INSTRUCTION,
    *(f"({letter})" for letter in LETTERS),
    *_NAMES,
    *COLOURS,
    *CHARACTERS,
    *(f"{CONTINUES}{character}" for character in CHARACTERS),
    VIDEO,
    VISION_START,
    VISION_END,
    "envelope",
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
        r"USER:|ASSISTANT:|objects:",
        r"\([A-Z]\)",
        r"<\w+>",
        r"[A-Z0-9]+(?![a-z])",  # spelled
        r"\p{L}+",
        r"\d+",
        r"[^\s\p{L}\d]",
    )
)


@attrs.frozen
class Tokens:
    """
    A question with its reply, as ids of tokens.

    Attributes:
        prompt: The question, up to where the reply begins.
        reply: Without EOS.
        places: What a token has to look at: x and y in the input by its index in both.
        matches: Whether a letter of a choice is that of the sign, by its index.

    """

    prompt: tuple[int, ...]
    reply: tuple[int, ...]
    places: Mapping[int, tuple[float, float]] = attrs.field(factory=dict)
    matches: Mapping[int, bool] = attrs.field(factory=dict)


def token_id(word: str) -> int:
    """The id of a word of the vocabulary."""
    return _IDS[word]


def build_tokenizer() -> Tokenizer:
    """
    A tokenizer of the library `tokenizers`: whole words, whitespace dropped.

    Capitals and digits that are no word are spelled: BREAD is B, ##R, ##E, ##A, ##D.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

    pieces = models.WordPiece(
        _IDS, unk_token=UNKNOWN, continuing_subword_prefix=CONTINUES, max_input_chars_per_word=200
    )
    tokenizer = Tokenizer(pieces)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_PATTERN), "removed", invert=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, token_id(BOS))]
    )
    tokenizer.decoder = decoders.WordPiece(CONTINUES, cleanup=True)
    tokenizer.add_special_tokens([PAD, BOS, EOS, UNKNOWN, IMAGE, VIDEO, VISION_START, VISION_END])
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
        additional_special_tokens=[IMAGE, VIDEO, VISION_START, VISION_END],
        extra_special_tokens={"image_token": IMAGE, "video_token": VIDEO},
        padding_side="left",
        model_max_length=8192,
        chat_template=CHAT_TEMPLATE,
    )


def encode_prompt(text: str) -> tuple[int, ...]:
    """Token ids of the text after the images, up to where the reply begins."""
    return encode_lines(f"{text}\nASSISTANT:")


def encode_reply(text: str) -> tuple[int, ...]:
    """Token ids of a reply, without EOS."""
    return _encode_line(text)


def number_characters(ids: Sequence[int]) -> Iterator[int]:
    """For each token its number in the word that it spells, from 0; -1 if it spells none."""
    number = -1
    for token in ids:
        word = VOCABULARY[token]
        if word.startswith(CONTINUES):
            number += 1
        else:
            number = 0 if word in CHARACTERS else -1
        yield number


def encode_lines(text: str) -> tuple[int, ...]:
    """Token ids of a text without BOS; its lines are cached, since questions share many."""
    return tuple(token for line in text.splitlines() for token in _encode_line(line))


@lru_cache(1 << 16)
def _encode_line(line: str) -> tuple[int, ...]:
    return tuple(_shared_tokenizer().encode(line, add_special_tokens=False).ids)


@cache
def _shared_tokenizer() -> Tokenizer:
    return build_tokenizer()
