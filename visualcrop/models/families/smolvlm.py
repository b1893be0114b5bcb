"""Idefics3 and SmolVLM: tiles of the image, then the whole image."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, PatchGrid
from ..layouts.tiling import get_split_canvas, squashed_tiles_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class SmolVlm(Family):
    """
    SmolVLM, SmolVLM2 and Idefics3: tiles of 364 to 512 pixels, then the whole image in one.

    Such as HuggingFaceTB/SmolVLM2-2.2B-Instruct and HuggingFaceM4/Idefics3-8B-Llama3.
    """

    name = "smolvlm"
    model_types = ("smolvlm", "idefics3")
    oldest_transformers = "5.21"  # older ones want torchvision, or run it otherwise

    max_tiles: int | None = option(
        None, help="most tiles of one image, besides the whole", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        pixels, tokenizer, seen = parts.image_processor(), parts.tokenizer(), config.vision_config
        if self.max_tiles is not None:
            side, longest = pixels.max_image_size["longest_edge"], pixels.size["longest_edge"]
            most = side * isqrt(self.max_tiles)  # a square image has as many rows as columns
            pixels.size = {"longest_edge": min(longest, most)}
        per_side = seen.image_size // seen.patch_size // config.scale_factor
        return _processor_class()(
            pixels, tokenizer, image_seq_len=per_side**2, chat_template=tokenizer.chat_template
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels, size = processor.image_processor, view.size
        side, longest = pixels.max_image_size["longest_edge"], pixels.size["longest_edge"]
        patches = PatchGrid(side, side // isqrt(processor.image_seq_len))
        split = pixels.do_image_splitting
        canvas = get_split_canvas(size, side=side, longest=longest) if split else (1, 1)
        return squashed_tiles_layout(size, patches, canvas)

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "internvl"},
        }


def _processor_class() -> Any:
    """Idefics3's: SmolVLM's writes the same prompts, and needs num2words for its videos."""
    import transformers

    class Idefics3Processor(transformers.Idefics3Processor):
        """Called as every other: its own way looks up tokens by characters, for ids not needed."""

        @property
        def unused_input_names(self) -> list[str]:
            return ["rows", "cols"]

        def prepare_inputs_layout(  # type: ignore[override]
            self, images: Any = None, text: Any = None, **named: Any
        ) -> Any:
            return (*super().prepare_inputs_layout(images=images, text=text, **named), None, None)

        def __call__(self, *args: Any, **options: Any) -> Any:
            return transformers.ProcessorMixin.__call__(self, *args, **options)

    return Idefics3Processor
