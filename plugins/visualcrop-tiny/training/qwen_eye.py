"""The vision tower of Qwen2.5-VL's layout, made from that of a trained LLaVA."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .model import enlarge_patches, get_vision_tower
from .native_dataset import TOKEN_SIDE
from .vision_inputs import SIDE

PATCH = TOKEN_SIDE // 2  # pixels on a side


@torch.no_grad()
def take_over_eye(tower: Any, llava: Any) -> None:
    """
    Start from the vision tower of a LLaVA, whose patches have twice as many pixels on a side.

    Each patch is seen as CLIP sees it enlarged, and a token is the mean of four. Layers compute
    what they did before, but for places: those that CLIP learnt by heart are rotations here. As
    `LayerNorm` takes the mean from what it normalizes, nothing writes a mean any more; its bias is
    that of the next layer. `silu(1.702 x) / 1.702` is CLIP's activation.
    """
    clip, projector = get_vision_tower(llava), llava.model.multi_modal_projector
    hidden = clip.embeddings.position_embedding.embedding_dim
    centre = torch.eye(hidden) - 1 / hidden
    embedded, final = _embed_noise(clip)
    first = clip.pre_layrnorm.weight[:, None] * centre / embedded.std(-1).mean()
    kernel = clip.embeddings.patch_embedding.weight.flatten(2) @ enlarge_patches(PATCH).T
    kernel = (centre @ first @ kernel.flatten(1)).view(hidden, 3, 1, PATCH, PATCH)
    tower.patch_embed.proj.weight.copy_(kernel.expand(-1, -1, 2, -1, -1) / 2)
    place = clip.embeddings.position_embedding.weight[1:].mean(0)
    for block, layer in zip(tower.blocks, clip.encoder.layers, strict=True):
        attention, mlp = layer.self_attn, layer.mlp
        block.norm1.weight.copy_(layer.layer_norm1.weight)
        block.norm2.weight.copy_(layer.layer_norm2.weight)
        projections = attention.q_proj, attention.k_proj, attention.v_proj
        qkv = torch.cat([each.weight for each in projections])
        block.attn.qkv.weight.copy_(qkv)
        bias = torch.cat([each.bias for each in projections])
        block.attn.qkv.bias.copy_(bias + qkv @ layer.layer_norm1.bias)
        block.attn.proj.weight.copy_(centre @ attention.out_proj.weight)
        block.attn.proj.bias.copy_(centre @ attention.out_proj.bias)
        block.mlp.gate_proj.weight.copy_(1.702 * mlp.fc1.weight)
        block.mlp.gate_proj.bias.copy_(
            1.702 * (mlp.fc1.bias + mlp.fc1.weight @ layer.layer_norm2.bias)
        )
        block.mlp.up_proj.weight.zero_()
        block.mlp.up_proj.bias.fill_(1)
        block.mlp.down_proj.weight.copy_(centre @ mlp.fc2.weight / 1.702)
        block.mlp.down_proj.bias.copy_(centre @ mlp.fc2.bias)
    constant = first @ place + clip.pre_layrnorm.bias
    tower.blocks[0].attn.proj.bias.add_(centre @ constant)  # no layer before it has a bias
    one, other = projector.linear_1, projector.linear_2
    tower.merger.ln_q.weight.fill_(final.square().mean().sqrt())
    tower.merger.mlp[0].weight.copy_(torch.block_diag(*[one.weight] * 4))
    tower.merger.mlp[0].bias.copy_(one.bias.repeat(4))
    tower.merger.mlp[2].weight.copy_(other.weight.repeat(1, 4) / 4)
    tower.merger.mlp[2].bias.copy_(other.bias)


def _embed_noise(clip: Any) -> tuple[Tensor, Tensor]:
    """What CLIP makes of soft noise: its patches before the first layer, and after the last."""
    noise = torch.randn(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    embedded = clip.embeddings(torch.nn.functional.interpolate(noise, (SIDE, SIDE), mode="bicubic"))
    final = clip.encoder(inputs_embeds=clip.pre_layrnorm(embedded)).last_hidden_state
    return embedded[:, 1:], final[:, 1:]
