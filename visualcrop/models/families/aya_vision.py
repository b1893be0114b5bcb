"""Aya Vision and Command A Vision: tiles of the image, then the whole image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, PatchGrid
from ..layouts.tiling import get_covering_canvas, squashed_tiles_layout, tiled_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class AyaVision(Family):
    """
    Aya Vision: tiles of 364 pixels, 13 x 13 tokens each, then the whole image.

    Such as CohereLabs/aya-vision-8b and CohereLabs/aya-vision-32b.
    """

    name = "aya-vision"
    model_types = ("aya_vision",)

    max_tiles: int | None = option(
        None, help="most tiles of one image, besides the whole", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        pixels, tokenizer, seen = parts.image_processor(), parts.tokenizer(), config.vision_config
        pixels.max_patches = self.max_tiles or pixels.max_patches
        return transformers.AyaVisionProcessor(
            pixels,
            tokenizer,
            patch_size=seen.patch_size,
            img_size=seen.image_size,
            downsample_factor=config.downsample_factor,
            chat_template=tokenizer.chat_template,
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels, seen = processor.image_processor, config.vision_config
        patches = PatchGrid(seen.image_size, seen.patch_size * config.downsample_factor)
        fewest, most = pixels.min_patches, pixels.max_patches
        return tiled_layout(view.size, patches, min_tiles=fewest, max_tiles=most)

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "internvl"},
        }


@attrs.frozen
class Cohere2Vision(AyaVision):
    """
    Command A Vision: tiles of 512 pixels, 16 x 16 tokens each, then the whole image.

    Such as CohereLabs/command-a-vision-07-2025.
    """

    name = "cohere2-vision"
    model_types = ("cohere2_vision",)

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        from .pil_processors import Cohere2VisionImageProcessorPil

        pixels = parts.image_processor(Cohere2VisionImageProcessorPil)
        tokenizer = parts.tokenizer()
        pixels.max_patches = self.max_tiles or pixels.max_patches
        return transformers.Cohere2VisionProcessor(
            pixels, tokenizer, chat_template=tokenizer.chat_template
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels, size = processor.image_processor, view.size
        side, per_side = pixels.size["height"], pixels.patch_size
        most = pixels.max_patches if pixels.crop_to_patches else 1
        canvas = get_covering_canvas(size, side=side, max_tiles=most)
        return squashed_tiles_layout(size, PatchGrid(side, side // per_side), canvas)
