"""Prompt processors with real vocabularies and published templates, by the name of a model."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

import attrs
from transformers import AutoImageProcessor, PreTrainedTokenizerFast

from tests.support.real import vocabularies
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import ModelFamily
from visualcrop.models.engine.prompting import PromptProcessor
from visualcrop.models.families.blip import PlainPromptProcessor
from visualcrop.plugin import Registry


@attrs.frozen
class Reader:
    """Whose processor, words and template it has."""

    family: str  # of a tiny checkpoint
    words: Callable[[], PreTrainedTokenizerFast]
    image: str  # the placeholder
    template: str = ""  # among the files that were fetched; empty: the tiny checkpoint's


READERS = {
    "llava": Reader("llava", vocabularies.llama, "<image>"),
    "llava, legacy": Reader("llava", lambda: vocabularies.llama(legacy=True), "<image>"),
    "llava-next": Reader("llava-next", vocabularies.llama, "<image>"),
    "llava-onevision": Reader(
        "llava-onevision", lambda: vocabularies.qwen2("onevision"), "<image>"
    ),
    "qwen2-5-vl": Reader("qwen2-5-vl", lambda: vocabularies.qwen2("vl"), "<|image_pad|>"),
    "qwen3-vl": Reader("qwen3-vl", lambda: vocabularies.qwen2("vl"), "<|image_pad|>"),
    "internvl": Reader("internvl", lambda: vocabularies.qwen2("internvl"), "<IMG_CONTEXT>"),
    "gemma3": Reader("gemma3", vocabularies.gemma3, "<image_soft_token>"),
    "qwen3-5": Reader("qwen3-5", vocabularies.qwen3_5, "<|image_pad|>", "Qwen3.5-4B"),
    "gemma4": Reader("gemma4", vocabularies.gemma4, "<|image|>", "google-gemma-4-31B-it"),
    "gemma4, tools": Reader(
        "gemma4", vocabularies.gemma4, "<|image|>", "google-gemma-4-31B-it-interleaved"
    ),
    "mistral3": Reader(
        "mistral3", vocabularies.mistral, "[IMG]", "Mistral-Small-3.2-24B-Instruct-2506"
    ),
}
PLAIN = "instructblip"  # has no template


@attrs.frozen
class _Parts:
    """A tiny checkpoint's image processor, and other words."""

    family: str
    words: PreTrainedTokenizerFast

    def image_processor(self) -> Any:
        return AutoImageProcessor.from_pretrained(checkpoint(self.family), backend="pil")

    def tokenizer(self, subfolder: str = "", **options: Any) -> Any:
        del options
        base = load_processor(self.family, checkpoint(self.family))
        return base.qformer_tokenizer if subfolder else self.words


@cache
def prompter(name: str) -> PromptProcessor:
    """The named reader's prompt processor, as its family makes it."""
    plain = Reader("instructblip", vocabularies.llama, "<image>")
    reader = plain if name == PLAIN else READERS[name]
    to = checkpoint(reader.family)
    family: Any = Registry.load().build(ModelFamily, f'{reader.family}(checkpoint="{to}")')
    words = copy(reader.words())
    if reader.template:
        words.chat_template = vocabularies.read_template(reader.template)
    elif name != PLAIN:
        words.chat_template = load_processor(reader.family, to).chat_template
    config = family.load_config()
    config.image_token_id = words.convert_tokens_to_ids(reader.image)
    processor = family.make_processor(_Parts(reader.family, words), config)
    kind = PlainPromptProcessor if name == PLAIN else PromptProcessor
    taken = frozenset({"input_ids", "attention_mask"})
    return kind.of(processor, config.image_token_id, family.picture, None, 1 << 28, taken)
