"""Ovis2: the whole image, then tiles of it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, PatchGrid
from ..layouts.tiling import (
    get_area_canvas,
    get_optimal_tiled_canvas,
    squashed_tiles_layout,
)
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class Ovis2(Family):
    """
    Ovis2: the whole image, then tiles of 448 pixels, 16 x 16 tokens each.

    Such as thisisiron/Ovis2-8B-hf.
    """

    name = "ovis2"
    model_types = ("ovis2",)
    oldest_transformers = "5.21"  # older ones want torchvision, or run it otherwise

    max_tiles: int | None = option(
        None, help="most tiles of one image, besides the whole", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        pixels, tokenizer, seen = parts.image_processor(), parts.tokenizer(), config.vision_config
        pixels.max_patches = self.max_tiles or pixels.max_patches
        per_side = -(-(seen.image_size // seen.patch_size) // seen.hidden_stride)
        return transformers.Ovis2Processor(
            pixels,
            tokenizer,
            image_seq_length=per_side**2,
            chat_template=tokenizer.chat_template,
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels, size = processor.image_processor, view.size
        side = pixels.size["height"]
        patches = PatchGrid(side, side // isqrt(processor.image_seq_length))
        fewest, most = pixels.min_patches, pixels.max_patches
        if not pixels.crop_to_patches:
            canvas = 1, 1
        elif pixels.use_covering_area_grid:
            canvas = get_area_canvas(size, side=side, max_tiles=most)
        else:
            canvas = get_optimal_tiled_canvas(size, side=side, min_tiles=fewest, max_tiles=most)
        return squashed_tiles_layout(size, patches, canvas, whole_first=True)

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "internvl"},
        }

    def closing_tokens(self, config: PretrainedConfig, processor: Any) -> frozenset[int]:
        """The tokens around images, which are embedded as such only in a pass with pixels."""
        return frozenset(config.visual_indicator_token_ids)
