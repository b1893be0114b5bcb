"""Models of tiny checkpoints, opened once, and things to ask them about."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.tiled import TILED
from visualcrop import Box, Image, ModelFamily, Prompt, View
from visualcrop.models.huggingface import HuggingFaceModel
from visualcrop.plugin import Registry

GRIDDED = (
    "llava",
    "llava-next",
    "llava-onevision",
    "qwen2-5-vl",
    "qwen3-vl",
    "qwen3-5",
    "gemma3",
    "gemma4",
    "internvl",
    *TILED,
)
EXISTENCE = "Is there a {target} in the image?"


@cache
def opened(family: str, **options: Any) -> HuggingFaceModel:
    """The family's tiny model."""
    given = "".join(f", {key}={value}" for key, value in options.items())
    spec = f'{family}(checkpoint="{checkpoint(family)}"{given})'
    model = Registry.load().build(ModelFamily, spec).open()
    assert isinstance(model, HuggingFaceModel)
    return model


@cache
def noise(width: int = 300, height: int = 200) -> Image:
    """An image that resembles nothing."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.open(pixels)


def about(target: str, template: str = EXISTENCE) -> Prompt:
    """The whole of the noise, and whether it shows *target*."""
    return Prompt.fill(View.whole(noise()), template, target=target)


def interleaved() -> Prompt:
    """Two views with words between them."""
    part = View(noise(), Box(20, 30, 160, 190))
    words = ("The whole image:", View.whole(noise()), "A part of it:", part, EXISTENCE)
    return Prompt.fill(*words, target="red key")
