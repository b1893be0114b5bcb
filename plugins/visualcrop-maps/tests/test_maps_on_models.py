"""Every source searches on networks of several architectures, and keeps what a search promises."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.support.opened import noise
from tests.support.whole_searches import FAMILIES, MODELS, open_model, search
from visualcrop import (
    Answer,
    Box,
    BudgetedModel,
    Ledger,
    Question,
    Target,
    View,
    Vv,
)
from visualcrop_maps import LayerWeights, fit_layer_weights
from visualcrop_maps.parts import map_layers
from visualcrop_tiny.shapes import Shapes

pytestmark = pytest.mark.torch
SPECS = [
    "focus(relevance=contrast, {bound})",
    "focus(relevance=windows(across=2), {bound})",
    "focus(relevance=windows(across=2, scale=existence), {bound})",
    "focus(relevance=layers, {bound})",
    "focus(relevance=heads(share=0.5), {bound})",
    "focus(relevance=sinks, {bound})",
    "focus(relevance=layers(relevance=sinks(relevance=heads)), {bound})",
    "focus(relevance=heads(relevance=attention), {bound})",
    "options-in-prompt(searcher=focus({bound}))",
]
BOUND = "steps=3, overrun=false, targets=quoted"


@cache
def _question(name: str) -> Question:
    if name != "tiny-shapes":
        return Question("What colour is the 'mug'?", noise(), ("red", "blue"))
    sample = next(iter(Shapes(split="dev", size="1k", count=1)))
    text = f"Is the '{sample.targets[0].name}' red?"
    return Question(text, sample.source.open(), ("Yes", "No"))


def _search(spec: str, name: str, passes: int | None = None) -> tuple[Answer, Ledger]:
    """The answer, and its ledger."""
    open_model(name).forget()  # a cached prefix rounds differently
    return search(spec.format(bound=BOUND), _question(name), open_model(name), passes)


def _pairs() -> list[Any]:
    """Every spec on every model: on one of them always, on the others as proofs."""
    return [
        pytest.param(spec, name, marks=[pytest.mark.proof] if (i - j) % len(MODELS) else [])
        for i, spec in enumerate(SPECS)
        for j, name in enumerate(MODELS)
    ]


@pytest.mark.parametrize(("spec", "name"), _pairs())
def test_searches(spec, name) -> None:
    """A choice, boxes in the image, every pass charged, the same twice, a budget kept."""
    answer, _ = _search(spec, name)
    assert answer.text
    (evidence,) = answer.evidence
    assert evidence.relevance is not None
    assert evidence.relevance.grid.box == _question(name).image.box
    assert _search(spec, name)[0] == answer
    short, spent = _search(spec, name, passes=2)
    assert spent.by_stage()["answer"] == 1
    assert spent.passes - 1 <= 2
    assert short.text


@pytest.mark.parametrize("name", FAMILIES)
def test_layers_come_from_one_pass(name) -> None:
    """Each layer's map is that of a source of this layer alone, for one pass in all."""
    ledger, view = Ledger(), View.whole(_question(name).image)
    model, target = BudgetedModel(open_model(name), ledger, "relevance"), Target("mug")
    (found,) = map_layers(Vv(), view, [target], model)
    assert ledger.passes == 1
    assert tuple(found) == model.info.kv_layers
    for layer, of_layer in found.items():
        alone = Vv(layers=(layer, layer + 1)).map(view, target, model)
        assert np.allclose(of_layer.scores, alone.scores, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", ["llava", "qwen3-5"])
def test_weights_are_learned_and_used(name, tmp_path) -> None:
    """From two boxed items, saved, and searched with, on the model that they were learned on."""
    image = _question(name).image
    items = [(View.whole(image), Target("mug"), Box(20, 30, 90, 80))] * 2
    model = BudgetedModel(open_model(name), Ledger(), "learning")
    path = tmp_path / "weights.json"
    learned = fit_layer_weights(Vv(), items, model)
    learned.save(path)
    assert LayerWeights.read(path) == learned
    assert tuple(learned.weights) == model.info.kv_layers
    spec = f'focus(relevance=layers(by=ridge, weights="{path}"), {{bound}})'
    answer, ledger = _search(spec, name)
    assert ledger.by_stage()["relevance"] == 1
    assert answer.evidence
