"""How the next word of a reply is chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ...prompt import Sampling
from .prompting import Prepared

if TYPE_CHECKING:
    from torch import Tensor

Choose: TypeAlias = "Callable[[Tensor], Tensor]"  # logits, batch x vocabulary -> batch x 1 tokens


def chooser(asked: Sequence[Prepared]) -> Choose:
    """Choose the next token of each prompt: the likeliest, or one as its sampling says."""
    draws = [Draw(p.sampling, p) if p.sampling else likeliest for p in asked]

    def choose(logits: Tensor) -> Tensor:
        import torch

        return torch.cat([draw(row) for draw, row in zip(draws, logits.split(1), strict=True)])

    return choose if any(prepared.sampling for prepared in asked) else likeliest


def likeliest(logits: Tensor) -> Tensor:
    """The token with the highest logit in each row."""
    return logits.argmax(-1, keepdim=True)


class Draw:
    """Draws tokens for one prompt. Its chances are its own, whoever it travels with."""

    def __init__(self, sampling: Sampling, prepared: Prepared) -> None:
        key = f"{sampling.seed}/{prepared.views}/{prepared.text}"
        seed = hashlib.blake2b(key.encode(), digest_size=8).digest()
        self.sampling = sampling
        self.chance = np.random.default_rng(int.from_bytes(seed, "little"))

    def __call__(self, logits: Tensor) -> Tensor:
        """A token for the one row of *logits*."""
        likely = (logits[0].double() / self.sampling.temperature).softmax(-1)
        ordered = likely.sort(descending=True, stable=True)
        sums = ordered.values.cumsum(0)
        kept = int((sums < self.sampling.top_p).sum().clamp(max=len(sums) - 1)) + 1
        drawn = self.chance.random() * float(sums[kept - 1])
        place = min(int((sums <= drawn).sum()), kept - 1)
        return ordered.indices[place].reshape(1, 1)
