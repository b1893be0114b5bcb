"""The pseudocode of the paper's Fig. 7, line by line, with its N x N matrices: an oracle."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def fig7(
    x: Tensor, x_visual: Tensor, x_target: Tensor, *, normalise: str, clip: bool = False
) -> Tensor:
    """
    Object relevance map from value features *x*: layers x heads x tokens x width.

    The figure divides by `sum(dim=-1)` without `keepdim`, which is the reading "token"; its
    comment says row-wise, which is the reading "target". The product is left unnormalised. The
    figure has no *clip*: with it, negative cosines are zero from the start.
    """
    layers, _, n, _ = x.shape
    x = normalize(x, dim=-1)
    x = x.permute(0, 2, 1, 3).reshape(layers, n, -1)
    x = torch.bmm(x, x.permute(0, 2, 1))  # layers x tokens x tokens
    x = x.clamp_min(0) if clip else x
    object_rel_map = torch.ones(len(x_visual))
    for target in x_target:
        pseudo_attn = torch.zeros(len(x_visual))
        for layer in range(layers):
            identity = torch.eye(n)
            x_layer = (x[layer] + identity) / 2
            x_layer /= x_layer.sum(dim=-1, keepdim=normalise == "target")
            pseudo_attn += x_layer[target, x_visual]
        pseudo_attn /= pseudo_attn.sum()
        object_rel_map *= pseudo_attn
    return object_rel_map
