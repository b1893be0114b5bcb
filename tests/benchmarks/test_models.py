"""What remembering saves, and what counting and mapping cost, where reading is most of the work."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import count

import pytest
import torch

from tests.benchmarks.medium import opened, picture
from visualcrop import (
    BudgetedModel,
    Capture,
    Ledger,
    Model,
    Prompt,
    Target,
    View,
    similarity_map,
)
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.relevance.vv import Vv

TARGETS = ("mug", "red key", "left mug", "blue key")
_seeds = count()


def one_by_one(model: Model) -> None:
    """The maps of four targets on an image that was not seen before, as FOCUS asks for them."""
    view, ledger = View.whole(picture(next(_seeds))), Ledger()
    for target in TARGETS:
        Vv().map(view, Target(target), BudgetedModel(model, ledger).at("relevance"))


def together(model: Model) -> None:
    """The same, with all four asked for in one call."""
    view = View.whole(picture(next(_seeds)))
    capture = Capture(values=model.traits.span(None))
    for seen in model.read([_asked(view, target) for target in TARGETS], capture):
        similarity_map(seen, seen.values)


def _asked(view: View, target: str) -> Prompt:
    return Prompt.fill(view, "Is there a {target} in the image?", target=target)


def seconds(run: Callable[[], object], rounds: int = 3) -> float:
    """The median of a few runs, after one that does not count."""
    taken = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


@pytest.mark.parametrize("per_side", [24, 55], ids=["576 tokens", "3025 tokens"])
class TestModels:
    """On a random LLaVA of width 768 and 6 layers."""

    def test_remembering_pays(self, benchmark, per_side: int) -> None:
        """Four targets take half of the time at most; a third is the aim, not reached yet."""
        forgetful, remembering = opened(per_side, memory=0), opened(per_side)
        without = seconds(lambda: one_by_one(forgetful), rounds=2)
        single = seconds(lambda: one_by_one(remembering))
        packed = seconds(lambda: together(remembering))
        benchmark.pedantic(together, (remembering,), rounds=3)
        print(f"\n{without:.2f} s forgetful; remembering {single:.2f} s one by one, {packed:.2f} s")
        print(f"in one call: {without / single:.2f}x and {without / packed:.2f}x")
        assert without >= 2 * max(single, packed)

    def test_the_map_is_cheap(self, benchmark, per_side: int) -> None:
        """The vv map takes 3 % of the pass it reads, at most."""
        model = opened(per_side, memory=0)
        prompt = _asked(View.whole(picture()), "mug")
        capture = Capture(values=model.traits.span(None))
        (seen,) = model.read([prompt], capture)
        reading = seconds(lambda: model.read([prompt], capture))
        mapping = seconds(lambda: similarity_map(seen, seen.values), rounds=9)
        benchmark(similarity_map, seen, seen.values)
        print(f"\n{mapping * 1e3:.2f} ms of {reading * 1e3:.0f} ms: {mapping / reading:.2%}")
        assert mapping <= 0.03 * reading

    def test_counting_is_cheap(self, benchmark, per_side: int) -> None:
        """The meter adds 5 % to a pass at most; 2 % is the aim, which short passes miss."""
        model = opened(per_side, memory=0)
        assert isinstance(model, HuggingFaceModel)
        prompt = _asked(View.whole(picture()), "mug")
        inputs = model.prompter.prepare(prompt).inputs
        counted, bare = _paired(model, inputs)
        benchmark.pedantic(model.choose, ([prompt], ("Yes", "No")), rounds=2)
        share = counted / bare - 1
        print(f"\n{counted * 1e3:.1f} ms counted, {bare * 1e3:.1f} ms bare: {share:+.2%}")
        assert counted <= 1.05 * bare


def _paired(model: HuggingFaceModel, inputs) -> tuple[float, float]:
    """Least times of a pass with the meter and without, run in turns."""

    def run() -> float:
        started = time.perf_counter()
        with torch.no_grad():
            model.network(**inputs, logits_to_keep=1)
        return time.perf_counter() - started

    counted, bare = [], []
    run()
    for _ in range(6):
        with model.meter.measure():
            counted.append(run())
        forwards = [
            (m, vars(m).pop("forward")) for m in model.network.modules() if "forward" in vars(m)
        ]
        bare.append(run())
        for module, forward in forwards:
            module.forward = forward
    return min(counted), min(bare)
