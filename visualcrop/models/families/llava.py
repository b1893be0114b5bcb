"""LLaVA-1.5: one view of the image, squared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from ...strategy.base import option
from ...strategy.defaults import ConditionalDefault
from ...values import View
from ..checkpoints.loading import Source
from ..layouts.layout import Layout, centre_crop, padded_square
from .base import Gridded, eye_of

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_OTHER_THAN_VSTAR = ("hrbench", "mme-realworld-lite", "aokvqa", "gqa")  # that the paper tries


@attrs.frozen
class Llava(Gridded):
    """LLaVA-1.5: the whole image in one view of 24 x 24 tokens, padded to a square."""

    name = "llava"
    model_type = "llava"

    fit: Literal["pad", "crop"] = option(
        "pad", help="pad to a square, as trained, or crop one, as transformers does"
    )

    def processor(self, source: Source, config: PretrainedConfig) -> Any:
        import transformers

        pixels, tokenizer = source.part("AutoImageProcessor", backend="pil"), source.tokenizer()
        if self.fit == "pad":
            pixels = transformers.LlavaImageProcessorPil(**{**pixels.to_dict(), "do_pad": True})
        return transformers.LlavaProcessor(
            image_processor=pixels,
            tokenizer=tokenizer,
            patch_size=config.vision_config.patch_size,
            vision_feature_select_strategy=config.vision_feature_select_strategy,
            num_additional_image_tokens=1,
            chat_template=tokenizer.chat_template,
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        eye = eye_of(config)
        fit = padded_square if self.fit == "pad" else centre_crop
        return fit(view.picture.size, eye)

    def settings(self) -> Mapping[str, object]:
        """Table 7; its layers are those of the 7B model."""
        layers = {"relevance.layers": (14, 32)} if self.depth == 32 else {}
        anchors = {
            "proposals.k": ConditionalDefault(30, but=15, below=("steps", 4)),
            "proposals.s_dist": ConditionalDefault(2, but=3, on=_OTHER_THAN_VSTAR),
        }
        return {**layers, **anchors, "focus": {"answer": "crop", "t_type2": 0.6}}
