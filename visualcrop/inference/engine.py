"""
Runs a Hugging Face model token by token, cache in hand.

Everything a search asks for is one of two steps: `begin` reads a whole prompt, images and all, and
`go_on` reads more text after it. A state is never changed: `go_on` writes into a copy of its list
of layers, whose tensors are shared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel


@attrs.frozen(eq=False)
class State:
    """What the model has read so far."""

    cache: DynamicCache
    length: int  # tokens in the cache
    shift: Tensor | None = None  # what to add to a position, where images take fewer than tokens
    logits: Tensor | None = None  # batch x the last positions, as many as were kept x vocabulary

    @property
    def predicted(self) -> Tensor:
        """Logits after each of the last positions: batch x positions x vocabulary."""
        if self.logits is None:
            raise RuntimeError("The prompt was read without the head that predicts.")
        return self.logits

    @property
    def next(self) -> Tensor:
        """Logits of the token after the last: batch x vocabulary."""
        return self.predicted[:, -1]

    def positions(self, places: Tensor) -> Tensor:
        """What the model is to take for the places, batch x tokens, of tokens that come after."""
        return places if self.shift is None else (places + self.shift).expand(3, *places.shape)

    @property
    def bytes(self) -> int:
        """Memory of keys and values."""
        tensors = [tensor for pair in kept(self.cache) for tensor in pair]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def begin(model: PreTrainedModel, inputs: Mapping[str, Tensor], *, head: bool = True) -> State:
    """Read a prompt from its start; without *head* nothing is predicted."""
    from transformers import DynamicCache

    positions, shift = _multimodal_positions(model, inputs)
    extra = {} if positions is None else {"position_ids": positions}
    cache = DynamicCache()  # without a config, so that sliding layers keep their image tokens
    out = _run(model, 1 if head else None, **inputs, **extra, past_key_values=cache)
    return State(cache, inputs["input_ids"].shape[1], shift, out.logits if head else None)


def go_on(model: PreTrainedModel, state: State, tokens: Tensor, *, keep: int = 1) -> State:
    """Read *tokens*, batch x length, after *state*; keep logits of the last few, or of all (0)."""
    import torch

    length = state.length + tokens.shape[1]
    places = torch.arange(state.length, length, device=tokens.device).expand(tokens.shape)
    positions, cache = state.positions(places), fork(state.cache)
    out = _run(model, keep, input_ids=tokens, position_ids=positions, past_key_values=cache)
    return State(cache, length, state.shift, out.logits)


def fork(cache: DynamicCache) -> DynamicCache:
    """A cache that can grow on its own: its layers are new, their tensors shared."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    copy = DynamicCache()
    for keys, values in kept(cache):
        grown = DynamicLayer()
        grown.keys, grown.values = keys, values
        grown.dtype, grown.device, grown.is_initialized = keys.dtype, keys.device, True
        copy.layers.append(grown)
    return copy


def kept(cache: DynamicCache) -> list[tuple[Tensor, Tensor]]:
    """Keys and values of each layer: batch x KV heads x tokens x head width."""
    layers: Any = cache.layers
    return [(layer.keys, layer.values) for layer in layers]


def _run(model: PreTrainedModel, keep: int | None, **inputs: Any) -> Any:
    """One forward pass; logits of the last positions only, or none at all."""
    if keep is None:
        return model.model(**inputs, use_cache=True)
    return model(**inputs, use_cache=True, logits_to_keep=keep)


def _multimodal_positions(
    model: PreTrainedModel, inputs: Mapping[str, Tensor]
) -> tuple[Tensor | None, Tensor | None]:
    """Three-part positions, where the model has them: what it would work out and then remember."""
    find = getattr(model.model, "get_rope_index", None)
    if find is None:
        return None, None
    positions, shift = find(
        inputs["input_ids"],
        mm_token_type_ids=inputs["mm_token_type_ids"],
        image_grid_thw=inputs.get("image_grid_thw"),
        attention_mask=inputs.get("attention_mask"),
    )
    return positions, shift


def greedy(
    model: PreTrainedModel, state: State, ends: frozenset[int], max_new_tokens: int
) -> list[int]:
    """Go on by the logits alone: a checkpoint's own generation config has no say."""
    said: list[int] = []
    for left in reversed(range(max_new_tokens)):
        token = state.next.argmax(-1, keepdim=True)
        if int(token) in ends:
            break
        said.append(int(token))
        state = go_on(model, state, token) if left else state
    return said


def likelihood(after: Tensor, inside: Tensor, reply: Tensor) -> float:
    """Minus the mean cross-entropy of a reply's tokens, from the logits before each."""
    import torch

    scores = torch.cat([after, inside]).float().log_softmax(-1)
    return float(scores.gather(1, reply[0, :, None]).mean())
