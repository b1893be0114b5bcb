"""Qwen3-VL: the image near its own size, in one grid, like Qwen2.5-VL's but of larger tokens."""

from __future__ import annotations

from typing import Any

import attrs

from .qwen2_5_vl import Qwen25Vl


@attrs.frozen
class Qwen3Vl(Qwen25Vl):
    """Qwen3-VL: the image near its own size, in one grid of tokens of 32 pixels."""

    name = "qwen3-vl"
    model_types = ("qwen3_vl",)

    def images_only(self) -> Any:
        import transformers

        class ImagesOnly(transformers.Qwen3VLProcessor):
            """Its arguments are all that transformers may give it."""

            def __init__(
                self,
                image_processor: Any = None,
                tokenizer: Any = None,
                chat_template: str | None = None,
            ) -> None:
                super().__init__(image_processor, tokenizer, None, chat_template=chat_template)

        return ImagesOnly
