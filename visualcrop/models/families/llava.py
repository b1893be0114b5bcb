"""LLaVA-1.5: the image in one square view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from ...strategy.base import option
from ...strategy.defaults import ConditionalDefault
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, cropped_layout, padded_layout, patch_grid
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_OTHER_THAN_VSTAR = ("hrbench", "mme-realworld-lite", "aokvqa", "gqa")  # the paper's other datasets


@attrs.frozen
class Llava(Family):
    """LLaVA-1.5: the whole image in one view of 24 x 24 tokens, padded to a square."""

    name = "llava"
    model_types = ("llava",)

    fit: Literal["pad", "crop"] = option(
        "pad", help="pad to a square, as trained, or crop one, as transformers does"
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        if self.fit == "pad":
            pixels = transformers.LlavaImageProcessorPil(**{**pixels.to_dict(), "do_pad": True})
        return transformers.LlavaProcessor(
            image_processor=pixels, tokenizer=tokenizer, **clip_arguments(config, tokenizer)
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        patches = patch_grid(config)
        fit = padded_layout if self.fit == "pad" else cropped_layout
        return fit(view.size, patches)

    def settings_for(self, layers: int) -> Mapping[str, object]:
        """The paper's Table 7, whose layers are for the 7B model."""
        relevance = {"relevance.layers": (14, 32)} if layers == 32 else {}
        anchors = {
            "proposals.k": ConditionalDefault(30, but=15, below=("steps", 4)),
            "proposals.s_dist": ConditionalDefault(2, but=3, on=_OTHER_THAN_VSTAR),
        }
        return {**relevance, **anchors, "focus": {"answer": "crop", "t_type2": 0.6}}


def clip_arguments(config: PretrainedConfig, tokenizer: Any) -> dict[str, Any]:
    """What processors of models with a CLIP encoder need to count its tokens, CLS included."""
    return {
        "patch_size": config.vision_config.patch_size,
        "vision_feature_select_strategy": config.vision_feature_select_strategy,
        "num_additional_image_tokens": 1,
        "chat_template": tokenizer.chat_template,
    }
