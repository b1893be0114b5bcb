"""What transformers itself makes of images, of the published sizes or of a tiny checkpoint's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import transformers as tf

from tests.support.published import NEXT_PINPOINTS, QWEN
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.processors import load_processor, processor_class
from visualcrop.models.layouts.layout import Size


def published_processor(family: str) -> Any:
    """A processor with the published numbers, and the tiny checkpoint's tokenizer."""
    tiny = load_processor(family, checkpoint(family))
    seen, options = _PUBLISHED[family]
    return processor_class(family)(image_processor=seen(), tokenizer=tiny.tokenizer, **options)


def picture(size: Size, seed: int = 0) -> PIL.Image.Image:
    """Noise, of that width and height."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    return PIL.Image.fromarray(pixels)


def weightless(size: Size) -> npt.NDArray[np.uint8]:
    """Channels x height x width of nothing, in one byte."""
    return np.broadcast_to(np.zeros((1, 1, 1), np.uint8), (3, size[1], size[0]))


def placeholders(
    processor: Any, pictures: list[PIL.Image.Image], token: str, **options: Any
) -> int:
    """How many image tokens a prompt of these pictures has."""
    begin = getattr(processor, "boi_token", processor.image_token)
    begin = "<|image|>" if begin == "<|image>" else begin  # Gemma 4 adds both of its tags itself
    made = processor(text=[begin * len(pictures) + " What?"], images=[pictures], **options)
    return int(made["input_ids"][0].count(processor.tokenizer.convert_tokens_to_ids(token)))


def _llava() -> Any:
    square = {"height": 336, "width": 336}
    return tf.CLIPImageProcessorPil(size={"shortest_edge": 336}, crop_size=square)


def _llava_next() -> Any:
    square = {"height": 336, "width": 336}
    return tf.LlavaNextImageProcessorPil(
        size={"shortest_edge": 336}, crop_size=square, image_grid_pinpoints=NEXT_PINPOINTS
    )


def _qwen2_5() -> Any:
    return tf.Qwen2VLImageProcessorPil(size={"shortest_edge": QWEN[0], "longest_edge": QWEN[1]})


def _qwen3() -> Any:
    return tf.Qwen2VLImageProcessorPil(
        size={"shortest_edge": 65_536, "longest_edge": 16_777_216}, patch_size=16
    )


_CLIP = {
    "patch_size": 14,
    "vision_feature_select_strategy": "default",
    "num_additional_image_tokens": 1,
}
_SIGLIP = {
    "num_image_tokens": 729,
    "vision_feature_select_strategy": "full",
    "vision_aspect_ratio": "anyres_max_9",
}
_PUBLISHED: dict[str, tuple[Any, dict[str, Any]]] = {
    "llava": (_llava, _CLIP),
    "llava-next": (_llava_next, _CLIP),
    "llava-onevision": (tf.LlavaOnevisionImageProcessorPil, _SIGLIP),
    "qwen2-5-vl": (_qwen2_5, {}),
    "qwen3-vl": (_qwen3, {}),
    "qwen3-5": (_qwen3, {}),
    "gemma4": (tf.Gemma4ImageProcessorPil, {"chat_template": "", "image_seq_length": 280}),
    "gemma3": (
        lambda: tf.Gemma3ImageProcessorPil(size={"height": 896, "width": 896}),
        {"image_seq_length": 256},
    ),
    "internvl": (
        lambda: tf.GotOcr2ImageProcessorPil(size={"height": 448, "width": 448}),
        {"image_seq_length": 256},
    ),
}
