"""Finds replies that repeat themselves while they are decoded, by the rules of their prompts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from ...prompt import RepetitionStop
from .transfers import upload

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_NEVER = 1 << 62  # tokens: of a pattern that is longer than the rule allows
_NO_TOKEN = -1


@attrs.define(eq=False)
class RepetitionTracker:
    """
    Whether each reply of a batch ends in copies of one pattern, whatever the pattern's length P.

    A token costs the same however long the reply is: it is compared with the P-th before it, and
    each match makes the copies one token longer.
    """

    needed: Tensor  # B x P: tokens that copies of a pattern of each length have together, at least
    matches: Tensor  # B x P: how many of the last tokens are equal to the one P before them
    latest: Tensor  # B x P: the last tokens, the latest first

    @classmethod
    def start(
        cls, stops: Sequence[RepetitionStop | None], device: torch.device
    ) -> RepetitionTracker:
        """A tracker of replies without a token, with the rule of each, of one at least."""
        import torch

        rules = [(0, 0, 0) if s is None else (s.tokens, s.copies, s.longest) for s in stops]
        tokens, copies, longest = (
            upload(each, device)[:, None] for each in zip(*rules, strict=True)
        )
        lengths = torch.arange(1, max(most for _, _, most in rules) + 1, device=device)
        needed = (copies * lengths).maximum(tokens).masked_fill(lengths > longest, _NEVER)
        return cls(needed, torch.zeros_like(needed), torch.full_like(needed, _NO_TOKEN))

    def add(self, tokens: Tensor) -> Tensor:
        """Follow each reply by one of *tokens*, B x 1; return whether it repeats itself now, B."""
        import torch

        self.matches = (self.matches + 1).masked_fill(self.latest != tokens, 0)
        self.latest = torch.cat([tokens, self.latest[:, :-1]], dim=1)
        lengths = torch.arange(1, self.needed.shape[1] + 1, device=tokens.device)
        return (self.matches + lengths >= self.needed).any(1)

    def select(self, rows: Tensor) -> RepetitionTracker:
        """The tracker of some *rows* of the batch."""
        return RepetitionTracker(self.needed[rows], self.matches[rows], self.latest[rows])
