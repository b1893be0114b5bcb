"""
Runs a Hugging Face model token by token, cache in hand.

Everything a search asks for is one of two steps: `begin` reads whole prompts, images and all, and
`go_on` reads more text after them. A state is never changed: `go_on` writes into a copy of its
list of layers, whose tensors are shared.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from .caching import copied, fork, joined, kept, sliced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel

    from .choosing import Choose
    from .padding import Padded


@attrs.frozen(eq=False)
class State:
    """What the model has read so far: one text, or several side by side, each up to the right."""

    cache: DynamicCache
    lengths: tuple[int, ...]  # tokens of each text; what the cache has before them is padding
    shift: Tensor | None = None  # batch x 1: what to add where images take fewer than tokens
    logits: Tensor | None = None  # batch x the last positions, as many as were kept x vocabulary

    @classmethod
    def together(cls, states: Sequence[State]) -> State:
        """Texts read on their own, to be gone on from in one pass."""
        import torch

        if len(states) == 1:
            return states[0]
        lengths = tuple(length for state in states for length in state.lengths)
        shifts = [state.shift for state in states if state.shift is not None]
        logits = [state.logits for state in states if state.logits is not None]
        return cls(
            joined([state.cache for state in states]),
            lengths,
            torch.cat(shifts) if shifts else None,
            torch.cat(logits) if len(logits) == len(states) else None,
        )

    @property
    def width(self) -> int:
        """Places in the cache for each text."""
        return max(self.lengths)

    @property
    def real(self) -> Tensor | None:
        """Batch x places: true where there is no padding; nothing if it is nowhere."""
        import torch

        if min(self.lengths) == self.width:
            return None
        device = kept(self.cache)[0][0].device
        padding = torch.tensor([self.width - length for length in self.lengths], device=device)
        return torch.arange(self.width, device=device) >= padding[:, None]

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

    def until(self, cut: int) -> State:
        """The first tokens of the one text; the tensors are shared."""
        return State(sliced(self.cache, 0, slice(cut)), (cut,), self.shift)

    def copy(self) -> State:
        """The same in tensors of its own, which keep nothing else alive."""
        return attrs.evolve(self, cache=copied(self.cache))

    @cached_property
    def size(self) -> int:
        """Bytes of keys and values."""
        return sum(tensor.nbytes for pair in kept(self.cache) for tensor in pair)

    @cached_property
    def bytes(self) -> int:
        """Memory of keys and values, and of what else is held for their sake."""
        tensors = [tensor for pair in kept(self.cache) for tensor in pair]
        return sum(tensor.untyped_storage().nbytes() for tensor in tensors)


def begin(model: PreTrainedModel, padded: Padded) -> list[State]:
    """Read prompts from their starts, and part them."""
    from transformers import DynamicCache

    cache = DynamicCache()  # without a config, so that sliding layers keep their image tokens
    out = _run(model, padded.last, **padded.inputs, past_key_values=cache)
    return parted(cache, padded, out.logits)


def parted(cache: DynamicCache, padded: Padded, logits: Tensor | None = None) -> list[State]:
    """What *cache* holds of each prompt; the tensors are shared."""
    if len(padded.lengths) == 1:
        return [State(cache, padded.lengths, padded.shift, logits)]
    return [
        State(
            sliced(cache, row, slice(length)),
            (length,),
            None if padded.shift is None else padded.shift[row : row + 1],
            None if logits is None else logits[row : row + 1],
        )
        for row, length in enumerate(padded.lengths)
    ]


def go_on(model: PreTrainedModel, state: State, tokens: Tensor, *, keep: int = 1) -> State:
    """Read *tokens*, batch x length, after *state*; keep logits of the last few, or of all (0)."""
    import torch

    new, cache = tokens.shape[1], fork(state.cache)
    starts = torch.tensor(state.lengths, device=tokens.device)[:, None]
    positions = state.positions(starts + torch.arange(new, device=tokens.device))
    inputs = {"input_ids": tokens, "position_ids": positions, "past_key_values": cache}
    if (real := state.real) is not None:
        inputs["attention_mask"] = torch.cat([real, real.new_ones(tokens.shape)], dim=1).long()
    out = _run(model, keep, **inputs)
    return State(cache, tuple(n + new for n in state.lengths), state.shift, out.logits)


def _run(model: PreTrainedModel, keep: int | Tensor, **inputs: Any) -> Any:
    """One forward pass; logits of some positions only."""
    return model(**inputs, use_cache=True, logits_to_keep=keep)


def speak(
    model: PreTrainedModel,
    state: State,
    ends: frozenset[int],
    max_new_tokens: int,
    choose: Choose,
) -> list[list[int]]:
    """Go on by the logits alone: a checkpoint's own generation config has no say."""
    said: list[list[int]] = [[] for _ in state.lengths]
    going = [True] * len(said)
    for left in reversed(range(max_new_tokens)):
        tokens = choose(state.next)
        for row, token in enumerate(tokens[:, 0].tolist()):
            going[row] = going[row] and token not in ends
            said[row] += [token] if going[row] else []
        if not any(going):
            break
        state = go_on(model, state, tokens) if left else state
    return said


def likelihood(after: Tensor, inside: Tensor, reply: Tensor) -> float:
    """Minus the mean cross-entropy of a reply's tokens, from the logits before each."""
    import torch

    scores = torch.cat([after, inside]).float().log_softmax(-1)
    return float(scores.gather(1, reply[0, :, None]).mean())
