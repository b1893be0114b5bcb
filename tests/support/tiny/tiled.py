"""Tiny checkpoints of families that cut images into tiles: what each is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any
from unittest.mock import patch

import attrs
import transformers as tf
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast, ProcessorMixin
from transformers.models.smolvlm import processing_smolvlm

from tests.support.tiny.tokenizers import byte_level

Numbers = dict[str, Any]  # keyword arguments of a config


@attrs.frozen
class TiledFamily:
    """The parts of a tiny checkpoint, which its processor and its network have to agree on."""

    network: type[PreTrainedModel]
    eye: tuple[int, int]  # side of a tile, side of a patch
    config: Callable[[Numbers, Numbers, Any], PreTrainedConfig]  # of eye, text, token -> id
    processor: type[ProcessorMixin]
    image_processor: Callable[[], Any]
    tokens: tuple[str, ...]  # special ones
    named: Mapping[str, str] = attrs.field(factory=dict)  # attributes of the tokenizer
    options: Mapping[str, Any] = attrs.field(factory=dict)  # of the processor
    whole_last: bool = True  # whether the picture of the whole image comes after the tiles

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """As Qwen's, with the family's special tokens."""
        chat = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        return byte_level([*chat, *self.tokens], dict(self.named))


def _numbered(template: str, most: int) -> list[str]:
    """Tokens that say in which row and column a tile is."""
    every = range(1, most + 1)
    return [template.format(row, column) for row, column in product(every, every)]


class SmolVLMProcessor(tf.SmolVLMProcessor):
    """Without the video processor, whose numbers it would spell with num2words."""

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        image_seq_len: int = 169,
        chat_template: str | None = None,
    ) -> None:
        with patch.object(processing_smolvlm, "num2words", str):
            super().__init__(
                image_processor, tokenizer, None, image_seq_len, chat_template=chat_template
            )

    def apply_chat_template(self, *args: Any, **options: Any) -> Any:
        return ProcessorMixin.apply_chat_template(self, *args, **options)


def _smolvlm(eye: Numbers, text: Numbers, token: Any) -> PreTrainedConfig:
    return tf.SmolVLMConfig(
        vision_config=tf.SmolVLMVisionConfig(**eye).to_dict(),
        text_config=tf.LlamaConfig(**text),
        image_token_id=token("<image>"),
        scale_factor=2,
    )


TILED: dict[str, TiledFamily] = {
    "smolvlm": TiledFamily(
        tf.SmolVLMForConditionalGeneration,
        (56, 14),
        _smolvlm,
        SmolVLMProcessor,
        lambda: tf.SmolVLMImageProcessorPil(
            size={"longest_edge": 168}, max_image_size={"longest_edge": 56}
        ),
        (
            *("<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>"),
            *_numbered("<row_{}_col_{}>", 6),
        ),
        options={"image_seq_len": 4},
    ),
}
