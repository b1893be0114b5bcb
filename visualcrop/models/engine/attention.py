"""
Attention weights of single query tokens, under any kernel.

Fused kernels do not return their weights, and eager attention computes those of all pairs of
tokens. So `intercept_attention` puts a function between a layer and its kernel, which recomputes
the weights of a few queries under the kernel's own mask, while the kernel runs as before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from torch import Tensor

INTERFACE = "visualcrop-intercepted"  # name in transformers' AttentionInterface


@attrs.frozen(eq=False)
class AttentionCall:
    """The arguments of a layer's attention kernel, before it runs."""

    module: Any
    query: Tensor  # B x H x new tokens x D
    key: Tensor  # B x KV heads x T x D, rotated
    value: Tensor  # as key
    mask: Tensor | None  # 4-D, or B x T under flash attention; none: causal
    options: Mapping[str, Any]

    @property
    def new(self) -> int:
        """The number of new tokens, which follow those in the cache."""
        return self.query.shape[2]

    def run(self) -> tuple[Tensor, Tensor | None]:
        """Output of the kernel, B x new tokens x H x D, and its weights if it returns them."""
        patched, own = self.module.config, self.module.config.intercepted
        modeling: Any = sys.modules[type(self.module).__module__]
        kernel = modeling.ALL_ATTENTION_FUNCTIONS.get_interface(
            own._attn_implementation,  # noqa: SLF001 - where every layer of transformers looks
            modeling.eager_attention_forward,
        )
        self.module.config = own  # flash attention reads its version from it
        try:
            out: tuple[Tensor, Tensor | None] = kernel(
                self.module, self.query, self.key, self.value, self.mask, **self.options
            )
        finally:
            self.module.config = patched
        return out

    def weights(self, queries: Tensor) -> Tensor:
        """Weights of the new tokens at *queries*, B x Q: B x Q x H x T, in float32 or finer."""
        import torch

        precise = torch.promote_types(self.query.dtype, torch.float32)
        scaling = self.options.get("scaling") or self.query.shape[-1] ** -0.5
        query = self.query[_batch_index(queries), :, queries].to(precise)  # B x Q x H x D
        grouped = query.unflatten(2, (self.key.shape[1], -1))
        scores = torch.einsum("bqkgd,bktd->bqkgt", grouped, self.key.to(precise)).flatten(2, 3)
        scores = scores * scaling
        if cap := self.options.get("softcap"):  # Gemma 2's
            scores = (scores / cap).tanh() * cap
        mask = self._select_mask(queries)
        if mask.dtype == torch.bool:
            scores = scores.masked_fill(~mask, float("-inf"))
        else:
            scores = scores + mask
        sinks = self.options.get("s_aux")  # a head's logit of attention to no token (GPT-OSS)
        if sinks is not None:
            sink = sinks.to(precise)[:, None].expand(*scores.shape[:-1], 1)
            scores = torch.cat([scores, sink], dim=-1)
        weights: Tensor = scores.softmax(-1)
        return weights if sinks is None else weights[..., :-1]

    def replace_rows(self, out: Tensor, queries: Tensor, weights: Tensor) -> Tensor:
        """*out* with the rows of *queries* computed from *weights*, for gradients w.r.t. these."""
        import torch

        grouped = weights.unflatten(2, (self.value.shape[1], -1))
        value = self.value.to(weights.dtype)
        mixed = torch.einsum("bqkgt,bktd->bqkgd", grouped, value).flatten(2, 3)
        return out.index_put((_batch_index(queries), queries), mixed.to(out.dtype))

    def _select_mask(self, queries: Tensor) -> Tensor:
        """The mask of *queries*, boolean or additive, B x Q x (H or 1) x T."""
        import torch

        length = self.key.shape[2]
        if self.mask is not None and self.mask.dim() == 4:
            mask = self.mask.expand(len(queries), -1, -1, -1)
            return mask[_batch_index(queries), :, queries, :length]
        token = torch.arange(length, device=queries.device)
        own = (queries + length - self.new)[..., None]
        seen = token <= own  # B x Q x T
        if window := self.options.get("sliding_window"):
            seen &= token > own - window
        if self.mask is not None:
            seen &= self.mask[:, None, -length:].bool()
        return seen[:, :, None]


Interceptor: TypeAlias = "Callable[[AttentionCall], tuple[Tensor, Tensor | None]]"


@contextmanager
def intercept_attention(module: Any, interceptor: Interceptor) -> Iterator[None]:
    """Call *interceptor* in place of the kernel of *module*, an attention layer."""
    from transformers import AttentionInterface

    AttentionInterface.register(INTERFACE, _dispatch)
    own = module.config
    patched = copy(own)  # the model's own config is also read by other layers and for masks
    patched._attn_implementation = INTERFACE  # noqa: SLF001 - as above
    patched.intercepted, patched.interceptor = own, interceptor
    module.config = patched
    try:
        yield
    finally:
        module.config = own


def _dispatch(
    module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **options: Any
) -> tuple[Tensor, Tensor | None]:
    """The kernel registered as `INTERFACE`: call the layer's interceptor."""
    interceptor: Interceptor = module.config.interceptor
    return interceptor(AttentionCall(module, query, key, value, mask, options))


def _batch_index(queries: Tensor) -> Tensor:
    """Row of each of *queries* in the batch, B x 1, to index with both."""
    import torch

    return torch.arange(len(queries), device=queries.device)[:, None]
