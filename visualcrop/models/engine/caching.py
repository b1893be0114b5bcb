"""Keys and values, handed about without being changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor
    from transformers import DynamicCache


def kept(cache: DynamicCache) -> list[tuple[Tensor, Tensor]]:
    """Keys and values of each layer: batch x KV heads x tokens x head width."""
    layers: Any = cache.layers
    return [(layer.keys, layer.values) for layer in layers]


def holding(pairs: Iterable[tuple[Tensor, Tensor]]) -> DynamicCache:
    """A cache of these keys and values, which it never changes: it grows into new tensors."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    cache = DynamicCache()
    for keys, values in pairs:
        layer = DynamicLayer()
        layer.keys, layer.values = keys, values
        layer.dtype, layer.device, layer.is_initialized = keys.dtype, keys.device, True
        cache.layers.append(layer)
    return cache


def fork(cache: DynamicCache) -> DynamicCache:
    """A cache that can grow on its own: its layers are new, their tensors shared."""
    return holding(kept(cache))


def sliced(cache: DynamicCache, row: int, tokens: slice) -> DynamicCache:
    """Some tokens of one row; the tensors are shared."""
    rows = slice(row, row + 1)
    return holding((k[rows, :, tokens], v[rows, :, tokens]) for k, v in kept(cache))


def copied(cache: DynamicCache) -> DynamicCache:
    """The same in tensors of its own, which keep nothing else alive."""
    return holding((keys.clone(), values.clone()) for keys, values in kept(cache))


def joined(caches: Sequence[DynamicCache]) -> DynamicCache:
    """Their rows in one batch, each up to the right, after zeros where it is shorter."""
    width = max(cache.get_seq_length() for cache in caches)
    layers = zip(*(kept(cache) for cache in caches), strict=True)
    return holding(
        (_stacked([keys for keys, _ in layer], width), _stacked([v for _, v in layer], width))
        for layer in layers
    )


def _stacked(parts: Sequence[Tensor], width: int) -> Tensor:
    """Rows x heads x *width* x head width."""
    first = parts[0]
    whole = first.new_zeros(sum(map(len, parts)), first.shape[1], width, first.shape[3])
    start = 0
    for part in parts:
        whole[start : start + len(part), :, width - part.shape[2] :] = part
        start += len(part)
    return whole
