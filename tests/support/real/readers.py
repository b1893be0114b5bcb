"""Prompt processors with real vocabularies and published templates, by the name of a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import attrs
import transformers as tf
from transformers import PreTrainedTokenizerFast

from tests.support.real import vocabularies
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import View
from visualcrop.models.engine.prompting import PromptProcessor
from visualcrop.models.families.blip import PlainPromptProcessor


@attrs.frozen
class Reader:
    """Whose processor, words and template it has."""

    family: str  # of a tiny checkpoint; empty: Gemma 4
    words: Callable[[], PreTrainedTokenizerFast]
    template: str = ""  # among the files that were fetched; empty: the tiny checkpoint's


READERS = {
    "llava": Reader("llava", vocabularies.llama),
    "llava, legacy": Reader("llava", lambda: vocabularies.llama(legacy=True)),
    "llava-next": Reader("llava-next", vocabularies.llama),
    "llava-onevision": Reader("llava-onevision", lambda: vocabularies.qwen2("onevision")),
    "qwen2-5-vl": Reader("qwen2-5-vl", lambda: vocabularies.qwen2("vl")),
    "qwen3-vl": Reader("qwen3-vl", lambda: vocabularies.qwen2("vl")),
    "internvl": Reader("internvl", lambda: vocabularies.qwen2("internvl")),
    "gemma3": Reader("gemma3", vocabularies.gemma3),
    "qwen3-5": Reader("qwen3-vl", vocabularies.qwen3_5, "Qwen3.5-4B"),
    "gemma4": Reader("", vocabularies.gemma4, "google-gemma-4-31B-it"),
    "gemma4, tools": Reader("", vocabularies.gemma4, "google-gemma-4-31B-it-interleaved"),
    "mistral3": Reader(  # its own processor breaks lines of an image, which no text depends on
        "llava", vocabularies.mistral, "Mistral-Small-3.2-24B-Instruct-2506"
    ),
}
PLAIN = "instructblip"  # has no template


@cache
def prompter(name: str) -> PromptProcessor:
    """The named reader's prompt processor."""
    if name == PLAIN:
        base = load_processor("instructblip", checkpoint("instructblip"))
        processor = _rebuilt(base, vocabularies.llama())
        return _of(PlainPromptProcessor, processor, vocabularies.llama(), "<image>")
    reader = READERS[name]
    words = reader.words()
    template = vocabularies.read_template(reader.template) if reader.template else None
    if reader.family:
        base = load_processor(reader.family, checkpoint(reader.family))
        processor = _rebuilt(base, words, **({"chat_template": template} if template else {}))
    else:
        pixels = tf.Gemma4ImageProcessorPil(max_soft_tokens=70)
        processor = _ImageGemma4Processor(pixels, words, template)
    return _of(PromptProcessor, processor, words, "")


def _of(kind: type[PromptProcessor], processor: Any, words: Any, token: str) -> PromptProcessor:
    def picture(view: View) -> Any:
        return view.picture

    token = token or getattr(words, "image_token", None) or processor.image_token
    image = words.convert_tokens_to_ids(token)
    return kind.of(processor, image, picture, None, 1 << 28)


def _rebuilt(base: Any, words: PreTrainedTokenizerFast, **options: Any) -> Any:
    """The same processor with other words."""
    named = {
        name: getattr(base, name)
        for name in signature(type(base).__init__).parameters
        if name not in ("self", "tokenizer", "kwargs", "video_processor") and hasattr(base, name)
    }
    return type(base)(**named | {"tokenizer": words} | options)


class _OfGivenParts(tf.ProcessorMixin):
    """Takes the parts that are there, by name."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**{name: part for name, part in parts.items() if part is not None})


class _ImageGemma4Processor(tf.Gemma4Processor, _OfGivenParts):
    """Without the parts for videos and sounds; transformers reads them off the signature."""

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None
    ) -> None:
        super().__init__(None, image_processor, tokenizer, None, chat_template=chat_template)
