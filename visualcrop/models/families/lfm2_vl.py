"""LFM2-VL: a small image near its own size, a large one in tiles and whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout
from ..layouts.tiling import grid_tiles_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class Lfm2Vl(Family):
    """
    LFM2-VL: tiles of 512 pixels, 16 x 16 tokens each, then the whole image in up to 256 tokens.

    Such as LiquidAI/LFM2-VL-1.6B and LiquidAI/LFM2-VL-3B. Most of their layers are short
    convolutions, which have neither keys nor values.
    """

    name = "lfm2-vl"
    model_types = ("lfm2_vl",)

    max_tiles: int | None = option(
        None, help="most tiles of one image, besides the whole; 1: none", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        from .pil_processors import Lfm2VlImageProcessorPil

        pixels = parts.image_processor(Lfm2VlImageProcessorPil)
        tokenizer = parts.tokenizer()
        pixels.max_tiles = self.max_tiles or pixels.max_tiles
        pixels.min_tiles = min(pixels.min_tiles, pixels.max_tiles)
        made: Any = transformers.Lfm2VlProcessor(
            pixels, tokenizer, chat_template=tokenizer.chat_template
        )
        made.text_kwargs = {}  # a BOS token that the tokenizer adds is not in our text
        return made

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels, size = processor.image_processor, view.size
        factor = pixels.encoder_patch_size * pixels.downsample_factor
        canvas, whole = pixels.plan(size)
        side = pixels.tile_size // factor
        of_whole = whole[0] // factor, whole[1] // factor
        layout = grid_tiles_layout(size, canvas, (side, side), whole=of_whole, first=False)
        shown = whole if canvas == (0, 0) else tuple(n * pixels.tile_size for n in canvas)
        return attrs.evolve(layout, shown=shown)

    def base(self, config: PretrainedConfig) -> int:
        """The side of a published tile, which the network's config does not have."""
        return 512

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "internvl"},
        }
