"""How the next token of a reply is chosen: greedily, or by temperature and top-p."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ...prompt import Sampling
from .prompting import TokenizedPrompt

if TYPE_CHECKING:
    from torch import Tensor

ChooseTokens: TypeAlias = "Callable[[Tensor], Tensor]"  # logits, B x V -> tokens, B x 1


def make_chooser(prompts: Sequence[TokenizedPrompt]) -> ChooseTokens:
    """Chooses the next token for a batch of *prompts*, each by its own sampling."""
    samplers = [Sampler(p.sampling, p) if p.sampling else choose_greedily for p in prompts]

    def choose(logits: Tensor) -> Tensor:
        import torch

        rows = zip(samplers, logits.split(1), strict=True)
        return torch.cat([sample(row) for sample, row in rows])

    return choose if any(prompt.sampling for prompt in prompts) else choose_greedily


def choose_greedily(logits: Tensor) -> Tensor:
    """The token with the highest logit, B x 1."""
    return logits.argmax(-1, keepdim=True)


class Sampler:
    """Samples the tokens of one reply, seeded by the prompt: the batch makes no difference."""

    def __init__(self, sampling: Sampling, prompt: TokenizedPrompt) -> None:
        key = f"{sampling.seed}/{prompt.views}/{prompt.text}"
        seed = hashlib.blake2b(key.encode(), digest_size=8).digest()
        self.sampling = sampling
        self.random = np.random.default_rng(int.from_bytes(seed, "little"))

    def __call__(self, logits: Tensor) -> Tensor:
        """One token from *logits*, 1 x V: 1 x 1."""
        probabilities = (logits[0].double() / self.sampling.temperature).softmax(-1)
        ordered = probabilities.sort(descending=True, stable=True)
        sums = ordered.values.cumsum(0)
        nucleus = int((sums < self.sampling.top_p).sum().clamp(max=len(sums) - 1)) + 1
        drawn = self.random.random() * float(sums[nucleus - 1])
        rank = min(int((sums <= drawn).sum()), nucleus - 1)
        return ordered.indices[rank].reshape(1, 1)
