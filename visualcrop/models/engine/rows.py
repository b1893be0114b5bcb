"""
How single tokens attend, under any kernel.

Fused kernels keep their weights to themselves, and eager attention holds those of every pair of
tokens. So `watched` steps between a layer and its kernel: there the weights of a few tokens are
worked out again, while the kernel goes on as before. Masks stay those of the model's own kernel.
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

NAME = "visualcrop-rows"


@attrs.frozen(eq=False)
class Call:
    """What a layer hands to its kernel, which has not run yet."""

    module: Any
    query: Tensor  # batch x query heads x new tokens x width
    key: Tensor  # batch x KV heads x tokens x width, rotated
    value: Tensor  # as key
    mask: Tensor | None  # 4-D, or batch x tokens under flash attention; none: causal
    options: Mapping[str, Any]

    @property
    def new(self) -> int:
        """Tokens that are read, after those in the cache."""
        return self.query.shape[2]

    def run(self) -> tuple[Tensor, Tensor | None]:
        """The kernel's own output, batch x new tokens x query heads x width, and its weights."""
        watching, own = self.module.config, self.module.config.watched
        home: Any = sys.modules[type(self.module).__module__]
        kernel = home.ALL_ATTENTION_FUNCTIONS.get_interface(
            own._attn_implementation,  # noqa: SLF001 - where every layer of transformers looks
            home.eager_attention_forward,
        )
        self.module.config = own  # flash attention looks there which of its versions is meant
        try:
            out: tuple[Tensor, Tensor | None] = kernel(
                self.module, self.query, self.key, self.value, self.mask, **self.options
            )
        finally:
            self.module.config = watching
        return out

    def weights(self, rows: Tensor) -> Tensor:
        """Batch x rows x query heads x tokens, of the new tokens at *rows*, batch x rows."""
        import torch

        precise = torch.promote_types(self.query.dtype, torch.float32)
        scaling = self.options.get("scaling") or self.query.shape[-1] ** -0.5
        query = self.query[_batch(rows), :, rows].to(precise)  # batch x rows x heads x width
        grouped = query.unflatten(2, (self.key.shape[1], -1))
        scores = torch.einsum("brkgd,bknd->brkgn", grouped, self.key.to(precise)).flatten(2, 3)
        mask = self._masks(rows)
        if mask.dtype == torch.bool:
            scores = (scores * scaling).masked_fill(~mask, float("-inf"))
        else:
            scores = scores * scaling + mask
        weights: Tensor = scores.softmax(-1)
        return weights

    def with_rows(self, out: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
        """*out*, where that of *rows* comes from *weights*, so that it depends on them."""
        import torch

        grouped = weights.unflatten(2, (self.value.shape[1], -1))
        value = self.value.to(weights.dtype)
        mixed = torch.einsum("brkgn,bknd->brkgd", grouped, value).flatten(2, 3)
        return out.index_put((_batch(rows), rows), mixed.to(out.dtype))

    def _masks(self, rows: Tensor) -> Tensor:
        """Batch x rows x heads or 1 x tokens: true where *rows* look, or what to add to scores."""
        import torch

        length = self.key.shape[2]
        if self.mask is not None and self.mask.dim() == 4:
            mask = self.mask.expand(len(rows), -1, -1, -1)
            return mask[_batch(rows), :, rows, :length]
        token = torch.arange(length, device=rows.device)
        here = (rows + length - self.new)[..., None]
        seen = token <= here  # batch x rows x tokens
        if window := self.options.get("sliding_window"):
            seen &= token > here - window
        if self.mask is not None:
            seen &= self.mask[:, None, -length:].bool()
        return seen[:, :, None]


Watcher: TypeAlias = "Callable[[Call], tuple[Tensor, Tensor | None]]"


@contextmanager
def watched(module: Any, watcher: Watcher) -> Iterator[None]:
    """Let *watcher* answer in the place of the kernel of *module*, an attention layer."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attend)
    own = module.config
    watching = copy(own)  # other layers, and the masks, go by the model's own
    watching._attn_implementation = NAME  # noqa: SLF001 - as above
    watching.watched, watching.watcher = own, watcher
    module.config = watching
    try:
        yield
    finally:
        module.config = own


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **options: Any
) -> tuple[Tensor, Tensor | None]:
    """Hand the call on to whom it concerns."""
    watcher: Watcher = module.config.watcher
    return watcher(Call(module, query, key, value, mask, options))


def _batch(rows: Tensor) -> Tensor:
    """Each row's place in the batch, to index with beside *rows*."""
    import torch

    return torch.arange(len(rows), device=rows.device)[:, None]
