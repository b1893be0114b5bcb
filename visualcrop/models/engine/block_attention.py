"""
Attention on CPUs in bfloat16: scores of many queries as one product of matrices.

torch's own kernel for CPUs goes over the scores in small tiles, whose products are too small for
a CPU's units of bfloat16. Blocks of half a million scores take half the time, and stay in cache.
Scores and weights are rounded to bfloat16, as in eager attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

BLOCKS = "blocks"  # name in transformers' AttentionInterface
_SCORES = 1 << 19  # of a block, but it has at least as many queries as are worth it
_MOST_SCORES = 1 << 26  # of a block; they take 128 MiB
_FEWEST = 128  # queries; with fewer, torch's kernel is as quick
_OTHERS = ("softcap", "position_bias", "s_aux", "cache")  # options that only other kernels know


def register_blocks() -> str:
    """The name under which transformers now finds this kernel, with the masks of `sdpa`."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(BLOCKS, attend_in_blocks)
    AttentionMaskInterface.register(BLOCKS, sdpa_mask)
    return BLOCKS


def attend_in_blocks(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """
    Attention with the arguments of transformers' `sdpa`, which runs where blocks win nothing.

    Args:
        module: The layer.
        query: B x H x new tokens x D.
        key: B x KV heads x T x D.
        value: As *key*.
        attention_mask: Boolean or additive, B x 1 x new tokens x T; none: causal, or all.
        scaling: Of the scores; none: D to the power of -0.5.
        is_causal: Whether no token sees later ones, if there is no mask; none: as *module* says.
        **options: What other kernels take.

    Returns:
        B x new tokens x H x D, and no weights.
    """
    import torch

    mask = attention_mask
    causal = mask is None and bool(
        getattr(module, "is_causal", True) if is_causal is None else is_causal
    )
    if not (_is_quicker(query, key) and _can_do(query, key, mask, options, causal=causal)):
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        options |= {"scaling": scaling, "is_causal": is_causal}
        out: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, mask, **options
        )
        return out
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    mixed = value.new_empty(len(query), query.shape[2], query.shape[1], value.shape[-1])
    size = max(_SCORES // (query.shape[1] * key.shape[2]), _FEWEST)
    room = query.new_empty(2, query.shape[1] * min(size, query.shape[2]) * key.shape[2])
    for row, out_row in enumerate(mixed):
        keys, values = key[row].contiguous(), value[row].contiguous()
        for start in range(0, query.shape[2], size):
            some = query[row, :, start : start + size]
            stop = start + some.shape[1]
            if causal:
                own = some.new_ones(stop - start, stop - start, dtype=torch.bool).tril()
                block = _mix(some, keys[:, :stop], values[:, :stop], scaling, own, room)
            else:
                given = None if mask is None else mask[row % len(mask), :, start:stop]
                block = _mix(some, keys, values, scaling, given, room)
            out_row[start:stop] = block.transpose(0, 1)
    return mixed, None


def _mix(
    query: Tensor, key: Tensor, value: Tensor, scaling: float, mask: Tensor | None, room: Tensor
) -> Tensor:
    """
    The values, weighed for each of *query*, H x N x D.

    Args:
        query: H x N x D.
        key: KV heads x T x D; each is that of as many heads in turn.
        value: As *key*.
        scaling: Of the scores.
        mask: Boolean or additive, of the last tokens; those before are seen by all.
        room: For scores and weights, 2 x H N T or more: new memory would cost as much time.
    """
    import torch

    grouped = query.reshape(len(key), -1, query.shape[-1])
    scores, weights = (
        one[: grouped.shape[:2].numel() * key.shape[1]].view(*grouped.shape[:2], -1) for one in room
    )
    torch.baddbmm(scores, grouped, key.transpose(1, 2), beta=0, alpha=scaling, out=scores)
    if mask is not None:
        masked = scores.view(*query.shape[:-1], -1)[..., -mask.shape[-1] :]
        if mask.dtype == torch.bool:
            masked.masked_fill_(~mask, torch.finfo(scores.dtype).min)
        else:
            masked += mask.clamp(min=torch.finfo(scores.dtype).min)  # not infinite when rounded
    torch.softmax(scores, -1, out=weights)
    return torch.bmm(weights, value).view(*query.shape[:-1], -1)


def _can_do(
    query: Tensor, key: Tensor, mask: Tensor | None, options: Mapping[str, object], *, causal: bool
) -> bool:
    """Whether blocks have all that this pass asks for."""
    import torch

    new, length = query.shape[2], key.shape[2]
    return (
        (new == length or not causal)
        and (mask is None or mask.shape[1:] == (1, new, length))
        and not any(options.get(name) is not None for name in _OTHERS)
        and not options.get("dropout")
        and not (torch.is_grad_enabled() and key.requires_grad)
        and not torch.compiler.is_compiling()
    )


def _is_quicker(query: Tensor, key: Tensor) -> bool:
    import torch

    (heads, new), length = query.shape[1:3], key.shape[2]
    return (
        query.device.type == "cpu"
        and query.dtype == torch.bfloat16
        and new >= _FEWEST
        and heads * length * _FEWEST <= _MOST_SCORES
        and _has_bfloat16()
    )


@lru_cache(1)
def _has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16; others do so in software."""
    import torch

    supported = torch.ops.mkldnn._is_mkldnn_bf16_supported  # noqa: SLF001 - it has no other name
    return bool(torch.backends.mkldnn.is_available() and supported())
