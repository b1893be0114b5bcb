"""The Perceiver that tells an object in 32 tokens. Modules bear the checkpoint's names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import torch
from torch import Tensor, nn

from .fitting import fitted

HEAD = 96  # width of an attention head


class Attention(nn.Module):
    """Latents look at the picture and at one another."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.norm_media, self.norm_latents = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, seen: Tensor, latents: Tensor) -> Tensor:
        """Latents x width."""
        seen, latents = self.norm_media(seen), self.norm_latents(latents)
        keys, values = self.to_kv(torch.cat([seen, latents])).chunk(2, dim=-1)
        heads = (x.unflatten(-1, (-1, HEAD)).transpose(0, 1)[None] for x in (keys, values))
        asking = self.to_q(latents).unflatten(-1, (-1, HEAD)).transpose(0, 1)[None]
        told = nn.functional.scaled_dot_product_attention(asking, *heads)
        out: Tensor = self.to_out(told[0].transpose(0, 1).flatten(1))
        return out


class Resampler(nn.Module):
    """Patches of a picture -> as many latents as were learned."""

    def __init__(self, latents: int, width: int, inner: int, wide: int, depth: int) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.zeros(latents, width))
        self.media_pos_emb = nn.Parameter(torch.zeros(1, 1, width))
        self.layers = nn.ModuleList(
            nn.ModuleList([Attention(width, inner), _feed_forward(width, wide)])
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, seen: Tensor) -> Tensor:
        """Latents x width."""
        seen, latents = seen + self.media_pos_emb[0], self.latents
        for layer in self.layers:
            attend, feed = layer.children()
            latents = latents + attend(seen, latents)
            latents = latents + feed(latents)
        out: Tensor = self.norm(latents)
        return out


def object_projector(tensors: Mapping[str, Tensor]) -> nn.Sequential:
    """Norm, resampler, projection: as large as the checkpoint's tensors are."""
    size = {name: tensor.shape for name, tensor in tensors.items()}
    depth = next(n for n in count() if f"1.layers.{n}.0.to_q.weight" not in size)
    inner, width = size["1.layers.0.0.to_q.weight"]
    wide = size["1.layers.0.1.1.weight"][0]
    out = size["2.weight"][0]
    made = nn.Sequential(
        nn.LayerNorm(width),
        Resampler(size["1.latents"][0], width, inner, wide, depth),
        nn.Linear(width, out),
    )
    return fitted(made, tensors, "the object projector")


def _feed_forward(width: int, wide: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, wide, bias=False),
        nn.GELU(),
        nn.Linear(wide, width, bias=False),
    )
