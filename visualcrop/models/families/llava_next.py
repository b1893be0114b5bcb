"""LLaVA-NeXT: the whole image, then the image in tiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...errors import ModelError
from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.anyres import anyres_layout, limit_pinpoints
from ..layouts.layout import Layout, patch_grid
from .base import Family
from .llava import clip_arguments

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class LlavaNext(Family):
    """LLaVA-NeXT (1.6): the whole image, then tiles of it at up to four times the resolution."""

    name = "llava-next"
    model_types = ("llava_next",)

    max_tiles: int | None = option(
        None, help="most tiles of one image, besides the whole", validator=at_least(1)
    )

    def apply_options(self, config: PretrainedConfig) -> None:
        limit_tiles(config, self.max_tiles)

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        pixels.image_grid_pinpoints = config.image_grid_pinpoints
        return transformers.LlavaNextProcessor(
            image_processor=pixels, tokenizer=tokenizer, **clip_arguments(config, tokenizer)
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        patches = patch_grid(config)
        return anyres_layout(view.size, patches, pinpoints=config.image_grid_pinpoints)

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "llava-onevision"},
        }


def limit_tiles(config: PretrainedConfig, most: int | None) -> None:
    """Remove canvases of more than *most* tiles from *config*, where the network finds them."""
    side, every = config.vision_config.image_size, config.image_grid_pinpoints
    config.image_grid_pinpoints = limit_pinpoints(every, side, most)
    if not config.image_grid_pinpoints:
        least = min(height * width for height, width in every) // side**2
        raise ModelError(f"This checkpoint cuts an image into {least} tiles or more, not {most}.")
