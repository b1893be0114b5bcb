"""`python -m benchmarks.gpu`: what can be known of it without a GPU."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

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

_PREPARING = [
    "preparing 300 x 200",
    "preparing it for another prompt",
    "preparing 768 x 432",
]
_MEASURES = [
    *_PREPARING,
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


def run(capsys: Any, *options: str) -> list[dict[str, Any]]:
    """Each line of its output, of which every one is JSON."""
    assert gpu.main(["--small", "--rounds", "1", *options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_small_measures_everything(capsys) -> None:
    """Every line of every model has its time, its operations, and a bound below its time."""
    machine, *lines, last = run(capsys)
    assert machine["tflop_per_s"] > 0
    assert machine["gb_per_s"] > 0
    assert last == {"done": True}
    for shape in SEVEN_BILLION:
        told, *rows = [line for line in lines if line["model"] == f"{shape.title}, small"]
        assert told["tokens"] > 0
        assert [row["measure"] for row in rows] == _MEASURES
        for row in rows:
            assert row["ms"] > 0
            assert row["ms"] <= row["total_ms"] or row["measure"] == "one token decoded"
            assert ("bound_ms" in row) == (row["measure"] not in _PREPARING)
            assert row.get("bound_ms", 0) < row["ms"]
        flops: dict[str, Any] = {row["measure"]: row.get("tflop") for row in rows}
        assert flops["4 targets, nothing remembered"] == pytest.approx(
            4 * flops["prefill with captured values"], rel=0.05
        )
        assert flops["4 targets, image remembered"] < 0.6 * flops["4 targets, nothing remembered"]


def test_what_does_not_fit_in_time_is_left_out(capsys) -> None:
    """Without any time, every model and every measurement is named all the same, and none run."""
    _, *lines, last = run(capsys, "--seconds", "0", "--only", "LLaVA-1.5")
    assert lines == [{"model": "LLaVA-1.5-7B, small", "attention": "sdpa", "left_out": "the model"}]
    assert last == {"done": True}


def test_an_error_ends_its_measurement_alone(capsys, monkeypatch) -> None:
    """A model that runs out of memory in one measurement is measured on."""

    def fail(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("benchmarks.measures.Bench._verify_together", fail)
    _, _, *rows, _ = run(capsys, "--only", "LLaVA-1.5")
    found = {row["measure"]: row.get("error") for row in rows}
    assert found.pop("8 crops, in one call") == "OutOfMemoryError: CUDA out of memory."
    assert not any(found.values())
    assert {*found, "8 crops, in one call"} == {*_MEASURES}


def test_reads_packages_from_wheels(tmp_path: Path, monkeypatch) -> None:
    """Each is unpacked, and imported before what is installed."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    with ZipFile(tmp_path / "carried-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("carried_package/__init__.py", "answer = 42")
    gpu.unpack_wheels(tmp_path, tmp_path / "unpacked")
    assert import_module("carried_package").answer == 42
    del sys.modules["carried_package"]


def test_names_the_package_that_is_missing(monkeypatch, capsys) -> None:
    """One sentence, with the ways to get it."""
    monkeypatch.setitem(sys.modules, "benchmarks.measures", None)
    assert gpu.main(["--small"]) == 1
    said = capsys.readouterr()
    assert is_one_sentence(said.err.strip())
    assert "needs benchmarks.measures; install it, or give --wheels" in said.err


def test_needs_only_the_wheels_for_its_start() -> None:
    """Before they are unpacked, it imports nothing but Python's own modules."""
    code = "import sys; old = {*sys.modules}; import benchmarks.gpu; print(*{*sys.modules} - old)"
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    packages = {name.partition(".")[0] for name in told.stdout.split()}
    assert packages - sys.stdlib_module_names == {"benchmarks"}


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
