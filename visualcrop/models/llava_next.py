"""LLaVA-NeXT: one view of the whole image, and the image again in tiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ..layouts.anyres import anyres
from ..layouts.layout import Layout
from ..values import View
from .loading import Source
from .pretrained import Pretrained, eye_of

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class LlavaNext(Pretrained):
    """LLaVA-NeXT (1.6): the whole image, then tiles of it at up to four times the resolution."""

    name = "llava-next"
    model_type = "llava_next"

    def processor(self, source: Source, config: PretrainedConfig) -> Any:
        import transformers

        tokenizer = source.tokenizer()
        return transformers.LlavaNextProcessor(
            image_processor=source.part("AutoImageProcessor", backend="pil"),
            tokenizer=tokenizer,
            patch_size=config.vision_config.patch_size,
            vision_feature_select_strategy=config.vision_feature_select_strategy,
            num_additional_image_tokens=1,
            chat_template=tokenizer.chat_template,
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        eye = eye_of(config)
        return anyres(view.picture.size, eye, pinpoints=config.image_grid_pinpoints)

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        return {"focus": {"answer": "interleaved", "t_type2": 0.5}}
