"""How much there is to share: questions about views that were seen before."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from zlib import crc32

import attrs
import numpy as np
import pytest

from visualcrop import BudgetedModel, Choice, Image, Ledger, Prompt, Question
from visualcrop.plugin import Registry, Searcher
from visualcrop.testing import ToyModel

SPEC = 'zoomeye(side=336, targets=given(names=["mug"]), depth={}, authors={})'
IMAGE = Image.open(np.zeros((1600, 1600, 3), np.uint8))
SEARCHES = 30


@attrs.define
class Guessing(ToyModel):
    """Is as sure of a thing as its dice say; it remembers what it was asked."""

    seed: int = 0
    asked: list[Prompt] = attrs.field(factory=list)

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: str = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        self.asked += prompts
        return [Choice((self._odds(prompt), 0.0)) for prompt in prompts]

    def _odds(self, prompt: Prompt) -> float:
        digest = crc32(f"{prompt.views[0].box} {prompt.text}".encode())
        return float(np.random.default_rng([self.seed, digest]).normal())


def searched(depth: int, seed: int, *, authors: bool) -> list[Prompt]:
    """What was asked in a search for one thing."""
    model = Guessing(seed=seed)
    method = Registry.load().build(Searcher, SPEC.format(depth, str(authors).lower()))
    method.search(Question("What colour is it?", IMAGE), BudgetedModel(model, Ledger()))
    return model.asked


def ratios(depth: int, *, authors: bool) -> list[float]:
    """Passes over views of some searches, the answer's among the passes, least first."""
    asked = (searched(depth, seed, authors=authors) for seed in range(SEARCHES))
    return sorted((len(each) + 1) / len({prompt.views for prompt in each}) for each in asked)


@pytest.mark.parametrize(
    ("depth", "authors", "least", "middle", "most"),
    [
        (1, False, 1.40, 2.00, 2.00),
        (2, False, 1.65, 1.89, 2.20),
        (5, False, 1.76, 2.00, 2.22),
        (1, True, 2.20, 2.80, 2.80),
        (2, True, 2.20, 2.37, 2.69),
        (5, True, 2.20, 2.32, 2.57),
    ],
)
def test_passes_over_views(
    depth: int, least: float, middle: float, most: float, *, authors: bool
) -> None:
    """As the page on ZoomEye has them."""
    found = ratios(depth, authors=authors)

    assert (found[0], found[-1]) == pytest.approx((least, most), abs=0.005)
    assert median(found) == pytest.approx(middle, abs=0.005)


@pytest.mark.parametrize("authors", [False, True])
def test_three_questions_about_a_node(*, authors: bool) -> None:
    """A popped node is asked all three; on the last level the default leaves out the latent one."""
    kinds: dict[float, set[str]] = {}
    for prompt in searched(2, 0, authors=authors):
        kinds.setdefault(prompt.views[0].box.width, set()).add(prompt.text.split()[0])
    first, inner, last = (kinds[width] for width in sorted(kinds, reverse=True))

    assert first == {"Question:"}
    assert inner == {"Is", "According", "Question:"}
    assert last == (inner if authors else inner - {"According"})
