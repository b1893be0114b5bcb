"""
KV caches, and the decoding state that they are part of.

Caches are shared, never changed in place: `fork_cache` gives one that grows into new tensors.
Layers are of two kinds. The tensors of an attention layer have an axis of tokens; it is always
transformers' `DynamicLayer`, even with a sliding window, so that it keeps image tokens that have
left the window. The tensors of a recurrent layer, a `StateLayer`, sum up all tokens so far.
"""

from __future__ import annotations

import inspect
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from .decoder import layer_types, recurrent_layers
from .transfers import upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel

Transform: TypeAlias = "Callable[[Tensor], Tensor]"
# Since transformers 5.24 it is `cache` everywhere; the others go with 5.40.
_CACHE_ARGUMENTS = ("cache", "past_key_values", "cache_params")


def new_cache(network: PreTrainedModel) -> DynamicCache:
    """An empty cache for *network*."""
    from transformers.cache_utils import DynamicLayer

    recurrent = recurrent_layers(network.config)
    if not recurrent:
        return _cache_of(())  # which makes its layers itself, as many as have keys and values
    from .state_layer import StateLayer

    depth = len(layer_types(network.config))
    return _cache_of(StateLayer() if n in recurrent else DynamicLayer() for n in range(depth))


def cache_argument(network: PreTrainedModel) -> str:
    """Name of the KV cache among the arguments of the forward of *network*."""
    return _cache_argument(type(network).forward)


@cache
def _cache_argument(forward: Callable[..., Any]) -> str:
    taken = inspect.signature(forward).parameters
    return next(name for name in _CACHE_ARGUMENTS if name in taken)


def get_cache(given: Mapping[str, Any]) -> Any:
    """The KV cache among the arguments of a module's forward by name; none if it has none."""
    return next((given[name] for name in _CACHE_ARGUMENTS if name in given), None)


def cached_layers(cache: DynamicCache) -> list[tuple[Tensor, ...]]:
    """
    The tensors of each layer, none if it has not been run.

    Keys and values, B x KV heads x T x D; of a recurrent layer its states, with B as first axis.
    """
    return [_tensors(layer) for layer in cache.layers]


def fork_cache(cache: DynamicCache) -> DynamicCache:
    """A cache that can grow without changing *cache*: new layers over the same tensors."""
    return _map_cache(cache, lambda tokens: tokens, lambda state: state)


def slice_cache(cache: DynamicCache, row: int, tokens: slice) -> DynamicCache:
    """The *tokens* of one *row* of the batch, as views of the same tensors."""
    rows = slice(row, row + 1)
    if tokens.stop < cache.get_seq_length() and any(map(_is_recurrent, cache.layers)):
        raise RuntimeError("A recurrent state sums up all tokens; it cannot leave out the last.")
    return _map_cache(cache, lambda part: part[rows, :, tokens], lambda state: state[rows])


def select_rows(cache: DynamicCache, rows: Sequence[int], width: int) -> DynamicCache:
    """A copy of some *rows* of the batch, and of their last *width* tokens."""

    def select(tensor: Tensor) -> Tensor:
        return tensor.index_select(0, upload(rows, tensor.device))

    return _map_cache(cache, lambda part: select(part[:, :, part.shape[2] - width :]), select)


def copy_cache(cache: DynamicCache) -> DynamicCache:
    """A copy in tensors of its own, so that a view does not keep its batch in memory."""
    return _map_cache(cache, lambda part: part.clone(), lambda state: state.clone())


def merge_caches(caches: Sequence[DynamicCache]) -> DynamicCache:
    """One batch of the rows of all *caches*, left-padded with zeros to the longest."""
    import torch

    width = max(cache.get_seq_length() for cache in caches)
    # Tensors are visited in the order in which `_map_cache` visits those of the first cache.
    others = [(t for tensors in cached_layers(cache) for t in tensors) for cache in caches[1:]]

    def join(first: Tensor) -> list[Tensor]:
        return [first, *(next(tensors) for tensors in others)]

    return _map_cache(
        caches[0],
        lambda part: _pad_left(join(part), width),
        lambda state: torch.cat(join(state)),
    )


def _map_cache(cache: DynamicCache, keys_values: Transform, states: Transform) -> DynamicCache:
    """A cache of the same layers, each of whose tensors has been transformed."""
    from transformers.cache_utils import DynamicLayer

    def mapped(layer: Any) -> Any:
        if _is_recurrent(layer):
            from .state_layer import StateLayer

            tensors = [states(tensor) for tensor in _tensors(layer)]
            return StateLayer.of(tensors) if tensors else StateLayer()
        new = DynamicLayer()
        if tensors := [keys_values(tensor) for tensor in _tensors(layer)]:
            new.keys, new.values = tensors
            new.dtype, new.device, new.is_initialized = new.keys.dtype, new.keys.device, True
        return new

    return _cache_of(map(mapped, cache.layers))


def _cache_of(layers: Iterable[Any]) -> DynamicCache:
    """A cache without a config, with which its sliding layers would drop tokens."""
    from transformers import DynamicCache

    cache = DynamicCache()
    cache.layers.extend(layers)
    return cache


def _is_recurrent(layer: Any) -> bool:
    return hasattr(layer, "conv_states")


def _tensors(layer: Any) -> tuple[Tensor, ...]:
    if _is_recurrent(layer):
        found = (layer.conv_states[0], layer.recurrent_states[0])  # a short convolution has one
        return tuple(state for state in found if state is not None)
    return (layer.keys, layer.values) if layer.is_initialized else ()


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
        device = next(iter(self._tensors)).device
        padding = upload([self.width - length for length in self.lengths], device)
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

    def select(self, rows: Sequence[int]) -> DecodingState:
        """Some *rows* of the batch, without logits and without padding that they do not need."""
        lengths = tuple(self.lengths[row] for row in rows)
        deltas = self.rope_deltas
        if deltas is not None:
            deltas = deltas.index_select(0, upload(rows, deltas.device))
        return DecodingState(select_rows(self.cache, rows, max(lengths)), lengths, deltas)

    def truncate(self, length: int) -> DecodingState:
        """The first *length* tokens of one sequence, as views of the same tensors."""
        if length == self.width:
            return attrs.evolve(self, logits=None)
        cache = slice_cache(self.cache, 0, slice(length))
        return DecodingState(cache, (length,), self.rope_deltas)

    def copy(self) -> DecodingState:
        """A copy in tensors of its own: see `copy_cache`."""
        return attrs.evolve(self, cache=copy_cache(self.cache))

    @cached_property
    def kv_bytes(self) -> int:
        """Bytes of the keys and values, and of recurrent states."""
        return sum(tensor.nbytes for tensor in self._tensors)

    @cached_property
    def bytes(self) -> int:
        """Bytes that it keeps allocated: of the whole storages that its tensors are views of."""
        return sum(tensor.untyped_storage().nbytes() for tensor in self._tensors)

    @property
    def _tensors(self) -> list[Tensor]:
        return [tensor for tensors in cached_layers(self.cache) for tensor in tensors]
