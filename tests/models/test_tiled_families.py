"""Families that cut images into tiles count and cut as transformers' own processors do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from tests.models.test_layouts_against_processors import SIZES
from tests.support.published_tiles import PUBLISHED, aspects, wrongly_counted
from tests.support.torchvision_stand_in import their_module
from visualcrop.models.families import pil_processors as pil
from visualcrop.models.layouts.layout import Size

pytestmark = pytest.mark.torch


@cache
def _picture(size: Size) -> PIL.Image.Image:
    """Noise of middling brightness, which no way of resizing cuts off."""
    dice = np.random.default_rng(0)
    return PIL.Image.fromarray(dice.integers(64, 192, (size[1], size[0], 3)).astype(np.uint8))


@pytest.mark.parametrize("name", PUBLISHED)
def test_tokens(name: str) -> None:
    """A thousand sizes: the layout has as many tokens as their processor puts into the prompt."""
    counted, wrong = wrongly_counted(name, SIZES)
    assert counted > 800  # LFM2-VL fails on thin ones
    assert wrong == []


def test_llama4_pastes_as_large_an_image() -> None:
    """A thousand sizes: the image takes as many pixels of its canvas."""
    published, llama4 = PUBLISHED["llama4"], their_module("llama4")
    processor = published.processor
    for size in SIZES:
        rows, columns = aspects(processor, size)["aspect_ratios"][0]
        room = [min(max(n, 336), m * 336) for n, m in zip(size[::-1], (rows, columns), strict=True)]
        height, width = llama4.get_max_res_without_distortion(size[::-1], tuple(room))
        assert published.layout(processor, size).shown == (max(width, 1), max(height, 1))


_OURS: list[tuple[str, str, Any]] = [
    ("cohere2_vision", "Cohere2VisionImageProcessor", pil.Cohere2VisionImageProcessorPil),
    ("llama4", "Llama4ImageProcessor", pil.Llama4ImageProcessorPil),
    ("molmo2", "Molmo2ImageProcessor", pil.Molmo2ImageProcessorPil),
    ("lfm2_vl", "Lfm2VlImageProcessor", pil.Lfm2VlImageProcessorPil),
]


def _outputs(processor: Any, size: Size) -> Iterator[tuple[str, torch.Tensor]]:
    rows = {"return_row_col_info": True} if hasattr(processor, "return_row_col_info") else {}
    for key, value in processor([_picture(size)], return_tensors="pt", **rows).items():
        yield key, torch.as_tensor(np.array(value) if isinstance(value, list) else value).float()


@pytest.mark.parametrize("size", [(700, 500), (300, 900), (61, 37)], ids=str)
@pytest.mark.parametrize(("module", "name", "ours"), _OURS, ids=[name for _, name, _ in _OURS])
def test_pillow_gives_what_torchvision_gives(module: str, name: str, ours: Any, size: Size) -> None:
    """The same tiles in the same order, but for two of 255 steps of brightness."""
    theirs = dict(_outputs(getattr(their_module(module), name)(), size))
    found = dict(_outputs(ours(), size))
    steps = 2.2 / 255 / min(ours.image_std)
    assert found.keys() == theirs.keys()
    for key, values in theirs.items():
        allowed = steps if key == "pixel_values" else 0
        torch.testing.assert_close(found[key], values, atol=allowed, rtol=0)
