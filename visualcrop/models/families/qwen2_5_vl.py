"""Qwen2.5-VL: the image near its own size, in one grid of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, native_layout, stretch_thin
from .base import Family

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from transformers import PretrainedConfig


@attrs.frozen
class Qwen25Vl(Family):
    """Qwen2.5-VL: the image near its own size, in one grid of tokens of 28 pixels."""

    name = "qwen2-5-vl"
    model_types: ClassVar[tuple[str, ...]] = ("qwen2_5_vl",)
    processor_class: ClassVar[str] = "Qwen2_5_VLProcessor"  # in transformers

    max_pixels: int | None = option(
        None, help="largest image that is not shrunk, in pixels", validator=at_least(3136)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        if self.max_pixels is not None:
            pixels.size = {**dict(pixels.size), "longest_edge": self.max_pixels}
        processor_class = drop_video(getattr(transformers, self.processor_class))
        return processor_class(pixels, tokenizer, chat_template=tokenizer.chat_template)

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        encoder, size = config.vision_config, processor.image_processor.size
        return native_layout(
            view.picture.size,
            factor=encoder.patch_size * encoder.spatial_merge_size,
            min_pixels=size["shortest_edge"],
            max_pixels=size["longest_edge"],
        )

    def picture(self, view: View) -> Picture:
        """The picture, stretched if it is too thin for the processor."""
        size = stretch_thin(view.picture.size)
        return view.picture if size == view.picture.size else view.picture.resize(size)

    def base(self, config: PretrainedConfig) -> int:
        """The side that the paper's rule for boxes assumes; the encoder takes any size."""
        return 384

    def settings_for(self, layers: int) -> Mapping[str, object]:
        layer = layers * 22 // 36  # ViCrop takes layer 22 of the 36 of the 3B model
        own = {"layer": layer} if layer else {}
        return {
            "proposals.s_max": "auto",
            "focus": {"answer": "text-boxes", "t_type2": 0.5},
            "zoomeye": {"family": "qwen2-5-vl"},
            "vicrop": {"box": 224, **{f"source.{name}": value for name, value in own.items()}},
            "rel-att": own,
            "grad-att": own,
        }


def drop_video(processor_class: Any) -> Any:
    """A processor without its video processor, which needs torchvision."""

    class ImagesOnly(processor_class):  # type: ignore[misc]
        """Its signature lists the arguments, in which transformers looks for parts."""

        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
        ) -> None:
            super().__init__(image_processor, tokenizer, None, chat_template=chat_template)

    return ImagesOnly
