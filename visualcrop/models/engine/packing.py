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
from typing import TYPE_CHECKING, TypeAlias

import attrs

from .caching import kept
from .engine import State

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from .capture import Tap

MOST_IN_ROW = 2048  # tokens: the longer it is, the more of its mask is empty
LayerTensors: TypeAlias = "Mapping[str, Mapping[int, Tensor]]"  # by kind and layer


@attrs.frozen(eq=False)
class Ending:
    """The end of a prompt, and what may be replied: no reply sees another."""

    tokens: Tensor  # 1 x tokens
    replies: Sequence[Tensor] = ()  # 1 x tokens each, perhaps none
    place: int = 0  # of the prompt, among those asked

    @property
    def pieces(self) -> list[Tensor]:
        return [self.tokens, *self.replies]

    @property
    def length(self) -> int:
        """Of all pieces together."""
        return sum(piece.shape[1] for piece in self.pieces)


@attrs.frozen(eq=False)
class Row:
    """Ends that are read side by side after *prefix*, one text."""

    prefix: State
    endings: Sequence[Ending]

    @property
    def sequences(self) -> int:
        """Texts that are read: those of an end and a reply, or of an end alone."""
        return sum(max(1, len(ending.replies)) for ending in self.endings)

    @property
    def branches(self) -> bool:
        """Whether something in it must not see what comes before it."""
        return len(self.endings) > 1 or any(len(ending.replies) > 1 for ending in self.endings)

    @property
    def tokens(self) -> Tensor:
        """All pieces: 1 x tokens."""
        import torch

        return torch.cat([piece for e in self.endings for piece in e.pieces], dim=1)

    @property
    def length(self) -> int:
        """Tokens of all pieces."""
        return sum(ending.length for ending in self.endings)

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

    def internals(self, tap: Tap, row: int, width: int) -> Iterator[LayerTensors]:
        """What *tap* took of each end in its *row*, over prefixes padded to *width*."""
        seen, cut = kept(self.prefix.cache), slice(width - self.prefix.width, width)
        for index, (start, stop) in enumerate(self.spans):
            own, after = slice(start, stop), slice(width + start, width + stop)
            rows = {n: found[row, index] for n, found in tap.attention.items()}  # heads x tokens
            keys = {n: (seen[n][0][0], new[row, :, own]) for n, new in tap.keys.items()}
            values = {n: (seen[n][1][0], new[row, :, own]) for n, new in tap.values.items()}
            attention = {n: (r[:, cut], r[:, after]) for n, r in rows.items()}
            found = {"keys": keys, "values": values, "attention": attention}
            yield {kind: _whole(parts) for kind, parts in found.items()}

    @property
    def places(self) -> Tensor:
        """Where each token would stand if its text were the only one."""
        import torch

        cut, places = self.prefix.width, []
        for index, (length, end) in enumerate(self._pieces):
            start = cut if index == end else cut + self._pieces[end][0]
            places.append(torch.arange(start, start + length))
        return torch.cat(places)

    @property
    def seen(self) -> Tensor:
        """Tokens of the row x tokens of the row: true where the first see the second."""
        import torch

        lengths, ends = torch.tensor(self._pieces).T
        piece = torch.arange(len(ends)).repeat_interleave(lengths)
        before: Tensor = (piece[:, None] == piece) | (ends[piece][:, None] == piece)
        return before & (self.places[:, None] >= self.places)

    @property
    def _pieces(self) -> list[tuple[int, int]]:
        """Each piece's length and the piece that it goes on from: an end goes on from itself."""
        pieces: list[tuple[int, int]] = []
        for ending in self.endings:
            end = len(pieces)
            pieces += [(piece.shape[1], end) for piece in ending.pieces]
        return pieces


def packs(model: PreTrainedModel) -> bool:
    """Whether its kernel takes a mask for each pair of tokens."""
    kernel = model.get_decoder().config._attn_implementation  # noqa: SLF001 - it has no other name
    return kernel in {"sdpa", "eager"}


def rows(prefix: State, endings: Sequence[Ending], most: int) -> Iterator[Row]:
    """As few rows as *most* tokens in one allow."""
    together: list[Ending] = []
    for ending in endings:
        if together and sum(e.length for e in (*together, ending)) > most:
            yield Row(prefix, together)
            together = []
        together.append(ending)
    yield Row(prefix, together)


def _whole(parts: Mapping[int, tuple[Tensor, Tensor]]) -> Mapping[int, Tensor]:
    """What lies before, and what is new: heads x tokens, whatever follows."""
    import torch

    return {layer: torch.cat(both, dim=1) for layer, both in parts.items()}
