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
CASES = {  # tokens on a side, targets, options, least ratio of times: there is not always as much
    "one target, 576 tokens": (24, ONE, "depth=1", 1.4),  # of 2 questions a view, at most 2
    "one target as the authors, 576 tokens": (24, ONE, "depth=1, authors=true", 2),
    "two targets, 576 tokens": (24, TWO, "depth=1", 2),
}
_seeds = count()


@attrs.frozen
class Run:
    """One search, and what it took."""

    answer: Answer
    ledger: Ledger
    seconds: float  # of computing, whatever else the machine does

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


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", CASES)
class TestZoomEye:
    """On a random LLaVA of width 768 and 6 layers."""

    def test_sharing_pays(self, benchmark, case: str) -> None:
        """The same decisions in half of the time at most, where there is that much to share."""
        per_side, names, options, least = CASES[case]
        forgetful, remembering = opened(per_side, memory=0), opened(per_side)
        spec = SPEC.format(names, options)
        for model in (forgetful, remembering):
            searched(model, spec, next(_seeds), Budget(1))
        alone, shared = [], []
        for _ in range(2):  # in turns, as other work on the machine slows both down
            seed = next(_seeds)
            alone.append(searched(forgetful, spec, seed))
            shared.append(searched(remembering, spec, seed))
            assert alone[-1].decisions == shared[-1].decisions
        benchmark.pedantic(searched, (remembering, spec, next(_seeds)), rounds=1)
        without, within = (min(run.seconds for run in runs) for runs in (alone, shared))
        work = alone[0].ledger.usage.flops / shared[0].ledger.usage.flops
        print(f"\n{case}: {alone[0].ledger.passes} passes, {without:.2f} s alone, ", end="")
        print(f"{within:.2f} s shared: {without / within:.2f}x, {work:.2f}x fewer operations")
        assert without >= least * within
