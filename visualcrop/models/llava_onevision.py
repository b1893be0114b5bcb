"""LLaVA-OneVision: one view of the whole image, and local crops of up to 36 tiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ..layouts.anyres import anyres
from ..layouts.layout import Layout, padded_square
from ..values import View
from .loading import Source
from .pretrained import Pretrained, eye_of

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class LlavaOnevision(Pretrained):
    """LLaVA-OneVision: the whole image, then local crops; in company, one padded view each."""

    name = "llava-onevision"
    model_type = "llava_onevision"

    def processor(self, source: Source, config: PretrainedConfig) -> Any:
        import transformers

        class ImagesOnly(transformers.LlavaOnevisionProcessor):
            """Without the video processor, which needs torchvision."""

            def __init__(
                self,
                image_processor: Any = None,
                tokenizer: Any = None,
                num_image_tokens: int | None = None,
                vision_feature_select_strategy: str | None = None,
                chat_template: str | None = None,
                vision_aspect_ratio: str = "anyres_max_9",
            ) -> None:
                super().__init__(
                    image_processor=image_processor,
                    tokenizer=tokenizer,
                    video_processor=None,
                    num_image_tokens=num_image_tokens,
                    vision_feature_select_strategy=vision_feature_select_strategy,
                    chat_template=chat_template,
                    vision_aspect_ratio=vision_aspect_ratio,
                )

        tokenizer = source.tokenizer()
        return ImagesOnly(
            source.part("AutoImageProcessor", backend="pil"),
            tokenizer,
            num_image_tokens=eye_of(config).tokens,
            vision_feature_select_strategy=config.vision_feature_select_strategy,
            chat_template=tokenizer.chat_template,
            vision_aspect_ratio=config.vision_aspect_ratio,
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        eye, size = eye_of(config), view.picture.size
        if among > 1:
            return padded_square(size, eye, extra=1)
        tiles = int(config.vision_aspect_ratio.removeprefix("anyres_max_"))
        return anyres(size, eye, pinpoints=config.image_grid_pinpoints, max_tiles=tiles)

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        """Table 7, for the 28 layers of the 7B model."""
        layers = {"relevance.layers": (21, 28)} if self.depth == 28 else {}
        return {"focus": {**layers, "answer": "interleaved", "t_type2": 0.5}}
