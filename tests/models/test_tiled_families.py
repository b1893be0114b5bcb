"""Families that cut images into tiles count and cut as transformers' own processors do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import attrs
import numpy as np
import PIL.Image
import pytest
import torch
import transformers as tf
from transformers.image_processing_backends import PilBackend
from transformers.image_utils import SizeDict
from transformers.models.ovis2.image_processing_pil_ovis2 import get_min_tile_covering_grid

from tests.models.test_layouts_against_processors import SIZES
from tests.support.reference import weightless
from tests.support.tiny.tiled import TILED
from tests.support.torchvision_stand_in import their_module
from visualcrop.models.families import pil_processors as pil
from visualcrop.models.families.aya_vision import AyaVision, Cohere2Vision
from visualcrop.models.families.base import Family
from visualcrop.models.families.lfm2_vl import Lfm2Vl
from visualcrop.models.families.llama4 import Llama4
from visualcrop.models.families.minicpm_v import MiniCpmV
from visualcrop.models.families.ovis2 import Ovis2
from visualcrop.models.families.smolvlm import SmolVlm
from visualcrop.models.layouts.layout import Layout, Size

pytestmark = pytest.mark.torch

_SMOL: dict[str, Any] = {"vision_config": {"image_size": 384, "patch_size": 14}, "scale_factor": 3}
_SMOLLER: dict[str, Any] = {
    "vision_config": {"image_size": 512, "patch_size": 16},
    "scale_factor": 4,
}
_IDEFICS: dict[str, Any] = {
    "vision_config": {"image_size": 364, "patch_size": 14},
    "scale_factor": 2,
}


@attrs.frozen
class Published:
    """A family with the numbers of a published checkpoint."""

    family: Family
    pixels: Any  # the image processor
    config: Any
    theirs: Callable[[Any, Size], dict[str, Any]]  # processor, size -> their output but pixels
    token: str

    @property
    def processor(self) -> Any:
        """As the family makes it, with the tiny checkpoint's tokenizer."""
        tokenizer = TILED[self.family.name].tokenizer()
        tokenizer.chat_template = "{{ messages }}"
        parts: Any = SimpleNamespace(
            image_processor=lambda kind=None: self.pixels, tokenizer=lambda: tokenizer
        )
        return self.family.make_processor(parts, self.config)

    def layout(self, processor: Any, size: Size) -> Layout:
        """The layout of an image of *size*."""
        view: Any = SimpleNamespace(picture=SimpleNamespace(size=size))
        return self.family.layout(view, 1, processor, self.config)


def _split(processor: Any, size: Size) -> dict[str, Any]:
    """Rows and columns of Idefics3's tiles, from its own code on an image of no weight."""
    eye = processor.image_processor
    side = eye.max_image_size["longest_edge"]

    def resize(_: Any, image: Any, size: Any, **__: Any) -> Any:
        return weightless((size.width, size.height))

    with patch.object(PilBackend, "resize", resize):
        scaled = eye.resize(weightless(size), eye.size)
        whole = eye.resize_for_vision_encoder(scaled, side)
        _, rows, columns = eye.split_images(whole, {"longest_edge": side})
    return {"rows": [[rows]], "cols": [[columns]]}


def _tiles(processor: Any, size: Size) -> dict[str, Any]:
    """The number of tiles of Aya Vision and Command A Vision."""
    eye = processor.image_processor
    if isinstance(eye, pil.Cohere2VisionImageProcessorPil):
        choose = their_module("cohere2_vision").get_optimal_tiled_canvas
        columns, rows = choose(size[::-1], (512, 512), eye.min_patches, eye.max_patches)
        return {"num_patches": [columns * rows + (columns * rows > 1)]}
    cropped = {"crop_to_patches": True}
    return {"num_patches": [eye.get_number_of_image_patches(*size[::-1], cropped)]}


def _aspects(processor: Any, size: Size) -> dict[str, Any]:
    """Rows and columns of Llama 4's tiles."""
    llama4, tile = their_module("llama4"), SizeDict(336, 336)
    canvases = torch.tensor(llama4.find_supported_resolutions(max_num_chunks=16, patch_size=tile))
    rows, columns = (llama4.get_best_fit(size[::-1], canvases) // 336).tolist()
    return {"aspect_ratios": [(rows, columns)], "pixel_values": [np.empty((336, 336))]}


def _rows_and_columns(processor: Any, size: Size) -> dict[str, Any]:
    """Of LFM2-VL's tiles, and the size of the whole image."""
    eye = their_module("lfm2_vl").Lfm2VlImageProcessor()
    tokens = {"downsample_factor": 2, "encoder_patch_size": 16, "max_image_tokens": 256}
    height, width = size[::-1]
    whole = eye.smart_resize(height, width, min_image_tokens=64, **tokens)
    large = eye._is_image_too_large(height, width, max_pixels_tolerance=2.0, **tokens)
    columns, rows, *_ = eye._get_grid_layout(height, width, 2, 10, 512) if large else (1, 1)
    return {"image_rows": [rows], "image_cols": [columns], "image_sizes": [whole[::-1]]}


def _grids(processor: Any, size: Size) -> dict[str, Any]:
    """Rows and columns of Ovis2's tiles, in the order in which its image processor has them."""
    columns, rows = get_min_tile_covering_grid(size[::-1], 448, 12)
    return {"grids": [np.array([rows, columns])]}


def _slices(processor: Any, size: Size) -> dict[str, Any]:
    """Of MiniCPM-V's whole image and slices, the numbers of patches."""
    eye = processor.image_processor
    how = {"scale_resolution": 448, "patch_size": 14, "downsample_mode": "16x"}
    grid = eye.get_sliced_grid(size[::-1], 9, 448)
    whole = eye.find_best_resize(size[::-1], allow_upscale=grid is None, **how)
    shapes = [np.array(whole) // 14]
    if grid is not None:
        all_slices = np.array(eye.get_refine_size(size[::-1], grid, allow_upscale=True, **how))
        shapes += [all_slices // grid // 14] * (grid[0] * grid[1])
    counts = {"num_patches_per_image": [len(shapes)], "target_sizes": np.array(shapes)}
    return {"grids": [grid or [0, 0]], **counts}


_SQUARE = {"height": 448, "width": 448}
_VISION = {"patch_size": 14, "vision_use_head": False}
PUBLISHED = {
    "smolvlm2-2b": Published(
        SmolVlm(),
        tf.SmolVLMImageProcessorPil(
            size={"longest_edge": 1536}, max_image_size={"longest_edge": 384}
        ),
        tf.SmolVLMConfig(**_SMOL),
        _split,
        "<image>",
    ),
    "smolvlm2-500m": Published(
        SmolVlm(),
        tf.SmolVLMImageProcessorPil(
            size={"longest_edge": 2048}, max_image_size={"longest_edge": 512}
        ),
        tf.SmolVLMConfig(**_SMOLLER),
        _split,
        "<image>",
    ),
    "idefics3": Published(
        SmolVlm(), tf.Idefics3ImageProcessorPil(), tf.Idefics3Config(**_IDEFICS), _split, "<image>"
    ),
    "aya-vision": Published(
        AyaVision(),
        tf.GotOcr2ImageProcessorPil(size={"height": 364, "width": 364}),
        tf.AyaVisionConfig(vision_config=tf.SiglipVisionConfig(image_size=364, **_VISION)),
        _tiles,
        "<|IMG_PATCH|>",
    ),
    "command-a-vision": Published(
        Cohere2Vision(),
        pil.Cohere2VisionImageProcessorPil(),
        tf.Cohere2VisionConfig(),
        _tiles,
        "<|IMG_PATCH|>",
    ),
    "llama4": Published(
        Llama4(),
        pil.Llama4ImageProcessorPil(),
        tf.Llama4Config(vision_config={"image_size": 336}),
        _aspects,
        "<|patch|>",
    ),
    "lfm2-vl": Published(
        Lfm2Vl(), pil.Lfm2VlImageProcessorPil(), tf.Lfm2VlConfig(), _rows_and_columns, "<image>"
    ),
    "minicpm-v": Published(
        MiniCpmV(),
        pil.MiniCpmVImageProcessorPil(),
        tf.MiniCPMV4_6Config(),
        _slices,
        "<|image_pad|>",
    ),
    "ovis2": Published(
        Ovis2(),
        tf.Ovis2ImageProcessorPil(size=_SQUARE, crop_to_patches=True),
        tf.Ovis2Config(vision_config={"image_size": 448, "patch_size": 14, "hidden_stride": 2}),
        _grids,
        "<IMG_ATOM>",
    ),
}


OPTIONS: dict[str, Any] = {"use_image_special_tokens": True, "image_token_divisor": 16}


@cache
def _picture(size: Size) -> PIL.Image.Image:
    """Noise of middling brightness, which no way of resizing cuts off."""
    dice = np.random.default_rng(0)
    return PIL.Image.fromarray(dice.integers(64, 192, (size[1], size[0], 3)).astype(np.uint8))


def _too_thin(name: str, size: Size) -> bool:
    """Whether transformers fails on such an image, where we stretch it."""
    return name == "lfm2-vl" and max(size) > 256 * min(size)


@pytest.mark.parametrize("name", PUBLISHED)
def test_tokens(name: str) -> None:
    """A thousand sizes: the layout has as many tokens as their processor puts into the prompt."""
    published = PUBLISHED[name]
    processor = published.processor
    for size in SIZES:
        if _too_thin(name, size):
            continue
        inputs = published.theirs(processor, size)
        text = processor.replace_image_token(inputs, 0, **OPTIONS)
        found = published.layout(processor, size).tokens
        assert (size, found) == (size, text.count(published.token))


def test_llama4_pastes_as_large_an_image() -> None:
    """A thousand sizes: the image takes as many pixels of its canvas."""
    published, llama4 = PUBLISHED["llama4"], their_module("llama4")
    processor = published.processor
    for size in SIZES:
        rows, columns = _aspects(processor, size)["aspect_ratios"][0]
        room = [min(max(n, 336), m * 336) for n, m in zip(size[::-1], (rows, columns), strict=True)]
        height, width = llama4.get_max_res_without_distortion(size[::-1], tuple(room))
        assert published.layout(processor, size).shown == (max(width, 1), max(height, 1))


_OURS: list[tuple[str, str, Any]] = [
    ("cohere2_vision", "Cohere2VisionImageProcessor", pil.Cohere2VisionImageProcessorPil),
    ("llama4", "Llama4ImageProcessor", pil.Llama4ImageProcessorPil),
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
