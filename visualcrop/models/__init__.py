"""What the author of a model needs."""

from __future__ import annotations

from ..prompt import TextSpan
from .base import EncodedSize, ModelInfo, Patches, PixelGradients, QFormerAttention, Usage
from .checkpoints.fingerprint import checkpoint_fingerprint
from .engine.batching import BatchingModel

__all__ = [
    "BatchingModel",
    "EncodedSize",
    "ModelInfo",
    "Patches",
    "PixelGradients",
    "QFormerAttention",
    "TextSpan",
    "Usage",
    "checkpoint_fingerprint",
]
