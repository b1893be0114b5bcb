"""SAM's mask decoder with V*'s way up: doubled, then folded. The checkpoint's names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, pairwise

import torch
from torch import Tensor, nn

from .fitting import fitted, under
from .two_way import TwoWay, spread


class Doubled(nn.Module):
    """Twice the size, smoothly, then a 3 x 3 convolution."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Channels x rows x columns."""
        large = nn.functional.interpolate(x.float()[None], scale_factor=2, mode="bilinear")[0]
        out: Tensor = self.conv(large.to(x.dtype))
        return out


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each cell."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Channels x rows x columns."""
        cells = nn.functional.layer_norm(
            x.movedim(0, -1), self.weight.shape, self.weight, self.bias, 1e-6
        )
        return cells.movedim(-1, 0)


class Perceptron(nn.Module):
    """Three layers."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        pairs = pairwise(sizes)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairs)

    def forward(self, x: Tensor) -> Tensor:
        """A vector."""
        *inner, last = self.layers
        for layer in inner:
            x = layer(x).relu()
        out: Tensor = last(x)
        return out


class MaskDecoder(nn.Module):
    """Features and what to find in them -> one mask, in logits; its quality is not guessed."""

    def __init__(self, transformer: TwoWay, ways: tuple[int, int], masks: int) -> None:
        super().__init__()
        width, (first, second) = transformer.width, ways
        self.transformer = transformer
        self.iou_token, self.mask_tokens = nn.Embedding(1, width), nn.Embedding(masks, width)
        self.output_upscaling = nn.Sequential(
            Doubled(width, first), ChannelNorm(first), nn.GELU(), Doubled(first, second), nn.GELU()
        )
        self.output_hypernetworks_mlps = nn.ModuleList(
            [Perceptron([width, width, width, second])]  # of four, the one for a single mask
        )

    def forward(self, features: Tensor, query: Tensor, no_mask: Tensor, waves: Tensor) -> Tensor:
        """*features*, rows x columns x width -> logits, four times as many rows and columns."""
        tokens = torch.cat([self.iou_token.weight, self.mask_tokens.weight, query[None]])
        picture = (features + no_mask).flatten(0, 1)
        places = spread(waves, len(features)).to(features)
        told, picture = self.transformer(tokens, picture, places)
        large = self.output_upscaling(picture.unflatten(0, features.shape[:2]).movedim(-1, 0))
        mixed = self.output_hypernetworks_mlps[0](told[1])
        return torch.einsum("c,cyx->yx", mixed, large)


def mask_decoder(tensors: Mapping[str, Tensor]) -> MaskDecoder:
    """As large as the checkpoint's tensors are."""
    size = {name: tensor.shape for name, tensor in tensors.items()}
    layer = "transformer.layers.{}.mlp.lin1.weight"
    wide, width = size[layer.format(0)]
    inner = size["transformer.final_attn_token_to_image.q_proj.weight"][0]
    depth = next(n for n in count() if layer.format(n) not in size)
    first, second = (size[f"output_upscaling.{n}.conv.weight"][0] for n in (0, 3))
    transformer = TwoWay(width, inner, wide, depth)
    made = MaskDecoder(transformer, (first, second), size["mask_tokens.weight"][0])
    return fitted(made, tensors, "the mask decoder")


def no_mask(tensors: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """From the prompt encoder, what stands for no mask, and the random wave lengths of places."""
    found = under(tensors, "model.prompt_encoder.")
    return (
        found["no_mask_embed.weight"][0],
        found["pe_layer.positional_encoding_gaussian_matrix"],
    )
