"""The meter at a network's own blocks finds what goes by the ledger, and nothing else."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import torch

from tests.support.opened import about, noise, opened
from tests.support.reaching import Cheating
from visualcrop import UNBILLED, Ledger, VisualSearch
from visualcrop.models.engine.decoder import get_decoder
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.plugin import Registry, Searcher

pytestmark = pytest.mark.torch
_QUESTION = "What colour is the mug?"
_SPECS = (
    "focus(targets=rules, steps=3)",
    "zoomeye(targets=rules)",
    "vicrop(source=grad-att)",
    "vicrop(source=pure-grad)",
    "seal(targets=rules)",
)


def _searched(model: HuggingFaceModel, searcher: Searcher) -> Ledger:
    """The bill of a search."""
    ledger = Ledger()
    VisualSearch(model, searcher).ask(noise(), _QUESTION, ("red", "blue"), ledger=ledger)
    return ledger


def _fifty(network: Any, inputs: dict[str, Any]) -> None:
    with torch.no_grad():
        for _ in range(50):
            network(**inputs)


def test_passes_of_the_network_itself() -> None:
    """Called as transformers are, beside all that is ours: they are counted all the same."""
    model = opened("llava", memory=0)
    inputs = dict(model.prompt_processor.tokenize(about("mug")).inputs)
    ledger = _searched(model, Cheating(lambda _: _fifty(model.network, inputs)))
    assert ledger.by_stage() == {"answer": 1, UNBILLED: 50}


@pytest.mark.parametrize("family", ["llava", "llava-onevision", "qwen2-5-vl"])
@pytest.mark.parametrize("memory", [0, 1 << 30])
@pytest.mark.parametrize("spec", _SPECS)
def test_searches_owe_nothing(spec: str, memory: int, family: str) -> None:
    """With prefixes remembered or not, and with gradients: all that runs is paid for."""
    model = opened(family, memory=memory)
    before = model.passes
    ledger = _searched(model, Registry.load().build(Searcher, spec))
    assert ledger.unbilled == 0
    assert ledger.passes == model.passes - before


def test_where_memory_runs_out() -> None:
    """What is read again in halves was paid for once, and is owed by nobody."""
    model = attrs.evolve(opened("llava", memory=0), max_tokens=1 << 16)
    failed = []

    def little(module: Any, given: Any) -> None:
        if len(given[0]) > 2:
            failed.append(len(given[0]))
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with get_decoder(model.network).layers[1].register_forward_pre_hook(little):
        ledger = _searched(model, Registry.load().build(Searcher, "focus(targets=rules, steps=9)"))
    assert failed
    assert ledger.unbilled == 0 < ledger.passes
