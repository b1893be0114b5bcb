"""Made-up features of 280 tokens, the image's among them, and our map of them."""

from __future__ import annotations

import torch
from torch import Tensor

from visualcrop.plugin import pseudo_attention
from visualcrop.relevance.vv import Normalise

TOKENS, IMAGE = 280, torch.arange(10, 266)


def features(heads: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Layers x heads x tokens x width, with a positive mean: no row sum is near zero."""
    drawn = torch.randn(4, heads, TOKENS, 32, generator=torch.Generator().manual_seed(seed))
    return (drawn + 0.5).to(dtype)


def ours(x: Tensor, targets: Tensor, normalise: Normalise, *, clip: bool) -> Tensor:
    """One score for each image token."""
    image = IMAGE.reshape(16, 16).numpy()
    layers = dict(enumerate(x))
    return pseudo_attention(layers, targets.numpy(), image, normalise=normalise, clip=clip).ravel()
