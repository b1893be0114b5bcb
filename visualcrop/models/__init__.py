"""
What authors of models need: families of Hugging Face checkpoints, layouts, internals, a meter.

Names are imported when they are used, so that `import visualcrop` stays quick.
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from ..prompt import TextSpan
    from .base import EncodedSize, ModelInfo, Patches, PixelGradients, QFormerAttention, Usage
    from .checkpoints.fingerprint import checkpoint_fingerprint
    from .checkpoints.loading import ProcessorParts
    from .engine.metering.meter import Meter
    from .engine.wrappers import BatchingModel
    from .families.base import Family, patch_grid
    from .huggingface import HuggingFaceModel
    from .layouts.anyres import anyres_layout
    from .layouts.layout import (
        Layout,
        PatchGrid,
        cropped_layout,
        native_layout,
        padded_layout,
        squashed_layout,
    )
    from .layouts.tiling import pan_and_scan_layout, tiled_layout
    from .loaded_network import from_transformers

_HOMES = {
    "..prompt": ("TextSpan",),
    ".base": (
        "EncodedSize",
        "ModelInfo",
        "Patches",
        "PixelGradients",
        "QFormerAttention",
        "Usage",
    ),
    ".checkpoints.fingerprint": ("checkpoint_fingerprint",),
    ".checkpoints.loading": ("ProcessorParts",),
    ".engine.wrappers": ("BatchingModel",),
    ".engine.metering.meter": ("Meter",),
    ".families.base": ("Family", "patch_grid"),
    ".huggingface": ("HuggingFaceModel",),
    ".layouts.anyres": ("anyres_layout",),
    ".layouts.layout": (
        "Layout",
        "PatchGrid",
        "cropped_layout",
        "native_layout",
        "padded_layout",
        "squashed_layout",
    ),
    ".layouts.tiling": ("pan_and_scan_layout", "tiled_layout"),
    ".loaded_network": ("from_transformers",),
}

__all__ = [
    "BatchingModel",
    "EncodedSize",
    "Family",
    "HuggingFaceModel",
    "Layout",
    "Meter",
    "ModelInfo",
    "PatchGrid",
    "Patches",
    "PixelGradients",
    "ProcessorParts",
    "QFormerAttention",
    "TextSpan",
    "Usage",
    "anyres_layout",
    "checkpoint_fingerprint",
    "cropped_layout",
    "from_transformers",
    "native_layout",
    "padded_layout",
    "pan_and_scan_layout",
    "patch_grid",
    "squashed_layout",
    "tiled_layout",
]


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found: object = getattr(importlib.import_module(module, __name__), name)
            globals()[name] = found  # the next time, this function is not asked
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
