"""Qwen3.5: the image as Qwen3-VL's, before a decoder that is mostly linear attention."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .qwen2_5_vl import Qwen25Vl


@attrs.frozen
class Qwen35(Qwen25Vl):
    """Qwen3.5, dense or MoE: the image near its own size, in one grid of tokens of 32 pixels."""

    name = "qwen3-5"
    model_types = ("qwen3_5", "qwen3_5_moe")

    def settings_for(self, layers: int) -> Mapping[str, object]:
        # The layers of ViCrop's maps stay open: they take the nearest that has attention.
        return super().settings_for(0)
