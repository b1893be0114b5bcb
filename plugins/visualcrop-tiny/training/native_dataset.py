"""The dataset of Qwen's layout: places and crops at their own resolution and shape."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box, Image
from visualcrop.plugin import Collage

from .config import DataConfig
from .crop_dataset import (
    CropDataset,
    EncodedInputs,
    Seen,
    draw_sampled,
    encode_inputs,
    paste_parts,
    pick_items,
    render_places,
    sample_canvas_boxes,
    sample_crop,
    sample_point,
    sample_roi,
    square_near,
    write_inputs,
)
from .vision_inputs import (
    CANVAS_CELL,
    OUTSIDE,
    PATCH_SIDE,
    Frame,
    Shown,
    VisibleThing,
    VisionInput,
    project_things,
)

TOKEN_SIDE = PATCH_SIDE  # pixels: two by two patches are merged
NEAR, WIDE = Frame(20 * TOKEN_SIDE, TOKEN_SIDE), Frame(26 * TOKEN_SIDE, TOKEN_SIDE)
MIN_PIXELS, MAX_PIXELS = 256 * TOKEN_SIDE**2, 432 * TOKEN_SIDE**2  # of an image
_NEAR_SHARE = 0.7  # of the inputs that are sampled
_NEAR_PER_PLACE, _SMALL_PER_PLACE, _PASTED_PER_PLACE = 12, 3, 15
_WIDE_PER_PLACE, _UNIONS_PER_PLACE, _CANVASES_PER_PLACE, _CROWDS_PER_PLACE = 3, 2, 6, 4
PARTS = {
    "near": (NEAR, _NEAR_PER_PLACE + _SMALL_PER_PLACE + _PASTED_PER_PLACE),
    "wide": (
        WIDE,
        1 + _WIDE_PER_PLACE + _UNIONS_PER_PLACE + _CANVASES_PER_PLACE + _CROWDS_PER_PLACE,
    ),
}
Array = npt.NDArray[Any]
Rng = np.random.Generator


@attrs.frozen(eq=False)
class NativeDataset:
    """Crops and wide views, one after the other."""

    parts: tuple[CropDataset, ...]

    @classmethod
    def open(cls, folder: Path) -> NativeDataset:
        """Memory-map the parts that `render_native` wrote."""
        near, wide = (folder / name for name in PARTS)
        return cls((CropDataset.open(near, NEAR, 0), CropDataset.open(wide, *PARTS["wide"])))

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def sampling_weights(self) -> Array:
        """The probability of each input to be sampled."""
        shares = [_NEAR_SHARE, 1 - _NEAR_SHARE]
        weights = zip(shares, self.parts, strict=True)
        return np.concatenate([share * part.sampling_weights() for share, part in weights])

    def visible_things(self, index: int) -> list[Seen]:
        """The things in one input."""
        ((part, own),) = self.split(np.array([index]))
        return part.visible_things(int(own[0]))

    def find_size(self, index: int) -> tuple[int, int]:
        """Width and height of one input, in pixels."""
        ((part, own),) = self.split(np.array([index]))
        return part.find_size(int(own[0]))

    def describe_names(self, indices: npt.NDArray[np.int64]) -> Array:
        """As a part has it, for *indices* in ascending order."""
        return np.concatenate([part.describe_names(own) for part, own in self.split(indices)])

    def split(self, indices: npt.NDArray[np.int64]) -> list[tuple[CropDataset, Array]]:
        """Each part that *indices* are of, with its own indices."""
        found, start = [], 0
        for part in self.parts:
            own = indices[(indices >= start) & (indices < start + len(part))] - start
            start += len(part)
            if len(own):
                found.append((part, own))
        return found


def render_native(folder: Path, data: DataConfig) -> None:
    """As `render_crops`, in both parts."""
    rendered = render_places(data, _render_place, _render_signs)
    write_inputs({folder / name: part for name, part in PARTS.items()}, data.places, rendered)


def _render_signs(seed: int, *, photographs: bool) -> list[EncodedInputs]:
    """As many inputs of another place, all of parts with signs pasted in."""
    rng = np.random.default_rng([seed, 5])
    place = draw_sampled(seed, rng, photographs=photographs)
    rendered = []
    for frame, number in PARTS.values():
        parts = paste_parts(place, rng, {"signs": number}, photographs=photographs)
        rendered.append(_encode([_show(part, [part.whole], frame) for part in parts], frame))
    return rendered


def _render_place(seed: int, *, photographs: bool) -> list[EncodedInputs]:
    """The inputs of both parts of one place."""
    rng = np.random.default_rng([seed, 3])
    place = draw_sampled(seed, rng, photographs=photographs)
    items = pick_items(place, rng, _NEAR_PER_PLACE)
    boxes = [sample_roi(place, rng, items[n % len(items)].item.box) for n in range(_NEAR_PER_PLACE)]
    boxes += [sample_crop(place, rng, near=False) for _ in range(_SMALL_PER_PLACE)]
    near = [_show(place, [box], NEAR) for box in boxes]
    parts = paste_parts(place, rng, {"some": _PASTED_PER_PLACE}, photographs=photographs)
    near += [_show(part, [part.whole], NEAR) for part in parts]
    groups = [[place.whole]]
    for _ in range(_WIDE_PER_PLACE):
        side = rng.uniform(0.25, 0.75) * place.longer
        groups.append([square_near(place, rng, sample_point(place, rng), side)])
    for _ in range(_UNIONS_PER_PLACE):
        pair = [sample_roi(place, rng, placed.item.box) for placed in pick_items(place, rng, 2)]
        groups.append([reduce(Box.around, pair)])
    groups += [sample_canvas_boxes(place, rng, same_name=n < 4) for n in range(_CANVASES_PER_PLACE)]
    wide = [_show(place, group, WIDE) for group in groups]
    parts = paste_parts(place, rng, {"crowd": _CROWDS_PER_PLACE}, photographs=photographs)
    wide += [_show(part, [part.whole], WIDE) for part in parts]
    return [_encode(near, NEAR), _encode(wide, WIDE)]


def _encode(shown: list[tuple[VisionInput, tuple[int, int]]], frame: Frame) -> EncodedInputs:
    """Inputs whose labels say what is outside an image of so many rows and columns."""
    inputs = encode_inputs([each for each, _ in shown], frame)
    labels = inputs.labels.reshape(len(shown), 3, frame.grid, frame.grid)
    for own, (_, (rows, columns)) in zip(labels, shown, strict=True):
        own[:, rows:] = own[:, :, columns:] = OUTSIDE
    return inputs


def _show(place: Shown, boxes: list[Box], frame: Frame) -> tuple[VisionInput, tuple[int, int]]:
    """A crop, or several on a canvas, in the upper left of a frame; and its rows and columns."""
    boxes = [Box(*box.whole_pixels()) for box in boxes]
    if len(boxes) == 1:
        picture = place.picture.crop(boxes[0].whole_pixels())
        spots = [Box(0, 0, *picture.size)]
    else:
        collage = Collage(boxes, CANVAS_CELL)
        picture, spots = collage.of(Image(place.picture)).picture, list(collage.places)
    width, height = fit(picture.size, frame)
    across, down = width / picture.width, height / picture.height
    pixels = np.zeros((frame.side, frame.side, 3), np.uint8)
    resized = picture.resize((width, height), PIL.Image.Resampling.BICUBIC)
    pixels[:height, :width] = np.asarray(resized)
    things: list[VisibleThing] = []
    for box, spot in zip(boxes, spots, strict=True):
        target = Box(spot.left * across, spot.top * down, spot.right * across, spot.bottom * down)
        things += project_things(place.items, box, target, frame)
    return VisionInput(pixels, tuple(things)), (height // TOKEN_SIDE, width // TOKEN_SIDE)


def fit(size: tuple[int, int], frame: Frame) -> tuple[int, int]:
    """Width and height as the image processor has them, or smaller so that they fit the frame."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

    height, width = smart_resize(size[1], size[0], TOKEN_SIDE, MIN_PIXELS, MAX_PIXELS)
    scale = min(1.0, frame.side / max(width, height))
    return _round(width * scale), _round(height * scale)


def _round(side: float) -> int:
    return max(1, int(side // TOKEN_SIDE)) * TOKEN_SIDE
