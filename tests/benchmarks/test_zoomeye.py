"""What remembering saves ZoomEye, which asks up to three questions about each part of the image."""

from __future__ import annotations

import time
from itertools import count

import attrs
import numpy as np
import pytest

from tests.benchmarks.medium import opened
from visualcrop import Answer, Budget, BudgetedModel, Image, Ledger, Model, Question
from visualcrop.plugin import Registry, Searcher

# A random model is sure of nothing, so that a search goes on until its schedule ends.
SPEC = "zoomeye(targets=given(names=[{}]), upper=1.0, lower=0.9, max_new_tokens=1, {})"
ONE, TWO = '"mug"', '"mug", "key"'
CASES = {  # targets, options
    "one target": (ONE, "depth=1"),
    "one target as the authors": (ONE, "depth=1, authors=true"),
    "two targets": (TWO, "depth=1"),
}
_seeds = count()


@attrs.frozen
class Run:
    """One search, and what it took."""

    answer: Answer
    ledger: Ledger
    seconds: float  # of computing, whatever else the machine does

    @property
    def work(self) -> float:
        """Floating-point operations."""
        return float(self.ledger.usage.flops or 0)

    @property
    def decisions(self) -> list[object]:
        """Where it looked, in which order, and what came of it."""
        seen = [finding.box for e in self.answer.evidence for finding in e.findings]
        found = [finding.box for finding in self.answer.findings]
        return [self.answer.text, self.ledger.by_stage(), seen, found]


def picture(seed: int) -> Image:
    """Noise, another for each seed, so that nothing of it was read before."""
    pixels = np.random.default_rng(seed).integers(0, 256, (1600, 1600, 3), dtype=np.uint8)
    return Image.open(pixels)


def searched(model: Model, spec: str, seed: int, budget: Budget = Budget()) -> Run:
    """A search of a picture that the model has not seen."""
    method = Registry.load().build(Searcher, spec)
    question, ledger = Question("What colour is the mug?", picture(seed)), Ledger(budget)
    started = time.process_time()
    answer = method.search(question, BudgetedModel(model, ledger))
    return Run(answer, ledger, time.process_time() - started)


@pytest.mark.parametrize("case", CASES)
class TestZoomEye:
    """On a random LLaVA of width 768 and 6 layers."""

    def test_sharing_pays(self, case: str) -> None:
        """The same decisions, in about half of the time where there is that much to share."""
        names, options = CASES[case]
        forgetful, remembering = opened(24, memory=0), opened(24)
        spec = SPEC.format(names, options)
        for model in (forgetful, remembering):
            searched(model, spec, next(_seeds), Budget(1))
        seed = next(_seeds)
        alone, shared = searched(forgetful, spec, seed), searched(remembering, spec, seed)
        assert alone.decisions == shared.decisions
        ratio, work = alone.seconds / shared.seconds, alone.work / shared.work
        print(f"\n{case}: {alone.ledger.passes} passes, {alone.seconds:.2f} s alone, ", end="")
        print(f"{ratio:.2f}x the time shared, {work:.2f}x the operations")
