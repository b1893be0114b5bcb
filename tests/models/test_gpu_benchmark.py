"""`python -m benchmarks.gpu`: what can be known of it without a GPU."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForImageTextToText

from benchmarks import gpu
from benchmarks.measures import Ceilings
from benchmarks.shapes import SEVEN_BILLION, Shape, checkpoint_without_weights
from tests.support.refusals import is_one_sentence
from visualcrop import Image, ModelFamily, View
from visualcrop.models.families.base import Family
from visualcrop.plugin import Registry

_MEASURES = [
    "prefill with captured values",
    "the map of one target",
    "8 crops, one by one",
    "8 crops, in one call",
    "4 targets, nothing remembered",
    "4 targets, image remembered",
    "one token decoded",
]
_BODIES = {"llava": 6.476e9, "llava-onevision": 6.525e9, "qwen2-5-vl": 6.525e9}  # of layers
_TOKENS = {"llava": 576, "llava-onevision": 7329, "qwen2-5-vl": 54 * 80}  # of V*Bench's image


def test_says_what_it_needs(monkeypatch, capsys) -> None:
    """Without a GPU it is one sentence, and the way to try it all the same."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 1
    said = capsys.readouterr()
    assert is_one_sentence(said.err.strip())
    assert "CUDA GPU" in said.err
    assert "--small" in said.err
    assert said.out == ""


def test_small_measures_everything(capsys) -> None:
    """Every line of every model has its time, its operations, and a bound below its time."""
    assert gpu.main(["--small", "--json", "--rounds", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tflop_per_s"] > 0
    assert told["gb_per_s"] > 0
    assert [part["model"] for part in told["models"]] == [
        f"{s.title}, small" for s in SEVEN_BILLION
    ]
    for part in told["models"]:
        assert part["preparing_ms"] > 0
        assert [row["measure"] for row in part["rows"]] == _MEASURES
        for row in part["rows"]:
            assert 0 < row["bound_ms"] < row["ms"]
            assert row["share_of_bound"] == pytest.approx(row["bound_ms"] / row["ms"])
        flops = {row["measure"]: row["tflop"] for row in part["rows"]}
        assert flops["4 targets, nothing remembered"] == pytest.approx(
            4 * flops["prefill with captured values"], rel=0.05
        )
        assert flops["4 targets, image remembered"] < 0.6 * flops["4 targets, nothing remembered"]


def test_prints_a_table(capsys) -> None:
    """Without --json there is a line for each measure, below what the machine can do."""
    assert gpu.main(["--small", "--only", "LLaVA-1.5", "--rounds", "1"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert "TFLOP/s in bfloat16" in first
    assert [line[:32].strip() for line in lines[3:]] == _MEASURES


@pytest.mark.parametrize("shape", SEVEN_BILLION, ids=lambda shape: shape.family)
class TestShapes:
    """The shapes of the published models, without their weights."""

    def test_layers_have_as_many_weights(self, shape: Shape) -> None:
        """Those of the decoder count as the published ones do."""
        build: Any = AutoModelForImageTextToText
        with torch.device("meta"):
            network = build.from_config(_family(shape).load_config())
        body = sum(weights.numel() for weights in network.get_decoder().layers.parameters())
        assert body == pytest.approx(_BODIES[shape.family], rel=1e-3)

    def test_images_have_as_many_tokens(self, shape: Shape) -> None:
        """An image of V*Bench's size is cut as the published processor cuts it."""
        family = _family(shape)
        config = family.load_config()
        width, height = shape.image
        view = View.whole(Image.open(np.zeros((height, width, 3), np.uint8)))
        processor = family.make_processor(family.source, config)
        assert family.layout(view, 1, processor, config).tokens == _TOKENS[shape.family]


def _family(shape: Shape) -> Family:
    spec = f'{shape.family}(checkpoint="{checkpoint_without_weights(shape)}")'
    family = Registry.load().build(ModelFamily, spec)
    assert isinstance(family, Family)
    return family


def test_the_bound_is_the_longer_time() -> None:
    """What has to be computed, or what has to be read, whichever takes longer."""
    ceilings = Ceilings(flops=100, bandwidth=10)
    assert ceilings.least(200, 10) == 2
    assert ceilings.least(100, 50) == 5
