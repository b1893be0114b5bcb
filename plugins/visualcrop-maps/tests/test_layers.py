"""Maps of layers: one pass for all of them, and two ways to weigh them."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.refusals import refused
from visualcrop import Box, BudgetedModel, Ledger, Target, View, Vv
from visualcrop.errors import SpecError
from visualcrop.plugin import Spec
from visualcrop.testing import RelevanceSourceSuite, ToyModel
from visualcrop.testing.bench import Bench
from visualcrop_ablations import KkNorope, Random
from visualcrop_attention import Attention
from visualcrop_maps import Layers, LayerWeights, fit_layer_weights
from visualcrop_maps.parts import map_layers

LAYERS = range(Bench.set_up().model.info.layers)
SOURCE = str(Spec.of(Vv()))


class TestLayers(RelevanceSourceSuite):
    """By spread, around `vv`."""

    strategy = Layers


@cache
def _alone(target: str, layer: int) -> npt.NDArray[np.float64]:
    """The map of one layer from a pass of its own, with a sum of one."""
    bench = Bench.set_up()
    source = Vv(layers=(layer, layer + 1))
    scores = source.map(bench.whole, Target(target), bench.model).scores.astype(np.float64)
    return np.asarray(scores / np.abs(scores).sum())


class TestOneCapture:
    """Each layer's map from one pass."""

    @pytest.mark.parametrize("source", [Vv, KkNorope, Attention])
    def test_equals_a_pass_for_each_layer(self, source) -> None:
        """Layer by layer the same map as that of a source of this layer alone."""
        bench = Bench.set_up()
        (found,) = map_layers(source(), bench.whole, [bench.target], bench.model)
        assert bench.ledger.passes == 1
        assert [*found] == [*LAYERS]
        for layer, of_layer in found.items():
            alone = source(layers=(layer, layer + 1))
            assert of_layer == alone.map(bench.whole, bench.target, bench.model)


class TestSpread:
    """Layers that tell targets apart."""

    @pytest.mark.parametrize("keep", [0.0, 0.5, 1.0])
    def test_equals_its_formula(self, keep) -> None:
        """The highest of the maps whose distance from the others' is near the largest."""
        bench, others = Bench.set_up(), ("lamp", "object")
        own = [_alone(bench.target.text, layer) for layer in LAYERS]
        distance = [
            sum(0.5 * np.abs(own[layer] - _alone(other, layer)).sum() for other in others)
            for layer in LAYERS
        ]
        kept = [layer for layer in LAYERS if distance[layer] >= keep * max(distance)]
        expected = np.max([own[layer] for layer in kept], axis=0)
        found = Layers(keep=keep, others=others).map(bench.whole, bench.target, bench.model)
        assert np.allclose(found.scores, expected, rtol=1e-5)
        assert bench.ledger.passes == 1 + len(others)

    def test_does_not_depend_on_other_targets(self) -> None:
        """A target's map is the same alone and beside another."""
        bench = Bench.set_up()
        one, _ = Layers().maps(bench.whole, [bench.target, Target("lamp")], bench.model)
        assert one == Layers().map(bench.whole, bench.target, bench.model)

    def test_without_passes_for_others_it_is_the_inner_map(self) -> None:
        """One pass is enough for a map."""
        bench, free = Bench.set_up(passes=1), Bench.set_up()
        found = Layers().map(bench.whole, bench.target, bench.model)
        assert found == Vv().map(free.whole, free.target, free.model)
        assert bench.ledger.passes == 1


def _items(bench: Bench) -> list[tuple[View, Target, Box]]:
    return [
        (bench.whole, Target(thing.kind), thing.box)
        for thing in bench.scene.things
        if [other.kind for other in bench.scene.things].count(thing.kind) == 1
    ]


class TestRidge:
    """Weights that are learned."""

    def test_are_those_of_ridge_regression(self) -> None:
        """Equal to the closed form on stacked cells, written out anew."""
        bench = Bench.set_up()
        items = _items(bench)[:3]
        grid = Vv().map(bench.whole, bench.target, bench.model).grid
        cells, wanted = [], []
        for _, target, box in items:
            maps = np.stack([_alone(target.text, layer).ravel() for layer in LAYERS], -1)
            commons = [grid.cell(*place).common(box) for place in np.ndindex(*grid.shape)]
            covered = np.array([common.area / box.area if common else 0.0 for common in commons])
            cells.append((maps - maps.mean(0)) * len(maps))
            wanted.append(covered - covered.mean())
        x, y = np.concatenate(cells), np.concatenate(wanted)
        penalty = 0.5 * np.trace(x.T @ x) / len(LAYERS)
        solved = np.linalg.inv(x.T @ x + penalty * np.eye(len(LAYERS))) @ x.T @ y
        learned = fit_layer_weights(Vv(), items, bench.model, ridge=0.5)
        expected = solved / np.abs(solved).max()
        assert np.allclose([*learned.weights.values()], expected, rtol=1e-3, atol=1e-4)

    def test_weigh_the_maps(self, tmp_path) -> None:
        """The map is the weighted sum of normalised maps, without what is below zero; one pass."""
        bench, path = Bench.set_up(), tmp_path / "weights.json"
        weights = {0: -0.5, 2: 1.0, LAYERS[-1]: 0.25}
        LayerWeights("toy", "toy", SOURCE, weights, 50).save(path)
        found = Layers(by="ridge", weights=str(path)).map(bench.whole, bench.target, bench.model)
        expected = sum(w * _alone(bench.target.text, layer) for layer, w in weights.items())
        assert np.allclose(found.scores, np.clip(expected, 0, None), rtol=1e-4, atol=1e-9)
        assert bench.ledger.passes == 1

    def test_come_back_from_their_file(self, tmp_path) -> None:
        """What is learned and saved is what is read, and it fits its source and model only."""
        bench, path = Bench.set_up(), tmp_path / "weights.json"
        learned = fit_layer_weights(Vv(), _items(bench)[:2], bench.model)
        learned.save(path)
        assert LayerWeights.read(path) == learned
        assert bench.ledger.passes == learned.items == 2
        learned.check_for(Vv(), bench.model)
        said = refused(SpecError, learned.check_for, KkNorope(), bench.model)
        assert said.startswith("The layer weights were learned with the source 'vv")

    def test_of_another_model_are_refused(self) -> None:
        """Also of one with the same name: what counts is the fingerprint of its weights."""

        class Known(ToyModel):
            fingerprint = "0123"

        source, learned = Vv(), LayerWeights("toy", "0123", SOURCE, {0: 1.0}, 50)
        learned.check_for(source, BudgetedModel(Known(), Ledger()))
        said = refused(SpecError, learned.check_for, source, Bench.set_up().model)
        assert "learned with the model 'toy', and this is another" in said

    @pytest.mark.parametrize(
        "change",
        [
            {"format": "other"},
            {"name": None},
            {"model": 3},
            {"source": None},
            {"items": True},
            {"items": 0},
            {"weights": {}},
            {"weights": [1, 2]},
            {"weights": {"-1": 1.0}},
            {"weights": {"0": "1"}},
            {"weights": {"0": True}},
            {"weights": {"0": float("nan")}},
            {"weights": {"0": float("inf")}},
            {"weights": {"1" * 400: 1.0}},
        ],
        ids=str,
    )
    def test_are_refused_where_a_field_is_wrong(self, tmp_path, change) -> None:
        """A file is data: any field that is not what it should be is one sentence."""
        path = tmp_path / "weights.json"
        LayerWeights("toy", "toy", SOURCE, {0: 1.0}, 50).save(path)
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        said = refused(SpecError, LayerWeights.read, path)
        assert said.endswith("give a file that fit_layer_weights saved.")

    def test_a_pipe_is_not_waited_for(self, tmp_path) -> None:
        """Nor is a device read, which never ends."""
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path / "pipe", Path("/dev/zero")):
            assert "cannot be read" in refused(SpecError, LayerWeights.read, path)

    @pytest.mark.parametrize(
        "text", ["", "[]", "{", "[" * 100_000, '"' + "x" * 1_000_001 + '"', "\0\xff"]
    )
    def test_are_refused_where_the_file_is_no_such_file(self, tmp_path, text) -> None:
        """Neither depth nor length nor bytes that are no text get further than the sentence."""
        path = tmp_path / "weights.json"
        path.write_text(text, "latin-1")
        assert "give a file that" in refused(SpecError, LayerWeights.read, path)

    def test_of_layers_that_are_not_there(self, tmp_path) -> None:
        """Weights of a deeper model of the same name are refused."""
        bench, path = Bench.set_up(), tmp_path / "weights.json"
        LayerWeights("toy", "toy", SOURCE, {99: 1.0}, 50).save(path)
        layers = Layers(by="ridge", weights=str(path))
        assert "that the model lacks" in refused(
            SpecError, layers.map, bench.whole, bench.target, bench.model
        )


class TestOptions:
    """What makes no sense is refused at once."""

    def test_spread_needs_others(self) -> None:
        """Without another target, nothing differs."""
        assert "needs others" in refused(SpecError, lambda: Layers(others=()))

    def test_ridge_needs_weights(self) -> None:
        """There are no weights that fit every model."""
        assert "name a file" in refused(SpecError, lambda: Layers(by="ridge"))

    def test_source_has_to_be_of_one_pass(self) -> None:
        """A source that captures nothing has no layers."""
        random: Any = Random()
        assert "OnePassSource" in refused(SpecError, lambda: Layers(relevance=random))
