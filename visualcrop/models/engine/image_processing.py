"""
Image processors of transformers that use Pillow, with the same pixels in less time.

transformers copies a picture about ten times: into an array, back into a picture for each resize,
into 64-bit floats to rescale it; and it pads a picture to a square before it shrinks it. Here a
picture is resized as it is, and the floats of the 256 values that a pixel can have are looked up in
a table that the processor's own functions make. All pixels are equal bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import cache
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image
from transformers import BatchFeature
from transformers.image_processing_backends import PilBackend
from transformers.image_transforms import get_resize_output_image_size, get_size_with_aspect_ratio
from transformers.image_utils import ChannelDimension, get_image_size_for_max_height_width

from ...errors import ModelError
from ...image_io.cost import is_plain

Array: TypeAlias = npt.NDArray[Any]
_PilBackend: Any = PilBackend  # of which a processor overrides what it will

# Image processors whose steps are known, by the class that has them; plain ones are `PilBackend`'s.
# These look at nothing but the shape of an image until they have resized it,
_RESIZE_FIRST = {"PilBackend", "Gemma3", "GotOcr2", "Llava", "LlavaNext", "LlavaOnevision"}
# these, too, and flatten patches as Qwen does,
_FLATTEN_PATCHES = {"Qwen2VL", "Glm4v", "Glm46V"}
# and these may look at its pixels.
_LOOK_FIRST = {
    "Gemma4",
    "Idefics3",
    "Lfm2Vl",
    "Llama4",
    "MiniCPMV4_6",
    "MiniCpmV",
    "Molmo2",
    "Ovis2",
    "Pixtral",
    "SmolVLM",
}
_STEPS = {"process_image", "resize", "rescale", "normalize", "patchify", "pad_to_square"} | {
    "_preprocess",
    "center_crop",
    "crop_image_to_patches",
    "get_image_patches",
    "pan_and_scan",
}
_KNOWN = ("transformers.", "visualcrop.")  # modules with such classes
_STRIP = 1 << 22  # pixels of a padded picture that are made at once


def quicken(processor: Any) -> Any:
    """A copy of *processor* that makes the same pixels; itself, if its steps are not known."""
    own: Any = type(processor)
    if not isinstance(processor, PilBackend) or not _find_steps(own):
        return processor
    quick = copy(processor)
    quick.__class__ = _quick_class(own)
    return quick


def to_torchvision(processor: Any) -> Any:
    """The twin of a *processor* that uses Pillow, which runs on a device of torch."""
    import transformers

    name = type(processor).__name__.removesuffix("Pil")
    twin: Any = getattr(transformers, name, None)
    of_transformers = type(processor).__module__.startswith("transformers.")
    if not isinstance(processor, PilBackend) or not of_transformers or twin is None:
        raise ModelError(
            f"There is no {name} of torchvision with the same settings; leave pixels out."
        )
    settings = dict(processor.to_dict())
    settings.pop("image_processor_type", None)
    return twin(**settings)


@cache
def _quick_class(slow: Any) -> Any:
    """*slow* on top of quick operations: what it overrides calls those instead of Pillow's."""
    found = _find_steps(slow)
    steps = QuickPatches if found in _FLATTEN_PATCHES else QuickSteps
    lazy = found in _FLATTEN_PATCHES | _RESIZE_FIRST
    return type(f"Quick{slow.__name__}", (steps, slow, QuickOperations), {"lazy": lazy})


def _find_steps(slow: Any) -> str:
    """Whose steps a class of image processors takes; empty if they are not known."""
    own = [parent for parent in slow.__mro__ if not vars(parent).keys().isdisjoint(_STEPS)]
    if not all(parent.__module__.startswith(_KNOWN) for parent in own):
        return ""
    owner = next(parent for parent in own if "_preprocess" in vars(parent))
    name: str = owner.__name__.removesuffix("ImageProcessorPil")
    return name if name in _RESIZE_FIRST | _FLATTEN_PATCHES | _LOOK_FIRST else ""


@attrs.frozen(eq=False)
class Canvas:
    """A picture on a canvas, in place of an array of its pixels, 3 x rows x columns."""

    picture: PIL.Image.Image
    size: tuple[int, int]  # width and height of the canvas
    offset: tuple[int, int] = (0, 0)  # left and top of the picture on it
    colour: tuple[int, ...] = (0, 0, 0)

    @classmethod
    def square(cls, picture: PIL.Image.Image, colour: tuple[int, ...]) -> Canvas:
        """*picture* in the centre of the smallest square that holds it."""
        side = max(picture.size)
        left, top = ((side - length) // 2 for length in picture.size)
        return cls(picture, (side, side), (left, top), colour)

    @property
    def shape(self) -> tuple[int, int, int]:
        width, height = self.size
        return 3, height, width

    def __array__(self, dtype: Any = None, *, copy: bool | None = None) -> Array:
        painted = PIL.Image.new("RGB", self.size, self.colour)
        painted.paste(self.picture, self.offset)
        pixels = _channels_first(painted)
        return pixels if dtype is None else pixels.astype(dtype)

    def __getitem__(self, part: tuple[slice, slice, slice]) -> Canvas:
        """All channels of a rectangle inside the picture."""
        _, rows, columns = part
        (top, bottom, _), (left, right, _) = (
            rows.indices(self.size[1]),
            columns.indices(self.size[0]),
        )
        picture = self.picture.crop((left, top, right, bottom))
        return Canvas(picture, picture.size)

    def resize(self, size: tuple[int, int], resample: Any) -> PIL.Image.Image:
        """
        The canvas, resized to *size* (width, height), pixel for pixel as Pillow does.

        A square is resized by rows, rounded, and then resized by columns (Pillow 13 begins with the
        columns where that leaves fewer pixels). Rows without a pixel of the picture stay of one
        colour.
        """
        if self.size == self.picture.size:
            return self.picture.resize(size, resample)
        tall = PIL.Image.new("RGB", (size[0], self.size[1]), self.colour)
        for top, strip in self._strips():
            tall.paste(strip.resize((size[0], strip.height), resample), (0, top))
        return tall.resize(size, resample)

    def _strips(self) -> Iterator[tuple[int, PIL.Image.Image]]:
        """The rows that the picture is in, with their top: all at once, or some if padded."""
        (width, _), (left, top), (own, height) = self.size, self.offset, self.picture.size
        if width == own:
            yield top, self.picture
            return
        rows = max(1, _STRIP // width)
        for start in range(0, height, rows):
            stop = min(start + rows, height)
            strip = PIL.Image.new("RGB", (width, stop - start), self.colour)
            strip.paste(self.picture.crop((0, start, own, stop)), (left, 0))
            yield top + start, strip


class PictureArray(np.ndarray):
    """Pixels, 3 x rows x columns, that remember their picture."""

    picture: PIL.Image.Image | None = None  # of parts and results: none


class QuickOperations(_PilBackend):  # type: ignore[misc]
    """The operations of `PilBackend`, without copies and 64-bit floats."""

    lazy = False  # whether images may stay pictures until they are resized
    scale: float | None = None  # to rescale by when normalising

    def process_image(self, image: Any, *args: Any, **options: Any) -> Any:
        """The image as an array, or as a canvas if it is going to be resized at once."""
        if not (isinstance(image, PIL.Image.Image) and is_plain(image)):
            return super().process_image(image, *args, **options)
        if self.lazy and options.get("do_resize"):
            return Canvas(image, image.size)
        pixels = _channels_first(image).view(PictureArray)
        pixels.picture = image
        return pixels

    def resize(
        self, image: Any, size: Any, resample: Any = None, reducing_gap: Any = None, **options: Any
    ) -> Any:
        """The image in *size*; the same one if it has that size."""
        canvas = _canvas_of(image)
        by_pillow = isinstance(resample, int | PIL.Image.Resampling) and reducing_gap is None
        if not by_pillow or (canvas is None and image.dtype != np.uint8):
            array = np.asarray(image if canvas is None else canvas)
            return super().resize(array, size, resample, reducing_gap=reducing_gap, **options)
        height, width = _target_size(image, size)
        if image.shape[1:] == (height, width):
            return np.asarray(image if canvas is None else canvas)
        if canvas is None:
            return super().resize(image, size, resample, **options)
        return _channels_first(canvas.resize((width, height), resample))

    def center_crop(self, image: Any, size: Any, **options: Any) -> Any:
        return super().center_crop(np.asarray(image), size, **options)

    def rescale(self, image: Any, scale: float, **options: Any) -> Any:
        return super().rescale(np.asarray(image), scale, **options)

    def normalize(self, image: Any, mean: Any, std: Any, **options: Any) -> Any:
        """The image rescaled, if `scale` is set, and normalised."""
        image = np.asarray(image)
        if image.dtype == np.uint8 and len(image) == 3:
            return _look_up(image, self.table(mean, std))
        if self.scale is not None:
            image = super().rescale(image, self.scale)
        return super().normalize(image, mean, std, **options)

    def table(self, mean: Any, std: Any) -> Array:
        """What becomes of the 256 values in each channel, 3 x 256."""
        values = np.tile(np.arange(256, dtype=np.uint8), (3, 1))[..., None]
        if self.scale is not None:
            values = super().rescale(values, self.scale)
        table: Array = super().normalize(values, mean, std)[..., 0]
        return np.ascontiguousarray(table, np.float32)


class QuickSteps(_PilBackend):  # type: ignore[misc]
    """The steps of a model's own processor that need not copy."""

    lazy: bool
    scale: float | None

    def _preprocess(self, images: Any, *args: Any, **options: Any) -> BatchFeature:
        if options.get("do_rescale") and options.get("do_normalize"):
            self.scale = options["rescale_factor"]  # of this copy, which lives for one call
            options["do_rescale"] = False
        if not self.lazy:
            made: BatchFeature = super()._preprocess(images, *args, **options)
            return made
        tensors = options.pop("return_tensors", None)
        features: BatchFeature = super()._preprocess(images, *args, return_tensors=None, **options)
        for name, values in features.items():
            if isinstance(values, list) and len(values) == 1 and isinstance(values[0], np.ndarray):
                features[name] = values[0][None]
        return BatchFeature(dict(features), tensor_type=tensors)

    def pad_to_square(self, image: Any, background_color: Any = 0) -> Any:
        canvas = _canvas_of(image)
        if canvas is None or isinstance(background_color, int):
            return super().pad_to_square(np.asarray(image), background_color)
        return Canvas.square(canvas.picture, background_color)

    def crop_image_to_patches(self, image: Any, *args: Any, **options: Any) -> list[Array]:
        """Tiles of the image; transformers wants an array, of which it only resizes a copy."""
        if isinstance(image, Canvas):
            stand_in = np.broadcast_to(np.uint8(0), image.shape).view(PictureArray)
            stand_in.picture = image.picture
            image = stand_in
        tiles: list[Array] = super().crop_image_to_patches(image, *args, **options)
        return tiles

    def _pad_for_batching(self, pixel_values: list[Array], **options: Any) -> list[Array]:
        if len({tiles.shape for tiles in pixel_values}) == 1 and not options:
            return pixel_values
        padded: list[Array] = super()._pad_for_batching(pixel_values, **options)
        return padded


class QuickPatches(QuickSteps):
    """The steps of a processor of flattened patches, which stay bytes until they are in place."""

    _patches: list[Array]  # of each image

    def _preprocess(self, images: Any, *args: Any, **options: Any) -> BatchFeature:
        self._patches, tensors = [], options.pop("return_tensors", None)
        features: BatchFeature = super()._preprocess(images, *args, return_tensors=None, **options)
        several = len(self._patches) > 1
        features["pixel_values"] = np.concatenate(self._patches) if several else self._patches[0]
        return BatchFeature(dict(features), tensor_type=tensors)

    def normalize(self, image: Any, mean: Any, std: Any, **options: Any) -> Any:
        """The image and what its bytes become, for `patchify`; floats at once."""
        pixels = np.asarray(image)
        if pixels.dtype == np.uint8 and len(pixels) == 3:
            return pixels, self.table(mean, std)
        return super().normalize(pixels, mean, std, **options)

    def patchify(
        self, image: Any, patch_size: int, merge_size: int, temporal_patch_size: int
    ) -> tuple[Array, int, int]:
        """In place of an image's patches, which `_preprocess` puts in, rows of no numbers."""
        if isinstance(image, tuple):
            pixels, table = image
            patches, rows, columns = _flatten(
                pixels, table, patch_size, merge_size, temporal_patch_size
            )
        else:
            patches, rows, columns = super().patchify(
                image,
                patch_size=patch_size,
                merge_size=merge_size,
                temporal_patch_size=temporal_patch_size,
            )
        self._patches.append(patches)
        return np.empty((len(patches), 0), np.float32), rows, columns


def _canvas_of(image: Any) -> Canvas | None:
    """The canvas of an image that has a picture."""
    if isinstance(image, Canvas):
        return image
    picture = getattr(image, "picture", None)
    return None if picture is None else Canvas(picture, picture.size)


def _channels_first(picture: PIL.Image.Image) -> Array:
    return np.asarray(picture).transpose(2, 0, 1)


def _target_size(image: Any, size: Any) -> tuple[int, int]:
    """Height and width that `PilBackend.resize` makes of an image."""
    own = (image.shape[-2], image.shape[-1])
    if size.shortest_edge and size.longest_edge:
        height, width = get_size_with_aspect_ratio(own, size.shortest_edge, size.longest_edge)
    elif size.shortest_edge:
        height, width = get_resize_output_image_size(
            image,
            size.shortest_edge,
            default_to_square=False,
            input_data_format=ChannelDimension.FIRST,
        )
    elif size.max_height and size.max_width:
        height, width = get_image_size_for_max_height_width(own, size.max_height, size.max_width)
    else:
        height, width = size.height, size.width
    return height, width


def _look_up(pixels: Array, table: Array) -> Array:
    """The floats of *pixels*, 3 x rows x columns of bytes."""
    found = np.empty(pixels.shape, table.dtype)
    for channel, values in enumerate(table):
        np.take(values, pixels[channel], out=found[channel], mode="clip")  # the quickest mode
    return found


def _flatten(
    pixels: Array, table: Array, side: int, merge: int, frames: int
) -> tuple[Array, int, int]:
    """
    Flattened patches, in blocks of merged ones, and the numbers of their rows and columns.

    Each patch has its channels in order, and each channel the same picture in all *frames*.
    """
    rows, columns = pixels.shape[1] // side, pixels.shape[2] // side
    blocks = pixels.transpose(1, 2, 0).reshape(
        rows // merge, merge, side, columns // merge, merge, side, 3
    )
    shape = (rows // merge, columns // merge, merge, merge, 3, frames, side, side)
    patches = np.empty(shape, table.dtype)
    for row, block in zip(patches, blocks, strict=True):
        ordered = np.ascontiguousarray(block.transpose(2, 0, 3, 5, 1, 4))
        for channel, values in enumerate(table):
            floats = np.take(values, ordered[..., channel, :, :], mode="clip")
            row[..., channel, :, :, :] = floats[..., None, :, :]
    return patches.reshape(rows * columns, -1), rows, columns
