"""
KV caches, and the decoding state that they are part of.

Caches are shared, never changed in place: `fork_cache` gives one that grows into new tensors. All
layers are transformers' `DynamicLayer`, even those with a sliding window, so that they keep image
tokens that have left the window.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor
    from transformers import DynamicCache


def cached_layers(cache: DynamicCache) -> list[tuple[Tensor, Tensor]]:
    """Keys and values of each layer, B x KV heads x T x D."""
    layers: Any = cache.layers
    return [(layer.keys, layer.values) for layer in layers]


def build_cache(pairs: Iterable[tuple[Tensor, Tensor]]) -> DynamicCache:
    """A cache of these keys and values, one pair a layer, B x KV heads x T x D."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    cache = DynamicCache()
    for keys, values in pairs:
        layer = DynamicLayer()
        layer.keys, layer.values = keys, values
        layer.dtype, layer.device, layer.is_initialized = keys.dtype, keys.device, True
        cache.layers.append(layer)
    return cache


def fork_cache(cache: DynamicCache) -> DynamicCache:
    """A cache that can grow without changing *cache*: new layers over the same tensors."""
    return build_cache(cached_layers(cache))


def slice_cache(cache: DynamicCache, row: int, tokens: slice) -> DynamicCache:
    """The *tokens* of one *row* of the batch, as views of the same tensors."""
    rows = slice(row, row + 1)
    return build_cache((k[rows, :, tokens], v[rows, :, tokens]) for k, v in cached_layers(cache))


def copy_cache(cache: DynamicCache) -> DynamicCache:
    """A copy in tensors of its own, so that a view does not keep its batch in memory."""
    return build_cache((keys.clone(), values.clone()) for keys, values in cached_layers(cache))


def merge_caches(caches: Sequence[DynamicCache]) -> DynamicCache:
    """One batch of the rows of all *caches*, left-padded with zeros to the longest."""
    width = max(cache.get_seq_length() for cache in caches)
    layers = zip(*(cached_layers(cache) for cache in caches), strict=True)
    return build_cache(
        (_pad_left([keys for keys, _ in layer], width), _pad_left([v for _, v in layer], width))
        for layer in layers
    )


def _pad_left(parts: Sequence[Tensor], width: int) -> Tensor:
    """All rows of *parts*, B x heads x *width* x D."""
    first = parts[0]
    whole = first.new_zeros(sum(map(len, parts)), first.shape[1], width, first.shape[3])
    start = 0
    for part in parts:
        whole[start : start + len(part), :, width - part.shape[2] :] = part
        start += len(part)
    return whole


@attrs.frozen(eq=False)
class DecodingState:
    """KV cache of one sequence or of a left-padded batch, with the logits of its last tokens."""

    cache: DynamicCache
    lengths: tuple[int, ...]  # tokens of each sequence, without padding
    rope_deltas: Tensor | None = None  # B x 1, added to later positions (Qwen's M-RoPE)
    logits: Tensor | None = None  # B x last tokens whose logits were kept x V

    @classmethod
    def merge(cls, states: Sequence[DecodingState]) -> DecodingState:
        """One left-padded batch of several states, to extend in one pass."""
        import torch

        if len(states) == 1:
            return states[0]
        lengths = tuple(length for state in states for length in state.lengths)
        deltas = [state.rope_deltas for state in states if state.rope_deltas is not None]
        logits = [state.logits for state in states if state.logits is not None]
        return cls(
            merge_caches([state.cache for state in states]),
            lengths,
            torch.cat(deltas) if deltas else None,
            torch.cat(logits) if len(logits) == len(states) else None,
        )

    @property
    def width(self) -> int:
        """T of the cache, with padding."""
        return max(self.lengths)

    @property
    def token_mask(self) -> Tensor | None:
        """B x T, false at padding; none if there is no padding."""
        import torch

        if min(self.lengths) == self.width:
            return None
        device = cached_layers(self.cache)[0][0].device
        padding = torch.tensor([self.width - length for length in self.lengths], device=device)
        return torch.arange(self.width, device=device) >= padding[:, None]

    @property
    def kept_logits(self) -> Tensor:
        """Logits after each of the last tokens, B x tokens x V."""
        if self.logits is None:
            raise RuntimeError("The prompt was prefilled without the language model's head.")
        return self.logits

    @property
    def next_logits(self) -> Tensor:
        """Logits of the next token, B x V."""
        return self.kept_logits[:, -1]

    def position_ids(self, positions: Tensor) -> Tensor:
        """`position_ids` of later tokens from their *positions*, B x T; for M-RoPE 3 x B x T."""
        if self.rope_deltas is None:
            return positions
        return (positions + self.rope_deltas).expand(3, *positions.shape)

    def truncate(self, length: int) -> DecodingState:
        """The first *length* tokens of one sequence, as views of the same tensors."""
        cache = slice_cache(self.cache, 0, slice(length))
        return DecodingState(cache, (length,), self.rope_deltas)

    def copy(self) -> DecodingState:
        """A copy in tensors of its own: see `copy_cache`."""
        return attrs.evolve(self, cache=copy_cache(self.cache))

    @cached_property
    def kv_bytes(self) -> int:
        """Bytes of the keys and values."""
        return sum(tensor.nbytes for pair in cached_layers(self.cache) for tensor in pair)

    @cached_property
    def bytes(self) -> int:
        """Bytes that it keeps allocated: of the whole storages that its tensors are views of."""
        tensors = [tensor for pair in cached_layers(self.cache) for tensor in pair]
        return sum(tensor.untyped_storage().nbytes() for tensor in tensors)
