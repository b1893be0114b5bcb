"""Qwen3-VL: the image near its own size, in one grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ..strategy import at_least, option
from ..values import View
from .layouts import Layout
from .loading import Source
from .pretrained import Pretrained
from .qwen2_5_vl import bounded, native_layout, stretched

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from transformers import PretrainedConfig


@attrs.frozen
class Qwen3Vl(Pretrained):
    """Qwen3-VL: the image near its own size, in one grid of tokens of 32 pixels."""

    name = "qwen3-vl"
    model_type = "qwen3_vl"

    max_pixels: int | None = option(
        None, help="largest image that is not shrunk, in pixels", validator=at_least(4096)
    )

    def processor(self, source: Source, config: PretrainedConfig) -> Any:
        import transformers

        class ImagesOnly(transformers.Qwen3VLProcessor):
            """Without the video processor, which needs torchvision."""

            def __init__(
                self,
                image_processor: Any = None,
                tokenizer: Any = None,
                chat_template: str | None = None,
            ) -> None:
                super().__init__(image_processor, tokenizer, None, chat_template=chat_template)

        pixels = bounded(source.part("AutoImageProcessor", backend="pil"), self.max_pixels)
        tokenizer = source.tokenizer()
        return ImagesOnly(pixels, tokenizer, chat_template=tokenizer.chat_template)

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        return native_layout(view, processor, config)

    def picture(self, view: View) -> Picture:
        """Stretched where it is too thin for the processor."""
        return stretched(view)

    def base(self, config: PretrainedConfig) -> int:
        """It sees images of any size; this is what the paper's rule for boxes was made for."""
        return 384

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        return {"focus": {"answer": "text-boxes", "proposals.s_max": "auto", "t_type2": 0.5}}
