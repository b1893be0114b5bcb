"""LLaVA-OneVision: the whole image, then local crops of up to 36 tiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...strategy.defaults import ConditionalDefault
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.anyres import anyres_layout
from ..layouts.layout import Layout, padded_layout, patch_grid
from .base import Family
from .llava_next import limit_tiles

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@attrs.frozen
class LlavaOnevision(Family):
    """LLaVA-OneVision: the whole image, then local crops; of several images, one view each."""

    name = "llava-onevision"
    model_types = ("llava_onevision",)

    max_tiles: int | None = option(
        None, help="most tiles of one image, besides the whole", validator=at_least(1)
    )
    tile_all: bool = option(
        False, help="cut several images of a prompt into tiles, too, not only a single one"
    )

    def apply_options(self, config: PretrainedConfig) -> None:
        limit_tiles(config, self.max_tiles)

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
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

        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        pixels.image_grid_pinpoints = config.image_grid_pinpoints
        return ImagesOnly(
            _process_each_alone(pixels) if self.tile_all else pixels,
            tokenizer,
            # transformers includes the class token if the encoder has one.
            num_image_tokens=patch_grid(config).tokens
            + (config.vision_feature_select_strategy == "default"),
            vision_feature_select_strategy=config.vision_feature_select_strategy,
            chat_template=tokenizer.chat_template,
            vision_aspect_ratio=config.vision_aspect_ratio,
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        patches, size = patch_grid(config), view.size
        if among > 1 and not self.tile_all:
            return padded_layout(size, patches, extra=1)
        tiles = int(config.vision_aspect_ratio.removeprefix("anyres_max_"))
        return anyres_layout(size, patches, pinpoints=config.image_grid_pinpoints, reduced_to=tiles)

    def settings_for(self, layers: int) -> Mapping[str, object]:
        """The paper's Table 7, whose layers are for the 7B model."""
        relevance = {"relevance.layers": (21, 28)} if layers == 28 else {}
        largest = {"proposals.s_max": ConditionalDefault(5, but=9, on=("vstar",))}
        return {
            **relevance,
            **largest,
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "llava-onevision"},
        }


def _process_each_alone(pixels: Any) -> Any:
    """An image processor like *pixels* that processes each image as if it were the only one."""
    import transformers

    class EachAlone(transformers.LlavaOnevisionImageProcessorPil):
        """`batch_num_images` of its output has prompts of one image, too."""

        def preprocess(self, images: Any, **options: Any) -> Any:
            return super().preprocess([one for several in images for one in several], **options)

    return EachAlone(**pixels.to_dict())
