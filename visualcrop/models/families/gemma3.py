"""Gemma 3: the image squashed to a square, and crops of it with pan and scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, PatchGrid, squashed_layout
from ..layouts.tiling import pan_and_scan_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class Gemma3(Family):
    """Gemma 3: the image squashed to 896 pixels, in one view of 16 x 16 tokens."""

    name = "gemma3"
    model_types = ("gemma3",)

    crops: bool = option(False, help="show a long image again in crops (pan and scan)")
    max_tiles: int | None = option(
        None, help="most crops of one image, besides the whole", validator=at_least(2)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        how = self._cropping

        class Cropping(transformers.Gemma3Processor):
            """Crops as asked, whatever are the defaults of this version of transformers."""

            def _merge_kwargs(self, *given: Any, **options: Any) -> Any:
                merged = super()._merge_kwargs(*given, **options)
                return {**merged, "images_kwargs": {**merged["images_kwargs"], **how}}

        tokenizer = parts.tokenizer()
        return Cropping(
            image_processor=parts.image_processor(),
            tokenizer=tokenizer,
            image_seq_length=config.mm_tokens_per_image,
            chat_template=tokenizer.chat_template,
        )

    @property
    def _cropping(self) -> dict[str, Any]:
        """Arguments of the image processor, whose own settings are null in published files."""
        return {
            "do_pan_and_scan": self.crops,
            "pan_and_scan_min_crop_size": 256,
            "pan_and_scan_max_num_crops": self.max_tiles or 4,
            "pan_and_scan_min_ratio_to_activate": 1.2,
        }

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        side, per_side = config.vision_config.image_size, int(config.mm_tokens_per_image**0.5)
        patches, how = PatchGrid(side, side // per_side), self._cropping
        if not self.crops:
            return squashed_layout(view.size, patches)
        return pan_and_scan_layout(
            view.size,
            patches,
            min_crop=how["pan_and_scan_min_crop_size"],
            max_crops=how["pan_and_scan_max_num_crops"],
            min_ratio=how["pan_and_scan_min_ratio_to_activate"],
        )

    def is_causal(self, config: PretrainedConfig) -> bool:
        return False

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {"focus": {"answer": "interleaved", "t_type2": 0.5}}
