"""A random LLaVA in which reading the image is most of the work: width 768, 6 layers."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import transformers as tf

from tests.support.tiny.checkpoints import checkpoint
from visualcrop import Image, ModelFamily
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.plugin import Registry

PATCH, WIDTH, LAYERS = 14, 768, 6


@cache
def medium(per_side: int) -> Path:
    """The folder of a checkpoint that sees an image in *per_side* x *per_side* tokens."""
    folder, side = Path(mkdtemp()), per_side * PATCH
    shutil.copytree(checkpoint("llava"), folder, dirs_exist_ok=True)
    config = tf.LlavaConfig.from_pretrained(folder)
    text: Any = config.text_config
    vision: Any = config.vision_config
    text.hidden_size, text.intermediate_size, text.head_dim = WIDTH, WIDTH * 11 // 4, 64
    text.num_attention_heads = text.num_key_value_heads = WIDTH // 64
    text.num_hidden_layers = LAYERS
    vision.image_size, vision.hidden_size, vision.intermediate_size = side, 192, 768
    tf.LlavaForConditionalGeneration(config).save_pretrained(folder)
    described = json.loads((folder / "processor_config.json").read_text())
    described["image_processor"] |= {
        "size": {"shortest_edge": side},
        "crop_size": {"height": side, "width": side},
    }
    (folder / "processor_config.json").write_text(json.dumps(described))
    return folder


def opened(per_side: int, **options: Any) -> HuggingFaceModel:
    """The model, in float32."""
    given = "".join(f", {key}={value}" for key, value in options.items())
    spec = f'llava(checkpoint="{medium(per_side)}"{given})'
    model = Registry.load().build(ModelFamily, spec).open()
    assert isinstance(model, HuggingFaceModel)
    return model


def picture(seed: int = 0) -> Image:
    """Noise, another for each seed, so that nothing of it was read before."""
    pixels = np.random.default_rng(seed).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    return Image.open(pixels)
