"""Models of the published shapes with random weights: no download, and the same arithmetic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import attrs
import torch
from transformers import AutoModelForImageTextToText

from tests.support.tiny.configs import make_config
from tests.support.tiny.processors import save_processor
from visualcrop import ModelFamily
from visualcrop.models.families.base import Family
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.plugin import Registry

if TYPE_CHECKING:
    from transformers import PretrainedConfig


Patch = Mapping[str, Any]


@attrs.frozen
class Shape:
    """What makes a family's tiny checkpoint one of 7 billion weights."""

    title: str
    family: str
    text: Patch
    vision: Patch
    top: Patch = attrs.field(factory=dict)
    pixels: Patch = attrs.field(factory=dict)  # of the image processor
    image: tuple[int, int] = (2250, 1500)  # the mean of V*Bench
    large: tuple[int, int] = (7680, 4320)  # HR-Bench 8K's


_QWEN2: Patch = {
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "max_position_embeddings": 32768,
    "max_window_layers": 28,
    "vocab_size": 152064,
}
_CANVASES = [[384 * rows, 384 * columns] for rows in range(1, 7) for columns in range(1, 7)]
SEVEN_BILLION = (
    Shape(
        "LLaVA-1.5-7B",
        "llava",
        {
            "hidden_size": 4096,
            "intermediate_size": 11008,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 32,
            "head_dim": 128,
            "vocab_size": 32064,
        },
        {
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "image_size": 336,
            "patch_size": 14,
            "projection_dim": 768,
        },
        {"image_seq_length": 576},
        {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}},
    ),
    Shape(
        "LLaVA-OneVision-7B",
        "llava-onevision",
        _QWEN2,
        {
            "hidden_size": 1152,
            "intermediate_size": 4304,
            "num_hidden_layers": 26,
            "num_attention_heads": 16,
            "image_size": 384,
            "patch_size": 14,
        },
        {"image_grid_pinpoints": _CANVASES},
        {"size": {"height": 384, "width": 384}, "image_grid_pinpoints": _CANVASES},
    ),
    Shape(
        "Qwen2.5-VL-7B",
        "qwen2-5-vl",
        {
            **_QWEN2,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [16, 24, 24],
                "rope_theta": 1e6,
            },
        },
        {
            "depth": 32,
            "hidden_size": 1280,
            "intermediate_size": 3420,
            "num_heads": 16,
            "out_hidden_size": 3584,
            "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31],
        },
        pixels={"size": {"shortest_edge": 3136, "longest_edge": 12_845_056}},
    ),
)
SMALL = tuple(
    Shape(f"{shape.title}, small", shape.family, {}, {}, image=(300, 200), large=(768, 432))
    for shape in SEVEN_BILLION
)


def random_model(
    shape: Shape, *, device: str, attention: str = "sdpa", memory: int = 4 << 30
) -> HuggingFaceModel:
    """The model, in bfloat16, its weights drawn where they are to run."""
    folder = checkpoint_without_weights(shape)
    options = f'checkpoint="{folder}", dtype=bfloat16, attention={attention}, memory={memory}'
    family = Registry.load().build(ModelFamily, f"{shape.family}({options})")
    assert isinstance(family, Family)  # noqa: S101 - those of this page are
    config = family.load_config()
    processor = family.make_processor(family.source, config)
    model = family.build_model(_network(config, device, attention), config, processor)
    assert isinstance(model, HuggingFaceModel)  # noqa: S101 - as above
    return model


def checkpoint_without_weights(shape: Shape) -> Path:
    """A folder with the tiny checkpoint's tokenizer, and a config and processor of this shape."""
    folder = Path(mkdtemp(prefix=f"visualcrop-{shape.family}-"))
    config = make_config(shape.family, save_processor(shape.family, folder)).to_dict()
    if shape.text:
        config["text_config"].pop("layer_types", None)  # one for each layer, and now there are more
    config["text_config"] |= shape.text
    config["vision_config"] |= shape.vision
    (folder / "config.json").write_text(json.dumps(config | dict(shape.top)))
    described = json.loads((folder / "processor_config.json").read_text())
    described["image_processor"] |= shape.pixels
    (folder / "processor_config.json").write_text(json.dumps(described))
    return folder


def _network(config: PretrainedConfig, device: str, attention: str) -> Any:
    build: Any = AutoModelForImageTextToText
    with torch.device(device):
        network = build.from_config(config, dtype=torch.bfloat16, attn_implementation=attention)
    return network.requires_grad_(False).eval()
