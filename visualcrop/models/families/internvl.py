"""InternVL: tiles of the image, then the whole image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, PatchGrid
from ..layouts.tiling import tiled_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class InternVl(Family):
    """
    InternVL 2.5, 3 and 3.5: tiles of 448 pixels, 16 x 16 tokens each, then the whole image.

    Such as OpenGVLab/InternVL3-8B-hf and OpenGVLab/InternVL3_5-8B-HF: not those without "hf", which
    are code of their own.
    """

    name = "internvl"
    model_types = ("internvl",)

    max_tiles: int | None = option(
        None, help="most tiles of one image, besides the whole", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        class ImagesOnly(transformers.InternVLProcessor):
            """Without the video processor, which needs torchvision."""

            def __init__(
                self,
                image_processor: Any = None,
                tokenizer: Any = None,
                image_seq_length: int = 256,
                chat_template: str | None = None,
            ) -> None:
                super().__init__(
                    image_processor,
                    tokenizer,
                    None,
                    image_seq_length=image_seq_length,
                    chat_template=chat_template,
                )

        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        pixels.max_patches = self.max_tiles or pixels.max_patches
        return ImagesOnly(pixels, tokenizer, config.image_seq_length, tokenizer.chat_template)

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels, per_side = processor.image_processor, int(config.image_seq_length**0.5)
        side = pixels.size["height"]
        fewest, most = pixels.min_patches, pixels.max_patches
        return tiled_layout(
            view.size, PatchGrid(side, side // per_side), min_tiles=fewest, max_tiles=most
        )

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "internvl"},
        }
