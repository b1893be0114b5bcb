"""
Several ends over one beginning, read at once.

They lie side by side in one row, over the keys and values of the beginning, which are neither
copied nor changed. A mask lets each token see the beginning and what it goes on from, and its
position is what it would be if nothing else were there. Flash attention takes no such mask: there
each end has a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import attrs

from .engine import State, fork, kept

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from .capture import Tap

_MOST_TOKENS = 2048  # in a row: the longer it is, the more of its mask is empty


@attrs.frozen(eq=False)
class Ending:
    """The end of a prompt, and what may be replied: no reply sees another."""

    tokens: Tensor  # 1 x tokens
    replies: Sequence[Tensor] = ()  # 1 x tokens each, perhaps none

    @property
    def pieces(self) -> list[Tensor]:
        return [self.tokens, *self.replies]

    @property
    def length(self) -> int:
        """Of all pieces together."""
        return sum(piece.shape[1] for piece in self.pieces)


@attrs.frozen(eq=False)
class Row:
    """Ends that are read in one pass after *prefix*."""

    prefix: State
    endings: Sequence[Ending]

    @property
    def sequences(self) -> int:
        """Texts that are read: those of an end and a reply, or of an end alone."""
        return sum(max(1, len(ending.replies)) for ending in self.endings)

    def inputs(self, model: PreTrainedModel) -> dict[str, Any]:
        """What the model's forward takes, but for the logits to keep."""
        import torch

        tokens = torch.cat([piece for e in self.endings for piece in e.pieces], dim=1)
        places = self._places.to(tokens.device)
        inputs: dict[str, Any] = {
            "input_ids": tokens,
            "position_ids": self.prefix.positions(places[None]),
            "past_key_values": fork(self.prefix.cache),
            "use_cache": True,
        }
        if len(self._pieces) > 1:
            inputs["attention_mask"] = _masks(model, self._seen(places), places)
        return inputs

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where each end lies in the row, without its replies."""
        starts = accumulate((ending.length for ending in self.endings), initial=0)
        return [(s, s + e.tokens.shape[1]) for s, e in zip(starts, self.endings, strict=False)]

    @property
    def last(self) -> list[int]:
        """The place in the row of each end's last token."""
        return [stop - 1 for _, stop in self.spans]

    @property
    def telling(self) -> list[int]:
        """Places in the row whose logits are wanted: each end's last, and all of its replies."""
        ends = zip(self.spans, self.endings, strict=True)
        return [n for (start, stop), e in ends for n in range(stop - 1, start + e.length)]

    def dealt(self, logits: Tensor) -> Iterator[Sequence[Tensor]]:
        """Logits of `telling` for each end: one of its own, then those of each reply."""
        sizes = [[1, *(reply.shape[1] for reply in e.replies)] for e in self.endings]
        shares = logits.split([sum(each) for each in sizes])
        yield from (share.split(each) for share, each in zip(shares, sizes, strict=True))

    def internals(self, tap: Tap) -> Iterator[Mapping[str, Mapping[int, Tensor]]]:
        """What *tap* took, with attention at each end's last token, as if each were read alone."""
        seen, cut = kept(self.prefix.cache), self.prefix.length
        for index, span in enumerate(self.spans):
            rows = {n: found[0, index] for n, found in tap.attention.items()}  # heads x tokens
            yield {
                "keys": {n: _with(span, seen[n][0][0], new[0]) for n, new in tap.keys.items()},
                "values": {n: _with(span, seen[n][1][0], new[0]) for n, new in tap.values.items()},
                "attention": {n: _with(span, r[:, :cut], r[:, cut:]) for n, r in rows.items()},
            }

    @property
    def _pieces(self) -> list[tuple[int, int]]:
        """Each piece's length and the piece that it goes on from: an end goes on from itself."""
        pieces: list[tuple[int, int]] = []
        for ending in self.endings:
            end = len(pieces)
            pieces += [(piece.shape[1], end) for piece in ending.pieces]
        return pieces

    @property
    def _places(self) -> Tensor:
        """Where each token would stand if its text were the only one."""
        import torch

        cut, places = self.prefix.length, []
        for index, (length, end) in enumerate(self._pieces):
            start = cut if index == end else cut + self._pieces[end][0]
            places.append(torch.arange(start, start + length))
        return torch.cat(places)

    def _seen(self, places: Tensor) -> Tensor:
        """Tokens of the row x tokens of prefix and row: true where the first see the second."""
        import torch

        lengths, ends = torch.tensor(self._pieces, device=places.device).T
        piece = torch.arange(len(ends), device=places.device).repeat_interleave(lengths)
        before = (piece[:, None] == piece) | (ends[piece][:, None] == piece)
        row = before & (places[:, None] >= places)
        return torch.cat([row.new_ones(len(row), self.prefix.length), row], dim=1)


def packs(model: PreTrainedModel) -> bool:
    """Whether its kernel takes a mask for each pair of tokens."""
    kernel = model.get_decoder().config._attn_implementation  # noqa: SLF001 - it has no other name
    return kernel in {"sdpa", "eager"}


def rows(model: PreTrainedModel, prefix: State, endings: Sequence[Ending]) -> Iterator[Row]:
    """As few rows as the model's kernel and their length allow."""
    room = _MOST_TOKENS if packs(model) else 0
    together: list[Ending] = []
    for ending in endings:
        if together and sum(e.length for e in (*together, ending)) > room:
            yield Row(prefix, together)
            together = []
        together.append(ending)
    yield Row(prefix, together)


def _masks(model: PreTrainedModel, seen: Tensor, places: Tensor) -> Any:
    """*seen* as the decoder takes it: what to add to scores, and where layers look less far."""
    import torch

    def added(seen: Tensor) -> Tensor:
        never = torch.finfo(model.dtype).min
        return torch.zeros_like(seen, dtype=model.dtype).masked_fill(~seen, never)[None, None]

    config = model.get_decoder().config
    window = getattr(config, "sliding_window", None)
    if window is None:
        return added(seen)
    before = torch.arange(seen.shape[1] - len(places), device=places.device)
    near = added(seen & (places[:, None] - torch.cat([before, places]) < window))
    kinds = getattr(config, "layer_types", None)  # where layers differ, each takes its kind's
    return {"full_attention": added(seen), "sliding_attention": near} if kinds else near


def _with(span: tuple[int, int], before: Tensor, new: Tensor) -> Tensor:
    """*before* and the span of *new*: heads x tokens, whatever follows."""
    import torch

    return torch.cat([before, new[:, slice(*span)]], dim=1)
