"""The numbers of published checkpoints that cut images into tiles, and transformers' own counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import attrs
import numpy as np
import torch
import transformers as tf
from transformers.image_processing_backends import PilBackend
from transformers.image_utils import SizeDict
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.ovis2.image_processing_pil_ovis2 import (
    Ovis2ImageProcessorPil,
    get_min_tile_covering_grid,
)
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from tests.support.reference import weightless
from tests.support.tiny.tiled import TILED
from tests.support.torchvision_stand_in import their_module
from visualcrop.models.families import pil_processors as pil
from visualcrop.models.families.aya_vision import AyaVision, Cohere2Vision
from visualcrop.models.families.base import Family
from visualcrop.models.families.lfm2_vl import Lfm2Vl
from visualcrop.models.families.llama4 import Llama4
from visualcrop.models.families.minicpm_v import MiniCpmV
from visualcrop.models.families.molmo2 import Molmo2
from visualcrop.models.families.ovis2 import Ovis2
from visualcrop.models.families.smolvlm import SmolVlm
from visualcrop.models.layouts.layout import Layout, Size

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
            image_processor=lambda kind=None: self.pixels,
            tokenizer=lambda: tokenizer,
            settings=lambda: {"use_single_crop_col_tokens": False},
        )
        return self.family.make_processor(parts, self.config)

    def layout(self, processor: Any, size: Size) -> Layout:
        """The layout of an image of *size*."""
        view: Any = SimpleNamespace(size=size)
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


def aspects(processor: Any, size: Size) -> dict[str, Any]:
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


def _overlapping(processor: Any, size: Size) -> dict[str, Any]:
    """Of Molmo2's whole image and canvas, rows and columns of tokens."""
    theirs = their_module("molmo2").Molmo2ImageProcessor()
    return {"image_grids": [theirs.get_image_grid_and_crops(*size[::-1])[0]]}


_SQUARE = {"height": 448, "width": 448}
_VISION: dict[str, Any] = {"patch_size": 14, "vision_use_head": False}
PUBLISHED = {
    "smolvlm": Published(
        SmolVlm(),
        SmolVLMImageProcessorPil(size={"longest_edge": 1536}, max_image_size={"longest_edge": 384}),
        tf.SmolVLMConfig(**_SMOL),
        _split,
        "<image>",
    ),
    "smolvlm2-500m": Published(
        SmolVlm(),
        SmolVLMImageProcessorPil(size={"longest_edge": 2048}, max_image_size={"longest_edge": 512}),
        tf.SmolVLMConfig(**_SMOLLER),
        _split,
        "<image>",
    ),
    "idefics3": Published(
        SmolVlm(), Idefics3ImageProcessorPil(), tf.Idefics3Config(**_IDEFICS), _split, "<image>"
    ),
    "aya-vision": Published(
        AyaVision(),
        tf.GotOcr2ImageProcessorPil(size={"height": 364, "width": 364}),
        tf.AyaVisionConfig(vision_config=tf.SiglipVisionConfig(image_size=364, **_VISION)),
        _tiles,
        "<|IMG_PATCH|>",
    ),
    "cohere2-vision": Published(
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
        aspects,
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
    "molmo2": Published(Molmo2(), pil.Molmo2ImageProcessorPil(), None, _overlapping, "<im_patch>"),
    "ovis2": Published(
        Ovis2(),
        Ovis2ImageProcessorPil(size=_SQUARE, crop_to_patches=True),
        tf.Ovis2Config(vision_config={"image_size": 448, "patch_size": 14, "hidden_stride": 2}),
        _grids,
        "<IMG_ATOM>",
    ),
}
_OPTIONS: dict[str, Any] = {"use_image_special_tokens": True, "image_token_divisor": 16}


def wrongly_counted(name: str, sizes: Sequence[Size]) -> tuple[int, list[Size]]:
    """How many sizes were compared, and those of which their processor has other tokens."""
    published = PUBLISHED[name]
    processor, wrong = published.processor, []
    shown = [size for size in sizes if not _too_thin(name, size)]
    for size in shown:
        text = processor.replace_image_token(published.theirs(processor, size), 0, **_OPTIONS)
        if published.layout(processor, size).tokens != text.count(published.token):
            wrong.append(size)
    return len(shown), wrong


def _too_thin(name: str, size: Size) -> bool:
    """Whether transformers fails on such an image, where we stretch it."""
    return name == "lfm2-vl" and max(size) > 256 * min(size)
