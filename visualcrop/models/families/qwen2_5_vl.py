"""Qwen2-VL and Qwen2.5-VL: native grids in tokens of 28 pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs

from ...strategy.defaults import OwnDefault
from ..layouts.layout import MAX_RATIO
from .native_grids import NativeGrids


@attrs.frozen
class Qwen25Vl(NativeGrids):
    """Qwen2.5-VL: the image near its own size, in one grid of tokens of 28 pixels."""

    name = "qwen2-5-vl"
    model_types: ClassVar[tuple[str, ...]] = ("qwen2_5_vl",)
    max_ratio: ClassVar[int] = MAX_RATIO

    def settings_for(self, layers: int) -> Mapping[str, object]:
        layer = layers * 22 // 36  # ViCrop and LookWise take layer 22 of the 36 of the 3B model
        own = {"layer": layer} if layer else {}
        return {
            "proposals.s_max": "auto",
            "focus": {"answer": OwnDefault("text-boxes", paper="interleaved"), "t_type2": 0.5},
            "zoomeye": {"family": "qwen2-5-vl"},
            "vicrop": {"box": 224, **{f"source.{name}": value for name, value in own.items()}},
            "rel-att": own,
            "grad-att": own,
            "layer-att": own,
        }


@attrs.frozen
class Qwen2Vl(Qwen25Vl):
    """Qwen2-VL: the image near its own size, in one grid of tokens of 28 pixels."""

    name = "qwen2-vl"
    model_types = ("qwen2_vl",)
