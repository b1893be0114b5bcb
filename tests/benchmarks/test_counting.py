"""What it costs to count: the meter and the ledger, each against the pass that it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import pytest
import torch

from tests.benchmarks.medium import opened, picture
from tests.benchmarks.timing import fastest
from tests.support.opened import about
from tests.support.opened import opened as tiny
from visualcrop import BudgetedModel, Choice, Ledger, Model, Prompt, View
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.testing import ToyModel

CALLS = 10  # in a round, since one takes too little time to be measured


@attrs.define(eq=False)
class Instant(ToyModel):
    """Has its answer ready, so that all that takes time is what is around it."""

    def choose(self, prompts: Sequence[Prompt], *_: object, **__: object) -> Sequence[Choice]:
        return [Choice((0.0, 1.0))] * len(prompts)


@pytest.fixture(scope="module")
def seconds() -> float:
    """What a pass over 576 image tokens takes, of width 768 in 6 layers."""
    model, prompt = opened(24, memory=0), Prompt((View.whole(picture()), "Is there a mug?"))
    torch.set_num_threads(1)
    (least,) = fastest(lambda: model.choose([prompt], ("Yes", "No")), rounds=3)
    return least


def test_the_meter_is_cheap(benchmark, seconds: float) -> None:
    """About 1 % of a pass; counting at a wide layer takes as long as at a narrow one."""
    narrow, wide = tiny("llava", memory=0), opened(24, memory=0)
    run, bare = _counted(narrow), _uncounted(narrow)
    counted, uncounted = fastest(run, bare, rounds=10)
    benchmark.pedantic(run, rounds=3)
    gauges = len(wide.meter._gauges) / len(narrow.meter._gauges)
    added = max(0.0, counted - uncounted) / CALLS * gauges
    print(f"\n{added * 1e3:.2f} ms of {seconds * 1e3:.0f} ms: {added / seconds:.2%}")


def test_the_ledger_is_cheap(benchmark, seconds: float) -> None:
    """Far below 1 % of a pass, late in a long search, too."""
    bare, ledger, prompts = Instant(), Ledger(), [about("mug")]
    charged = BudgetedModel(bare, ledger)
    for _ in range(100):
        charged.choose(prompts, ("Yes", "No"))

    def run(model: Model | BudgetedModel) -> None:
        for _ in range(CALLS):
            model.choose(prompts, ("Yes", "No"))

    with_ledger, without = fastest(lambda: run(charged), lambda: run(bare), rounds=10)
    benchmark.pedantic(charged.choose, (prompts, ("Yes", "No")), rounds=50)
    added = (with_ledger - without) / CALLS
    print(f"\n{added * 1e6:.0f} us of {seconds * 1e3:.0f} ms: {added / seconds:.3%}")


def _counted(model: HuggingFaceModel) -> Callable[[], None]:
    """A few passes with the meter."""
    inputs = dict(model.prompt_processor.tokenize(about("mug")).inputs)

    def run() -> None:
        with torch.no_grad():
            for _ in range(CALLS):
                with model.meter.measure():
                    model.network(**inputs, logits_to_keep=1)

    return run


def _uncounted(model: HuggingFaceModel) -> Callable[[], None]:
    """The same without; the gauges are taken out and put back in."""
    inputs = dict(model.prompt_processor.tokenize(about("mug")).inputs)

    def run() -> None:
        modules = [module for module in model.network.modules() if "forward" in vars(module)]
        forwards = [vars(module).pop("forward") for module in modules]
        with torch.no_grad():
            for _ in range(CALLS):
                model.network(**inputs, logits_to_keep=1)
        for module, forward in zip(modules, forwards, strict=True):
            module.forward = forward

    return run
