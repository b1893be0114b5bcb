"""SAM's transformer: a few tokens and a picture look at each other. The checkpoint's names."""

from __future__ import annotations

import torch
from torch import Tensor, nn

HEADS = 8


class Attention(nn.Module):
    """Attention, perhaps in a narrower room."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, inner) for _ in range(3))
        self.out_proj = nn.Linear(inner, width)

    def forward(self, asking: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """As many as ask x width."""
        told = nn.functional.scaled_dot_product_attention(
            *(
                project(x).unflatten(-1, (HEADS, -1)).transpose(0, 1)[None]
                for project, x in (
                    (self.q_proj, asking),
                    (self.k_proj, keys),
                    (self.v_proj, values),
                )
            )
        )
        out: Tensor = self.out_proj(told[0].transpose(0, 1).flatten(1))
        return out


class FeedForward(nn.Module):
    """Two layers."""

    def __init__(self, width: int, wide: int) -> None:
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(width, wide), nn.Linear(wide, width)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        out: Tensor = self.lin2(self.lin1(x).relu())
        return out


class Layer(nn.Module):
    """Tokens look at one another, then at the picture; then the picture looks at them."""

    def __init__(self, width: int, inner: int, wide: int) -> None:
        super().__init__()
        self.self_attn = Attention(width, width)
        self.cross_attn_token_to_image = Attention(width, inner)
        self.cross_attn_image_to_token = Attention(width, inner)
        self.mlp = FeedForward(width, wide)
        self.norm1, self.norm2, self.norm3, self.norm4 = (nn.LayerNorm(width) for _ in range(4))

    def forward(
        self, tokens: Tensor, picture: Tensor, first: Tensor, places: Tensor, *, begins: bool
    ) -> tuple[Tensor, Tensor]:
        """Both, as they are now; *first* are the tokens as they came, their own places."""
        if begins:
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            placed = tokens + first
            tokens = tokens + self.self_attn(placed, placed, tokens)
        tokens = self.norm1(tokens)
        seen = self.cross_attn_token_to_image(tokens + first, picture + places, picture)
        tokens = self.norm2(tokens + seen)
        tokens = self.norm3(tokens + self.mlp(tokens))
        told = self.cross_attn_image_to_token(picture + places, tokens + first, tokens)
        return tokens, self.norm4(picture + told)


class TwoWay(nn.Module):
    """Layer by layer; in the end the tokens look once more."""

    def __init__(self, width: int, inner: int, wide: int, depth: int) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.ModuleList(Layer(width, inner, wide) for _ in range(depth))
        self.final_attn_token_to_image = Attention(width, inner)
        self.norm_final_attn = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, picture: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens x width and cells x width, as they are in the end."""
        first = tokens
        for number, layer in enumerate(self.layers):
            tokens, picture = layer(tokens, picture, first, places, begins=number == 0)
        seen = self.final_attn_token_to_image(tokens + first, picture + places, picture)
        out: Tensor = self.norm_final_attn(tokens + seen)
        return out, picture


def spread(frequencies: Tensor, side: int) -> Tensor:
    """Places of side x side cells as waves of random length: cells x width."""
    middles = (torch.arange(side, device=frequencies.device) + 0.5) / side
    down, across = torch.meshgrid(middles, middles, indexing="ij")
    places = 2 * torch.stack([across, down], -1).flatten(0, 1) - 1
    waves = 2 * torch.pi * (places @ frequencies.float())
    return torch.cat([waves.sin(), waves.cos()], -1)
