"""What remembering saves ZoomEye, which asks up to three questions about each part of the image."""

from __future__ import annotations

import time
from itertools import count

import numpy as np
import pytest

from tests.benchmarks.medium import opened
from visualcrop import (
    Answer,
    Budget,
    BudgetedModel,
    Image,
    Ledger,
    Model,
    Question,
    Registry,
    Searcher,
)

# A random model is sure of nothing, so that a search goes on until its schedule ends.
SPEC = 'zoomeye(targets=given(names=["mug"]), upper=1.0, lower=0.9, max_new_tokens=1, {})'
CASES = {
    "two levels, 576 tokens": (24, "depth=2"),
    "two levels, 576 tokens, as the authors": (24, "depth=2, authors=true"),
    "one level, 3025 tokens, as the authors": (55, "depth=1, authors=true"),
}
_seeds = count()


def picture(seed: int) -> Image:
    """Noise, another for each seed, so that nothing of it was read before."""
    pixels = np.random.default_rng(seed).integers(0, 256, (1600, 1600, 3), dtype=np.uint8)
    return Image.open(pixels)


def searched(
    model: Model, options: str, seed: int, passes: int | None = None
) -> tuple[Answer, float]:
    """The answer about a picture, and the seconds of computing that it took."""
    method = Registry.load().build(Searcher, SPEC.format(options))
    question = Question("What colour is the mug?", picture(seed))
    started = time.process_time()
    answer = method.search(question, BudgetedModel(model, Ledger(Budget(passes))))
    return answer, time.process_time() - started


def decisions(answer: Answer) -> list[object]:
    """Where it looked, in which order, and what came of it."""
    seen = [finding.box for evidence in answer.evidence for finding in evidence.findings]
    return [answer.text, answer.counts, seen, [finding.box for finding in answer.findings]]


@pytest.mark.parametrize("case", CASES)
class TestZoomEye:
    """On a random LLaVA of width 768 and 6 layers."""

    def test_sharing_pays(self, benchmark, case: str) -> None:
        """The same decisions in half of the time at most."""
        per_side, options = CASES[case]
        forgetful, remembering = opened(per_side, memory=0), opened(per_side)
        for model in (forgetful, remembering):
            searched(model, options, next(_seeds), passes=1)
        seed = next(_seeds)
        alone, without = searched(forgetful, options, seed)
        shared, within = searched(remembering, options, seed)
        assert decisions(alone) == decisions(shared)
        benchmark.pedantic(searched, (remembering, options, next(_seeds)), rounds=1)
        pops = shared.counts["pops"]
        print(f"\n{case}: {pops} pops, {without:.2f} s alone, {within:.2f} s shared, ", end="")
        print(f"{without / within:.2f}x")
        assert without >= 2 * within
