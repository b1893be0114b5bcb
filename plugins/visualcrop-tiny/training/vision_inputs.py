"""Inputs of the vision tower that show parts of a scene, and labels of their patches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box, Image
from visualcrop.plugin import Collage
from visualcrop_tiny.scenes import COLOURS, DIGITS, PLATE, SHAPES, DrawnScene, PlacedThing

SIDE = 112  # pixels on a side of the vision tower's input
GRID = 14  # patches on a side
PATCH_SIDE = SIDE // GRID  # pixels on a side
NUM_PATCHES = GRID * GRID
PIXEL_MEAN, PIXEL_STD = 0.5, 0.25
SHAPE_CLASSES = (*SHAPES, PLATE)
COLOUR_CLASSES = tuple(COLOURS)
CLEARLY_VISIBLE = 0.7  # least visible fraction of a thing for questions about it
_PADDING = (127, 127, 127)  # as the processor pads
_RESAMPLING = PIL.Image.Resampling
_CANVAS_CELL = 336  # pixels; as the composers' canvas has it
Array = npt.NDArray[Any]


@attrs.frozen
class VisibleThing:
    """A thing in an input of the vision tower."""

    thing: PlacedThing
    box: Box  # of the visible part, in pixels of the input
    visible: float  # visible fraction of the thing's own box


@attrs.frozen(eq=False)
class VisionInput:
    """One input of the vision tower."""

    pixels: npt.NDArray[np.uint8]  # 112 x 112 x 3
    things: tuple[VisibleThing, ...]


def show_whole(scene: DrawnScene) -> VisionInput:
    """The whole scene as one input."""
    return show_crop(scene, Box(0, 0, *scene.picture.size))


def show_crop(scene: DrawnScene, box: Box) -> VisionInput:
    """A crop of the scene as one input."""
    sides = box.whole_pixels()
    crop = Box(*sides)
    pixels, scale, left, top = preprocess(scene.picture.crop(sides))
    target = Box(left, top, left + crop.width * scale, top + crop.height * scale)
    return VisionInput(pixels, tuple(project_things(scene.things, crop, target)))


def show_canvas(scene: DrawnScene, boxes: Sequence[Box]) -> VisionInput:
    """Several crops as one input, on a canvas as the `canvas` composer has it."""
    boxes = [Box(*box.whole_pixels()) for box in boxes]
    collage = Collage(boxes, _CANVAS_CELL)
    pixels, scale, left, top = preprocess(collage.of(Image(scene.picture)).picture)
    things: list[VisibleThing] = []
    for box, place in zip(boxes, collage.places, strict=True):
        sides = (place.left, place.top, place.right, place.bottom)
        x0, y0, x1, y1 = (side * scale for side in sides)
        target = Box(left + x0, top + y0, left + x1, top + y1)
        things += project_things(scene.things, box, target)
    return VisionInput(pixels, tuple(things))


def preprocess(picture: PIL.Image.Image) -> tuple[npt.NDArray[np.uint8], float, float, float]:
    """
    Pad to a square and resize, as the image processor does.

    Returns:
        The pixels, 112 x 112 x 3; resized pixels per pixel; left and top padding in resized pixels.
    """
    longer = max(picture.size)
    left, top = ((longer - side) // 2 for side in picture.size)
    if picture.width != picture.height:
        square = PIL.Image.new("RGB", (longer, longer), _PADDING)
        square.paste(picture, (left, top))
        picture = square
    resized = picture.resize((SIDE, SIDE), _RESAMPLING.BICUBIC)
    scale = SIDE / longer
    return np.asarray(resized), scale, left * scale, top * scale


def project_things(things: Iterable[PlacedThing], source: Box, target: Box) -> list[VisibleThing]:
    """The things in *source*, a box in the scene, moved and scaled to *target*, in the input."""
    x_scale, y_scale = target.width / source.width, target.height / source.height
    visible = []
    for thing in things:
        inside = thing.box.common(source)
        if inside is not None:
            box = Box(
                target.left + (inside.left - source.left) * x_scale,
                target.top + (inside.top - source.top) * y_scale,
                target.left + (inside.right - source.left) * x_scale,
                target.top + (inside.bottom - source.top) * y_scale,
            )
            visible.append(VisibleThing(thing, box, inside.area / thing.box.area))
    return visible


def label_patches(things: Iterable[VisibleThing]) -> Array:
    """
    The classes of the thing in each patch, 3 x patches, int8.

    The rows are shape, colour and digit, from 1; 0 is nothing, and -1 is ambiguous: the thing is
    cut off, only touches the patch, or has a digit too small to read.
    """
    labels = np.zeros((3, GRID, GRID), np.int8)
    for visible in things:
        box, thing = visible.box, visible.thing
        smaller = min(PATCH_SIDE * PATCH_SIDE, box.area)
        columns = _overlap(box.left, box.right)
        rows = _overlap(box.top, box.bottom)
        share = rows[:, None] * columns[None] / smaller
        clear = (share >= 0.25) & (visible.visible >= 0.4)
        ambiguous = (share > 0.04) & ~clear & (labels[0] == 0)
        labels[:, ambiguous] = -1
        digit = DIGITS.index(thing.text) + 1 if thing.text else 0
        digit = -1 if digit and box.height < 1.5 * PATCH_SIDE else digit
        shape, colour = SHAPE_CLASSES.index(thing.shape), COLOUR_CLASSES.index(thing.colour)
        labels[:, clear] = np.array((shape + 1, colour + 1, digit), np.int8)[:, None]
    return labels.reshape(3, -1)


def _overlap(start: float, stop: float) -> Array:
    """Pixels of [start, stop) in each row or column of patches."""
    edges = np.arange(GRID + 1) * float(PATCH_SIDE)
    overlap: Array = np.minimum(stop, edges[1:]) - np.maximum(start, edges[:-1])
    return overlap.clip(0)
