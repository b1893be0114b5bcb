"""`focus` without options is the paper's setting for its two models: Table 7, row by row."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import attrs
import pytest
from typer.testing import CliRunner

from tests.support.tiny.checkpoints import checkpoint
from visualcrop import ModelFamily
from visualcrop.cli import app
from visualcrop.plugin import Registry, Searcher
from visualcrop.plugin.configure import configure
from visualcrop.plugin.model_settings import resolve_settings
from visualcrop.proposals.anchors import Anchors
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.focus import Focus

_DEPTHS = {"llava": 32, "llava-onevision": 28}  # of the 7B models
_HARD = ["hrbench", "mme-realworld-lite", "aokvqa", "gqa"]  # the paper's other datasets
_PAPER = Anchors(k=30, s_min=3, s_max=5, s_dist=2, threshold=0.5, nms=0.3)
_CASES = [  # family, steps, dataset, what differs from the rest of the table
    ("llava", 8, "vstar", {}),
    ("llava", 4, "vstar", {}),
    ("llava", 3, "vstar", {"k": 15}),
    *[("llava", 8, name, {"s_dist": 3}) for name in _HARD],
    ("llava", 1, "hrbench", {"k": 15, "s_dist": 3}),
    ("llava-onevision", 8, "vstar", {"s_max": 9}),
    ("llava-onevision", 1, "vstar", {"s_max": 9}),
    *[("llava-onevision", 1, name, {}) for name in _HARD],
    ("llava", 8, "", {}),
    ("llava-onevision", 8, "", {}),
]


@cache
def _seven_billion(family: str) -> str:
    """A checkpoint's folder that is all config: as deep as the 7B model."""
    folder = Path(mkdtemp(prefix=f"visualcrop-{family}-"))
    config = json.loads((checkpoint(family) / "config.json").read_text())
    config["text_config"] |= {"num_hidden_layers": _DEPTHS[family], "layer_types": None}
    (folder / "config.json").write_text(json.dumps(config))
    return f'{family}(checkpoint="{folder}")'


def _focus(spec: str, steps: int, dataset: str) -> Focus:
    registry = Registry.load()
    settings = registry.build(ModelFamily, spec).settings()
    options = [("steps", steps)]
    made = configure(
        registry, Searcher, "focus", options=options, settings=settings, dataset=dataset
    )
    assert isinstance(made, Focus)
    return made


def _told(family: str, *words: str) -> dict[str, tuple[str, str]]:
    """Value and origin of each option, as `explain` tells them."""
    command = ["explain", "focus", "-m", _seven_billion(family), *words, "--json"]
    rows = json.loads(CliRunner().invoke(app, command).stdout)["options"]
    said = "the model's setting: "
    return {row["path"]: (row["value"], row["origin"].removeprefix(said)) for row in rows}


class TestTable7:
    """The 7B models of the paper."""

    @pytest.mark.parametrize(("family", "steps", "dataset", "differs"), _CASES)
    def test_anchors(self, family: str, steps: int, dataset: str, differs: dict[str, int]) -> None:
        """k, s_min, s_max and s_dist, for each number of steps and dataset; threshold and NMS."""
        made = _focus(_seven_billion(family), steps, dataset)
        assert made.proposals == attrs.evolve(_PAPER, **differs)

    @pytest.mark.parametrize(
        ("family", "layers", "t_type2", "composer"),
        [("llava", (14, 32), 0.6, "crop"), ("llava-onevision", (21, 28), 0.5, "interleaved")],
    )
    def test_the_rest(
        self, family: str, layers: tuple[int, int], t_type2: float, composer: str
    ) -> None:
        """Layers, the threshold of type 2, and how findings are shown."""
        made = _focus(_seven_billion(family), 8, "")
        assert made.relevance == Vv(layers=layers)
        assert (made.t_type2, made.answer.name) == (t_type2, composer)
        assert getattr(made.answer, "t_obj_dist", 1200) == 1200

    @pytest.mark.parametrize("family", _DEPTHS)
    def test_layers_of_another_depth_are_the_last_half(self, family: str) -> None:
        """Table 7 counts the layers of the 7B model; with others the source's own rule holds."""
        assert _focus(f'{family}(checkpoint="{checkpoint(family)}")', 8, "").relevance == Vv()

    def test_explain_tells_the_rules(self) -> None:
        """What depends on something else is shown with what it depends on."""
        given = ("llava", "-o", "steps=3")
        assert _told(*given)["proposals.k"] == ("15", "15 where steps < 4, 30 otherwise")
        given = ("llava", "-o", "proposals.k=20")
        assert _told(*given)["proposals.k"] == ("20", "given")
        for dataset, value in (("vstar", "9"), ("hrbench", "5")):
            told = _told("llava-onevision", "--dataset", dataset)
            assert told["proposals.s_max"] == (value, "9 on vstar, 5 otherwise")


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("llava-next", {"answer": "interleaved", "t_type2": 0.5}),
        ("qwen2-5-vl", {"answer": "text-boxes", "proposals.s_max": "auto", "t_type2": 0.5}),
        ("qwen3-vl", {"answer": "text-boxes", "proposals.s_max": "auto", "t_type2": 0.5}),
        ("gemma3", {"answer": "interleaved", "t_type2": 0.5}),
        ("internvl", {"answer": "interleaved", "t_type2": 0.5}),
        ("instructblip", {"answer": "crop"}),
    ],
)
def test_other_families(family: str, settings: dict[str, object]) -> None:
    """Those that the paper has no table for: several images at once, or boxes in words."""
    registry = Registry.load()
    fitted = registry.build(ModelFamily, family).settings()
    _, used = resolve_settings(registry, registry.build(Searcher, "focus"), fitted)
    assert {path: getattr(how, "value", how) for path, how in used.items()} == settings
