"""
Image processors of families for which transformers has none without torchvision.

Each does with Pillow what the class of the same name in transformers 5.23 does with torchvision,
and decides on tiles as the family's layout does. Tests hold them against transformers' own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from transformers import BatchFeature, GotOcr2ImageProcessorPil
from transformers.image_processing_backends import PilBackend
from transformers.image_utils import SizeDict
from transformers.processing_utils import ImagesKwargs

from ..layouts.tiling import get_covering_canvas, get_padded_canvas


class Cohere2VisionImageProcessorPil(GotOcr2ImageProcessorPil):
    """Command A Vision's: the canvas that enlarges the image least, in tiles, then the whole."""

    size = {"height": 512, "width": 512}  # noqa: RUF012 - transformers copies it
    crop_to_patches = True
    patch_size = 16  # tokens on a side of a tile

    def crop_image_to_patches(
        self, image: Any, min_patches: int, max_patches: int, *args: Any, **options: Any
    ) -> list[Any]:
        size, side = options["patch_size"], options["patch_size"].height
        resample = options["resample"]
        height, width = image.shape[-2:]
        columns, rows = get_covering_canvas((width, height), side=side, max_tiles=max_patches)
        canvas = self.resize(image, SizeDict(side * rows, side * columns), resample=resample)
        whole = [self.resize(image, size, resample=resample)] if columns * rows > 1 else []
        return [*cut_tiles(canvas, rows, columns), *whole]


class Llama4Options(ImagesKwargs, total=False):
    """Options that are Llama 4's alone."""

    max_patches: int
    resize_to_max_canvas: bool


class Llama4ImageProcessorPil(PilBackend):
    """Llama 4's: the image in the top left of a canvas, in tiles, then the whole, squashed."""

    valid_kwargs = Llama4Options
    resample = 2  # bilinear
    image_mean = [0.5, 0.5, 0.5]  # noqa: RUF012
    image_std = [0.5, 0.5, 0.5]  # noqa: RUF012
    size = {"height": 336, "width": 336}  # noqa: RUF012
    do_resize = do_rescale = do_normalize = do_convert_rgb = True
    max_patches = 16
    resize_to_max_canvas = False

    def _preprocess(
        self,
        images: list[Any],
        size: SizeDict,
        resample: Any,
        max_patches: int,
        resize_to_max_canvas: bool,  # noqa: FBT001 - transformers passes all by name
        return_tensors: Any,
        **options: Any,
    ) -> BatchFeature:
        tiles: list[Any] = []
        shapes: list[tuple[int, int]] = []
        for image in images:
            height, width = image.shape[-2:]
            (columns, rows), pasted = get_padded_canvas(
                (width, height),
                side=size.height,
                max_tiles=max_patches,
                enlarge=resize_to_max_canvas,
            )
            shapes.append((rows, columns))
            scaled = self.resize(image, SizeDict(pasted[1], pasted[0]), resample=resample)
            room = SizeDict(rows * size.height, columns * size.width)
            (canvas,) = self.pad([scaled], pad_size=room)
            tiles += cut_tiles(canvas, rows, columns)
            tiles += [self.resize(image, size, resample=resample)] if rows * columns > 1 else []
        pixels = np.stack([_normalized(self, tile, options) for tile in tiles])
        data = {"pixel_values": pixels, "aspect_ratios": np.array(shapes)}
        return BatchFeature(data=data, tensor_type=return_tensors)


def cut_tiles(canvas: Any, rows: int, columns: int) -> list[Any]:
    """The tiles of a *canvas*, channels x height x width, row by row."""
    strips = np.split(canvas, rows, axis=-2)
    return [tile for strip in strips for tile in np.split(strip, columns, axis=-1)]


def _normalized(processor: PilBackend, tile: Any, options: Any) -> Any:
    if options["do_rescale"]:
        tile = processor.rescale(tile, options["rescale_factor"])
    if options["do_normalize"]:
        tile = processor.normalize(tile, options["image_mean"], options["image_std"])
    return tile
