"""
Rows over several beginnings, read in one pass.

The beginnings are copied side by side, each up to the right, and the rows start at the left: so
what belongs together lies together, and windows of attention reach as far as they would alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .caching import fork, sliced
from .engine import State
from .packing import LayerTensors, Row
from .padding import filled

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel

    from .capture import Tap


@attrs.frozen(eq=False)
class Sheet:
    """Rows, one below the other."""

    rows: Sequence[Row]

    @property
    def sequences(self) -> int:
        return sum(row.sequences for row in self.rows)

    @property
    def reused(self) -> int:
        """Tokens that need not be read again, for each text."""
        return sum(row.sequences * row.prefix.width for row in self.rows)

    @property
    def width(self) -> int:
        """Places for each beginning."""
        return max(row.prefix.width for row in self.rows)

    def inputs(self, model: PreTrainedModel) -> dict[str, Any]:
        """What the model's forward takes, but for the logits to keep."""
        past = State.together([row.prefix for row in self.rows])
        places = filled([row.places[None] for row in self.rows]).to(model.device)
        inputs: dict[str, Any] = {
            "input_ids": filled([row.tokens for row in self.rows]),
            "position_ids": past.positions(places),
            "past_key_values": fork(past.cache),
            "use_cache": True,
        }
        if any(row.branches for row in self.rows):
            inputs["attention_mask"] = _masks(model, self._seen(places, past.real), places)
        elif past.real is not None:
            new = past.real.new_ones(places.shape)
            inputs["attention_mask"] = _cat(past.real, new).long()
        return inputs

    def last(self, device: Any) -> Tensor:
        """Places of each end's last token: batch x ends."""
        return _even([row.last for row in self.rows], device)

    def telling(self, device: Any) -> Tensor:
        """Places whose logits are wanted: batch x places."""
        return _even([row.telling for row in self.rows], device)

    def dealt(self, logits: Tensor) -> Iterator[Sequence[Tensor]]:
        """Logits of `telling` for each end: one of its own, then those of each reply."""
        for row, found in zip(self.rows, logits, strict=True):
            yield from row.dealt(found[: len(row.telling)])

    def internals(self, tap: Tap) -> Iterator[LayerTensors]:
        """What *tap* took, with attention at each end's last token, as if each were read alone."""
        for index, row in enumerate(self.rows):
            yield from row.internals(tap, index, self.width)

    def states(self, cache: DynamicCache, logits: Tensor) -> Iterator[State]:
        """After each row, which has to be of one end; *logits* are those of `telling`."""
        for index, row in enumerate(self.rows):
            span = slice(self.width - row.prefix.width, self.width + row.length)
            length, shift = row.prefix.width + row.length, row.prefix.shift
            yield State(sliced(cache, index, span), (length,), shift, logits[index : index + 1])

    def _seen(self, places: Tensor, real: Tensor | None) -> Tensor:
        """Batch x tokens of a row x places of beginning and row: true where the first see."""
        rows, length = places.shape
        seen = places.new_zeros((rows, length, length)).bool()
        for index, row in enumerate(self.rows):
            seen[index, : row.length, : row.length] = row.seen
        before = seen.new_ones(rows, length, self.width)
        return _cat(before if real is None else before & real[:, None], seen)


def sheets(rows: Sequence[Row], most_tokens: int, most_bytes: int) -> Iterator[Sheet]:
    """As few as *most_tokens* in a pass allow, and *most_bytes* of beginnings that are copied."""
    together: list[Row] = []
    for row in sorted(rows, key=lambda row: -row.prefix.width):
        count = len(together) + 1
        longest = max(each.length for each in (*together, row))
        large = together and count * together[0].prefix.size > most_bytes
        if large or (together and count * longest > most_tokens):
            yield Sheet(together)
            together = []
        together.append(row)
    if together:
        yield Sheet(together)


def _masks(model: PreTrainedModel, seen: Tensor, places: Tensor) -> Any:
    """*seen* as the decoder takes it: what to add to scores, and where layers look less far."""
    import torch

    def added(seen: Tensor) -> Tensor:
        never = torch.finfo(model.dtype).min
        return torch.zeros_like(seen, dtype=model.dtype).masked_fill(~seen, never)[:, None]

    config = model.get_decoder().config
    window = getattr(config, "sliding_window", None)
    if window is None:
        return added(seen)
    width = seen.shape[-1] - places.shape[-1]
    starts = width - seen[:, 0, :width].sum(-1, keepdim=True)  # padding before each beginning
    before = torch.arange(width, device=places.device) - starts
    near = added(seen & (places[..., None] - _cat(before, places)[:, None] < window))
    kinds = getattr(config, "layer_types", None)  # where layers differ, each takes its kind's
    return {"full_attention": added(seen), "sliding_attention": near} if kinds else near


def _even(rows: Sequence[list[int]], device: Any) -> Tensor:
    """Batch x places, where shorter rows say their last again."""
    import torch

    most = max(map(len, rows))
    return torch.tensor([[*row, *row[-1:] * (most - len(row))] for row in rows], device=device)


def _cat(*parts: Tensor) -> Tensor:
    import torch

    return torch.cat(parts, dim=-1)
