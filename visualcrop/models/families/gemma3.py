"""Gemma 3: one squashed view of the image, and crops of it where the processor adds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import Source
from ..layouts.layout import Eye, Layout, squashed
from ..layouts.tiling import pan_and_scan
from .base import Gridded

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class Gemma3(Gridded):
    """Gemma 3: the image squashed to 896 pixels, in one view of 16 x 16 tokens."""

    name = "gemma3"
    model_type = "gemma3"

    crops: bool = option(False, help="show a long image again in crops (pan and scan)")
    max_tiles: int | None = option(
        None, help="most crops of one image, the whole of it aside", validator=at_least(2)
    )

    def processor(self, source: Source, config: PretrainedConfig) -> Any:
        import transformers

        tokenizer = source.tokenizer()
        made: Any = transformers.Gemma3Processor(
            image_processor=source.part("AutoImageProcessor", backend="pil"),
            tokenizer=tokenizer,
            image_seq_length=config.mm_tokens_per_image,
            chat_template=tokenizer.chat_template,
        )
        how = {**made.images_kwargs, "do_pan_and_scan": self.crops}
        if self.max_tiles is not None:
            how["pan_and_scan_max_num_crops"] = self.max_tiles
        made.images_kwargs = how
        return made

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        side, per = config.vision_config.image_size, int(config.mm_tokens_per_image**0.5)
        eye, how = Eye(side, side // per), processor.images_kwargs
        if not self.crops:
            return squashed(view.picture.size, eye)
        return pan_and_scan(
            view.picture.size,
            eye,
            min_crop=how["pan_and_scan_min_crop_size"],
            max_crops=how["pan_and_scan_max_num_crops"],
            min_ratio=how["pan_and_scan_min_ratio_to_activate"],
        )

    def settings(self) -> Mapping[str, object]:
        return {"focus": {"answer": "interleaved", "t_type2": 0.5}}
