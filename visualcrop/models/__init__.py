"""
For authors of models: families of Hugging Face checkpoints, layouts, decoding, meters.

Names are imported on first use, so that `import visualcrop` stays quick.
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from ..prompt import TextSpan
    from .base import EncodedSize, ModelInfo, Patches, PixelGradients, QFormerAttention, Usage
    from .checkpoints.fingerprint import checkpoint_fingerprint
    from .checkpoints.loading import ProcessorParts
    from .engine.generation import choose_greedily, decode
    from .engine.kv_cache import DecodingState, cache_argument, fork_cache
    from .engine.metering.meter import Measurement, Meter
    from .engine.metering.operators import measure_usage
    from .engine.runner import extend, score_reply
    from .engine.wrappers import BatchingModel
    from .families.base import Family
    from .families.gemma3 import Gemma3
    from .families.gemma4 import Gemma4
    from .families.glm4v import Glm4v, Glm4vMoe, Glm46v
    from .families.instructblip import InstructBlip
    from .families.internvl import InternVl
    from .families.llava import Llava
    from .families.llava_next import LlavaNext
    from .families.llava_onevision import LlavaOnevision
    from .families.mistral3 import Mistral3, Pixtral
    from .families.native_grids import NativeGrids
    from .families.paligemma import PaliGemma
    from .families.qwen2_5_vl import Qwen2Vl, Qwen25Vl
    from .families.qwen3_5 import Qwen35
    from .families.qwen3_vl import Qwen3Vl, Qwen3VlMoe
    from .families.single_squares import SingleSquares
    from .huggingface import HuggingFaceModel
    from .layouts.anyres import anyres_layout
    from .layouts.layout import (
        Layout,
        PatchGrid,
        budgeted_layout,
        cropped_layout,
        fitted_layout,
        native_layout,
        padded_layout,
        patch_grid,
        squashed_layout,
    )
    from .layouts.tiling import pan_and_scan_layout, tiled_layout
    from .loaded_network import from_transformers

_HOMES = {  # module -> its public names
    "..prompt": ("TextSpan",),
    ".base": ("EncodedSize", "ModelInfo", "Patches", "PixelGradients", "QFormerAttention", "Usage"),
    ".checkpoints.fingerprint": ("checkpoint_fingerprint",),
    ".checkpoints.loading": ("ProcessorParts",),
    ".engine.generation": ("choose_greedily", "decode"),
    ".engine.kv_cache": ("DecodingState", "cache_argument", "fork_cache"),
    ".engine.metering.meter": ("Measurement", "Meter"),
    ".engine.metering.operators": ("measure_usage",),
    ".engine.runner": ("extend", "score_reply"),
    ".engine.wrappers": ("BatchingModel",),
    ".families.base": ("Family",),
    ".families.gemma3": ("Gemma3",),
    ".families.gemma4": ("Gemma4",),
    ".families.glm4v": ("Glm4v", "Glm4vMoe", "Glm46v"),
    ".families.instructblip": ("InstructBlip",),
    ".families.internvl": ("InternVl",),
    ".families.llava": ("Llava",),
    ".families.llava_next": ("LlavaNext",),
    ".families.llava_onevision": ("LlavaOnevision",),
    ".families.mistral3": ("Mistral3", "Pixtral"),
    ".families.native_grids": ("NativeGrids",),
    ".families.paligemma": ("PaliGemma",),
    ".families.qwen2_5_vl": ("Qwen2Vl", "Qwen25Vl"),
    ".families.qwen3_5": ("Qwen35",),
    ".families.qwen3_vl": ("Qwen3Vl", "Qwen3VlMoe"),
    ".families.single_squares": ("SingleSquares",),
    ".huggingface": ("HuggingFaceModel",),
    ".layouts.anyres": ("anyres_layout",),
    ".layouts.layout": (
        "Layout",
        "PatchGrid",
        "budgeted_layout",
        "cropped_layout",
        "fitted_layout",
        "native_layout",
        "padded_layout",
        "patch_grid",
        "squashed_layout",
    ),
    ".layouts.tiling": ("pan_and_scan_layout", "tiled_layout"),
    ".loaded_network": ("from_transformers",),
}

__all__ = [
    "BatchingModel",
    "DecodingState",
    "EncodedSize",
    "Family",
    "Gemma3",
    "Gemma4",
    "Glm4v",
    "Glm4vMoe",
    "Glm46v",
    "HuggingFaceModel",
    "InstructBlip",
    "InternVl",
    "Layout",
    "Llava",
    "LlavaNext",
    "LlavaOnevision",
    "Measurement",
    "Meter",
    "Mistral3",
    "ModelInfo",
    "NativeGrids",
    "PaliGemma",
    "PatchGrid",
    "Patches",
    "PixelGradients",
    "Pixtral",
    "ProcessorParts",
    "QFormerAttention",
    "Qwen2Vl",
    "Qwen3Vl",
    "Qwen3VlMoe",
    "Qwen25Vl",
    "Qwen35",
    "SingleSquares",
    "TextSpan",
    "Usage",
    "anyres_layout",
    "budgeted_layout",
    "cache_argument",
    "checkpoint_fingerprint",
    "choose_greedily",
    "cropped_layout",
    "decode",
    "extend",
    "fitted_layout",
    "fork_cache",
    "from_transformers",
    "measure_usage",
    "native_layout",
    "padded_layout",
    "pan_and_scan_layout",
    "patch_grid",
    "score_reply",
    "squashed_layout",
    "tiled_layout",
]


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found: object = getattr(importlib.import_module(module, __name__), name)
            globals()[name] = found  # so that this function is not called again for it
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
