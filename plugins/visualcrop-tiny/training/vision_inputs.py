"""Inputs of the vision tower that show parts of a place, and labels of their patches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box, Image
from visualcrop.plugin import Collage
from visualcrop_tiny.world import COLOURS, THINGS
from visualcrop_tiny.world.places import Item

from .sign_letters import locate_letters

PATCH_SIDE = 20  # pixels on a side: 14, as LLaVA-1.5 has it, hide what the smallest things are
PIXEL_MEAN, PIXEL_STD = 0.5, 0.25
NAME_CLASSES = (*THINGS, "sign")
COLOUR_CLASSES = tuple(COLOURS)
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
OUTSIDE = -2  # label of what is not part of an image that does not fill its frame
# Least visible fraction of a thing for questions about it, and the most of one that is absent.
CLEARLY_VISIBLE, HARDLY_VISIBLE = 0.7, 0.12
_PADDING = (127, 127, 127)  # as the processor pads
_RESAMPLING = PIL.Image.Resampling
CANVAS_CELL = 336  # pixels; as the composers' canvas has it
_LEGIBLE = 6.0  # least height of letters, in pixels of the input
Array = npt.NDArray[Any]


@attrs.frozen
class Frame:
    """The square input of a vision tower."""

    side: int  # pixels
    patch: int = PATCH_SIDE  # pixels on a side of what becomes one token

    @property
    def grid(self) -> int:
        """Patches on a side."""
        return self.side // self.patch

    @property
    def patches(self) -> int:
        """Patches in all."""
        return self.grid**2

    @property
    def edges(self) -> Array:
        """Pixels at which patches begin and end."""
        return np.arange(self.grid + 1) * float(self.patch)


LLAVA = Frame(24 * PATCH_SIDE)  # as many patches as LLaVA-1.5 has
TILE = Frame(16 * PATCH_SIDE)  # of OneVision, which has four of them and the whole
SIDE, GRID, NUM_PATCHES = LLAVA.side, LLAVA.grid, LLAVA.patches


@attrs.frozen(eq=False)
class PlacedItem:
    """A thing of a place, with what is needed to find it in parts of the picture."""

    item: Item

    @cached_property
    def integral(self) -> Array:
        """Sums of what is seen left of and above each corner of a pixel, in pixels."""
        seen = self.item.mask.astype(np.float32) / 255
        sums = np.zeros((seen.shape[0] + 1, seen.shape[1] + 1), np.float32)
        sums[1:, 1:] = seen.cumsum(0).cumsum(1)
        return sums

    @cached_property
    def letters(self) -> tuple[tuple[str, Box], ...]:
        """The letters of a sign and where they are."""
        return locate_letters(self.item.text, self.item.box) if self.item.text else ()

    def seen_between(self, columns: Array, rows: Array) -> Array:
        """Pixels seen in each cell of a grid with these edges, in the picture: rows x columns."""
        box = self.item.box
        down = _interpolate(self.integral, rows - box.top)
        across = _interpolate(down.T, columns - box.left).T
        cells: Array = np.diff(np.diff(across, axis=0), axis=1)
        return cells


def _interpolate(sums: Array, at: Array) -> Array:
    """Rows of *sums* at places between them, linearly; beyond the ends, the first or the last."""
    at = at.clip(0, len(sums) - 1)
    before = at.astype(int)
    after = np.minimum(before + 1, len(sums) - 1)
    share = (at - before)[:, None]
    between: Array = sums[before] * (1 - share) + sums[after] * share
    return between


@attrs.frozen(eq=False)
class VisibleThing:
    """
    A thing in an input of the vision tower.

    Attributes:
        item: In the picture.
        box: The part of its box that is in the input, in pixels of the input.
        visible: Which part of the thing is seen in the input.
        cells: Pixels of the input that show it, in each patch: rows x columns.
        letters: Of a sign, with their boxes in the input.

    """

    item: Item
    box: Box
    visible: float
    cells: Array = attrs.field(repr=False)
    letters: tuple[tuple[str, Box], ...] = ()


@attrs.frozen(eq=False)
class VisionInput:
    """One input of the vision tower."""

    pixels: npt.NDArray[np.uint8]  # side x side x 3
    things: tuple[VisibleThing, ...]


@attrs.frozen(eq=False)
class Shown:
    """A drawn place, and its things."""

    picture: PIL.Image.Image
    items: tuple[PlacedItem, ...]

    @property
    def longer(self) -> int:
        """The longer side, in pixels."""
        return max(self.picture.size)

    @property
    def whole(self) -> Box:
        """The box of the picture."""
        return Box(0, 0, *self.picture.size)


def show_whole(place: Shown) -> VisionInput:
    """The whole place as one input."""
    return show_crop(place, place.whole)


def show_crop(place: Shown, box: Box) -> VisionInput:
    """A crop of the place as one input."""
    sides = box.whole_pixels()
    crop = Box(*sides)
    pixels, scale, left, top = preprocess(place.picture.crop(sides))
    target = Box(left, top, left + crop.width * scale, top + crop.height * scale)
    return VisionInput(pixels, tuple(project_things(place.items, crop, target)))


def show_canvas(place: Shown, boxes: Sequence[Box]) -> VisionInput:
    """Several crops as one input, on a canvas as the `canvas` composer has it."""
    boxes = [Box(*box.whole_pixels()) for box in boxes]
    collage = Collage(boxes, CANVAS_CELL)
    pixels, scale, left, top = preprocess(collage.of(Image(place.picture)).picture)
    things: list[VisibleThing] = []
    for box, spot in zip(boxes, collage.places, strict=True):
        sides = (spot.left, spot.top, spot.right, spot.bottom)
        x0, y0, x1, y1 = (side * scale for side in sides)
        target = Box(left + x0, top + y0, left + x1, top + y1)
        things += project_things(place.items, box, target)
    return VisionInput(pixels, tuple(things))


def preprocess(
    picture: PIL.Image.Image, frame: Frame = LLAVA
) -> tuple[npt.NDArray[np.uint8], float, float, float]:
    """
    Pad to a square and resize, as the image processor does.

    Returns:
        The pixels, side x side x 3; resized pixels per pixel; and the padding on the left and on
        top, in resized pixels.
    """
    longer = max(picture.size)
    left, top = ((longer - side) // 2 for side in picture.size)
    if picture.width != picture.height:
        square = PIL.Image.new("RGB", (longer, longer), _PADDING)
        square.paste(picture, (left, top))
        picture = square
    resized = picture.resize((frame.side, frame.side), _RESAMPLING.BICUBIC)
    scale = frame.side / longer
    return np.asarray(resized), scale, left * scale, top * scale


def project_things(
    items: Iterable[PlacedItem], source: Box, target: Box, frame: Frame = LLAVA
) -> list[VisibleThing]:
    """The things in *source*, a box in the picture, moved and scaled to *target* in the input."""
    across, down = target.width / source.width, target.height / source.height
    columns, rows = (
        ((frame.edges.clip(low, high) - low) / scale + start)
        for low, high, start, scale in (
            (target.left, target.right, source.left, across),
            (target.top, target.bottom, source.top, down),
        )
    )
    visible = []
    for placed in items:
        inside = placed.item.box.common(source)
        if inside is None:
            continue
        cells = placed.seen_between(columns, rows)
        whole = float(placed.integral[-1, -1])
        share = placed.item.visible * float(cells.sum()) / whole if whole else 0.0
        if share > 0:
            letters = tuple(
                (letter, move_box(box, source, target))
                for letter, box in placed.letters
                if box.common(source) == box
            )
            moved = move_box(inside, source, target)
            visible.append(VisibleThing(placed.item, moved, share, cells * across * down, letters))
    return visible


def move_box(box: Box, source: Box, target: Box) -> Box:
    """A *box* in *source*, moved and scaled as that is to *target*."""
    across, down = target.width / source.width, target.height / source.height
    return Box(
        target.left + (box.left - source.left) * across,
        target.top + (box.top - source.top) * down,
        target.left + (box.right - source.left) * across,
        target.top + (box.bottom - source.top) * down,
    )


def label_patches(things: Iterable[VisibleThing], frame: Frame = LLAVA) -> Array:
    """
    The classes of the thing in each patch, 3 x patches, int8.

    The rows are name, colour and character, from 1; 0 is nothing, and -1 is ambiguous: the thing
    is cut off or only touches the patch, or the sign is too small to be read there.
    """
    labels = np.zeros((3, frame.grid, frame.grid), np.int8)
    shares = np.zeros((frame.grid, frame.grid))  # of the thing that a patch is labelled with
    for thing in things:
        share = thing.cells / min(frame.patch**2, max(float(thing.cells.sum()), 1e-6))
        clear = (share >= 0.2) & (thing.visible >= 0.4) & (share > shares)
        ambiguous = (share > 0.03) & ~clear & (labels[0] == 0)
        labels[:, ambiguous] = -1
        item = thing.item
        name, colour = NAME_CLASSES.index(item.name), COLOUR_CLASSES.index(item.colour)
        labels[:, clear] = np.array((name + 1, colour + 1, 0), np.int8)[:, None]
        shares[clear] = share[clear]
        if item.text:
            _label_characters(labels[2], thing, clear, frame)
    return labels.reshape(3, -1)


def _label_characters(labels: Array, thing: VisibleThing, clear: Array, frame: Frame) -> None:
    """Patches of a sign have the character that they show most of, or are ambiguous."""
    labels[clear] = -1
    most = np.zeros((frame.grid, frame.grid))
    for letter, box in thing.letters:
        if box.height < _LEGIBLE:
            continue
        down, across = _overlap(box.top, box.bottom, frame), _overlap(box.left, box.right, frame)
        shown = down[:, None] * across[None]
        share = shown / min(frame.patch**2, box.area)
        best = clear & (share > most) & (share >= 0.3)
        labels[best] = CHARACTERS.index(letter) + 1
        most[best] = share[best]


def _overlap(start: float, stop: float, frame: Frame) -> Array:
    """Pixels of [start, stop) in each row or column of patches."""
    edges = frame.edges
    overlap: Array = np.minimum(stop, edges[1:]) - np.maximum(start, edges[:-1])
    return overlap.clip(0)
