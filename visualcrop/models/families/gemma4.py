"""Gemma 4: the image in its own shape, scaled to a budget of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from ...strategy.base import option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, budgeted_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class Gemma4(Family):
    """Gemma 4: the image in its own shape, scaled to at most 280 tokens of 48 pixels."""

    name = "gemma4"
    model_types = ("gemma4",)
    oldest_transformers = "5.21"  # older ones want torchvision, or run it otherwise

    image_tokens: Literal[70, 140, 280, 560, 1120] | None = option(
        None, help="most tokens of one image; none is the checkpoint's own number, mostly 280"
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        if self.image_tokens is not None:
            pixels.max_soft_tokens = self.image_tokens
        return _images_only()(pixels, tokenizer, tokenizer.chat_template)

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels = processor.image_processor
        factor = pixels.patch_size * pixels.pooling_kernel_size
        return budgeted_layout(view.size, factor=factor, max_tokens=pixels.max_soft_tokens)

    def base(self, config: PretrainedConfig) -> int:
        """The side of a square image of 280 tokens; the encoder takes any shape."""
        encoder = config.vision_config
        return int(16 * encoder.patch_size * encoder.pooling_kernel_size)

    def is_causal(self, config: PretrainedConfig) -> bool:
        """Of the larger models, image tokens attend to one another."""
        return getattr(config.get_text_config(), "use_bidirectional_attention", None) is None

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {"focus": {"answer": "interleaved", "t_type2": 0.5}}


def _images_only() -> Any:
    """The class of processors without the parts for videos, which need torchvision, and sounds."""
    from transformers import Gemma4Processor, ProcessorMixin

    class OfGivenParts(ProcessorMixin):
        """The base class of Gemma's, to which it hands on all parts by name."""

        def __init__(self, **parts: Any) -> None:
            super().__init__(**{name: part for name, part in parts.items() if part is not None})

    class ImagesOnly(Gemma4Processor, OfGivenParts):
        """Its signature lists the arguments, in which transformers looks for parts."""

        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
        ) -> None:
            super().__init__(None, image_processor, tokenizer, None, chat_template=chat_template)

    return ImagesOnly
