"""Qwen3-VL, dense and of experts: native grids in tokens of 32 pixels."""

from __future__ import annotations

import attrs

from .qwen2_5_vl import Qwen25Vl


@attrs.frozen
class Qwen3Vl(Qwen25Vl):
    """Qwen3-VL: the image near its own size, in one grid of tokens of 32 pixels."""

    name = "qwen3-vl"
    model_types = ("qwen3_vl",)


@attrs.frozen
class Qwen3VlMoe(Qwen25Vl):
    """Qwen3-VL with a mixture of experts: the image as Qwen3-VL's."""

    name = "qwen3-vl-moe"
    model_types = ("qwen3_vl_moe",)
