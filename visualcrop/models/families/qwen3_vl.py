"""Qwen3-VL: the image near its own size, in one grid like Qwen2.5-VL's, with larger tokens."""

from __future__ import annotations

import attrs

from .qwen2_5_vl import Qwen25Vl


@attrs.frozen
class Qwen3Vl(Qwen25Vl):
    """Qwen3-VL: the image near its own size, in one grid of tokens of 32 pixels."""

    name = "qwen3-vl"
    model_types = ("qwen3_vl",)
    processor_class = "Qwen3VLProcessor"
