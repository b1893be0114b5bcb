"""The dataset of LLaVA's two stages: crops of drawn scenes, rendered once into arrays on disk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box
from visualcrop.plugin import merge_boxes
from visualcrop_tiny.scenes import DIGITS, KINDS, DrawnScene, PlacedThing, draw_scene

from .vision_inputs import (
    CLEARLY_VISIBLE,
    COLOUR_CLASSES,
    GRID,
    NUM_PATCHES,
    PATCH_SIDE,
    SHAPE_CLASSES,
    SIDE,
    VisibleThing,
    VisionInput,
    label_patches,
    show_canvas,
    show_crop,
    show_whole,
)
from .workers import map_in_processes

INPUTS_PER_SCENE = 14  # the whole scene and the numbers below
_WIDE_CROPS, _CROPS, _UNIONS, _CANVASES = 2, 6, 1, 4
_MAX_THINGS = 16  # in one input; more are left out
# Sampling weights of inputs with fewer than two clear things, and of inputs with a plate.
_FEW_WEIGHT, _PLATE_WEIGHT = 0.3, 1.5
_KINDS = (*KINDS, "relation", "count", "detail", "detail")
_SIZES = ((1024, 1024), (1536, 1536), (2048, 2048), (2048, 2048), (2048, 1536), (1536, 2048))
Array = npt.NDArray[Any]
Rng = np.random.Generator


@attrs.frozen(eq=False)
class CropDataset:
    """N inputs of the vision tower, memory-mapped."""

    pixels: Array  # N x 112 x 112 x 3, uint8
    things: Array  # N x 16 x 8: shape + 1, colour, digit + 1, box, visible part; zeros pad
    labels: Array  # N x 3 x patches, as `label_patches` has them

    @classmethod
    def open(cls, folder: Path) -> CropDataset:
        """Memory-map the arrays that `render_crops` wrote."""
        names = (field.name for field in attrs.fields(cls))
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in names))

    def __len__(self) -> int:
        return len(self.pixels)

    def sampling_weights(self) -> Array:
        """The probability of each input to be sampled: lower if there is little to ask about."""
        clear = (self.things[:, :, 7] > CLEARLY_VISIBLE).sum(1)
        has_plate = (self.things[:, :, 2] > 0).any(1)
        weights = np.where(has_plate, _PLATE_WEIGHT, np.where(clear >= 2, 1.0, _FEW_WEIGHT))
        probabilities: Array = weights / weights.sum()
        return probabilities

    def visible_things(self, index: int) -> list[VisibleThing]:
        """The things in one input."""
        return [_decode_thing(row) for row in self.things[index] if row[0]]

    def patch_positions(self, indices: Array) -> Array:
        """
        Column and row of the patch in the middle of each shape, B x shapes x 2.

        -1 where a shape is not visible clearly and exactly once.
        """
        positions = np.full((len(indices), len(SHAPE_CLASSES), 2), -1, np.int64)
        for row, things in zip(positions, self.things[indices], strict=True):
            shapes = things[:, 0].astype(int)
            counts = np.bincount(shapes, minlength=len(SHAPE_CLASSES) + 1)
            unique = (shapes > 0) & (counts[shapes] == 1) & (things[:, 7] > CLEARLY_VISIBLE)
            middle = (things[unique, 3:5] + things[unique, 5:7]) / 2 / PATCH_SIDE
            row[shapes[unique] - 1] = middle.clip(0, GRID - 1).astype(int)
        return positions


def render_crops(folder: Path, scenes: int, seed: int, workers: int = 2) -> CropDataset:
    """Draw *scenes* scenes, with seeds from *seed* on, and write crops of all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    count = scenes * INPUTS_PER_SCENE
    shapes = {"pixels": (SIDE, SIDE, 3), "things": (_MAX_THINGS, 8), "labels": (3, NUM_PATCHES)}
    types = {"pixels": np.uint8, "things": np.float32, "labels": np.int8}
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", types[name], (count, *shape))
        for name, shape in shapes.items()
    }
    rendered = map_in_processes(_render_scene_crops, range(seed, seed + scenes), workers)
    for number, values in enumerate(rendered):
        rows = slice(number * INPUTS_PER_SCENE, (number + 1) * INPUTS_PER_SCENE)
        for name, array in arrays.items():
            array[rows] = values[name]
    for array in arrays.values():
        array.flush()
    return CropDataset.open(folder)


def _render_scene_crops(seed: int) -> dict[str, Array]:
    rng = np.random.default_rng([seed, 1])
    kind = _KINDS[seed % len(_KINDS)]
    width, height = _SIZES[rng.integers(len(_SIZES))]
    inputs = list(sample_inputs(draw_scene(seed, width, height, kind), rng))
    return {
        "pixels": np.stack([each.pixels for each in inputs]),
        "things": np.stack([_encode_things(each) for each in inputs]),
        "labels": np.stack([label_patches(each.things) for each in inputs]),
    }


def _encode_things(vision_input: VisionInput) -> Array:
    rows = np.zeros((_MAX_THINGS, 8), np.float32)
    for row, visible in zip(rows, vision_input.things, strict=False):
        thing, box = visible.thing, visible.box
        digit = DIGITS.index(thing.text) + 1 if thing.text else 0
        shape, colour = SHAPE_CLASSES.index(thing.shape), COLOUR_CLASSES.index(thing.colour)
        row[:3] = shape + 1, colour, digit
        row[3:] = box.left, box.top, box.right, box.bottom, visible.visible
    return rows


def _decode_thing(row: Array) -> VisibleThing:
    shape, colour, digit = (int(value) for value in row[:3])
    text = DIGITS[digit - 1] if digit else ""
    box = Box(*(float(side) for side in row[3:7]))
    thing = PlacedThing(SHAPE_CLASSES[shape - 1], COLOUR_CLASSES[colour], box, text)
    return VisibleThing(thing, box, float(row[7]))


def sample_inputs(scene: DrawnScene, rng: Rng) -> Iterator[VisionInput]:
    """`INPUTS_PER_SCENE` inputs: the whole scene, crops as a search makes them, and canvases."""
    yield show_whole(scene)
    for _ in range(_WIDE_CROPS):
        side = rng.uniform(0.3, 0.75) * max(scene.picture.size)
        yield show_crop(scene, _square_near(scene, rng, _sample_point(scene, rng), side))
    for number in range(_CROPS):
        yield show_crop(scene, sample_crop(scene, rng, of_subject=number < 3))
    for _ in range(_UNIONS):
        pair = [sample_roi(scene, rng, thing) for thing in _pick_things(scene, rng, 2)]
        yield show_crop(scene, reduce(Box.around, pair))
    for number in range(_CANVASES):
        yield show_canvas(scene, _sample_canvas_boxes(scene, rng, same_shape=number < 3))


def sample_crop(scene: DrawnScene, rng: Rng, *, of_subject: bool) -> Box:
    """A box around a subject of the scene, as a search proposes it; else one of any size."""
    point = _sample_point(scene, rng)
    if of_subject:
        return sample_roi(scene, rng, scene.things[rng.integers(scene.subject_count)])
    if rng.random() < 0.4:
        return _square_near(scene, rng, point, _sample_side(scene, rng))
    side = np.exp(rng.uniform(np.log(100), np.log(730)))
    centre = scene.things[rng.integers(len(scene.things))].box.centre
    return _square_near(scene, rng, centre if rng.random() < 0.75 else point, side)


def _sample_canvas_boxes(scene: DrawnScene, rng: Rng, *, same_shape: bool) -> list[Box]:
    """Boxes for one canvas: of all things of a counted shape, or of two to four things."""
    shape = scene.things[0].shape
    same_shape = same_shape and scene.kind == "count"
    if same_shape:
        things = [thing for thing in scene.things if thing.shape == shape]
        if rng.random() < 0.2:
            things.append(scene.things[-1])
    elif scene.kind == "relation" and rng.random() < 0.5:
        things = list(scene.things[:2])
    else:
        things = _pick_things(scene, rng, int(rng.integers(2, 5)))
    boxes = [sample_roi(scene, rng, thing) for thing in things]
    return merge_boxes(boxes) if same_shape or rng.random() < 0.7 else boxes


def sample_roi(scene: DrawnScene, rng: Rng, thing: PlacedThing) -> Box:
    """A box of about three cells of the whole scene's relevance map, around the thing."""
    side = min(_sample_side(scene, rng), *scene.picture.size)
    return _square_near(scene, rng, thing.box.centre, max(side, 1.1 * thing.box.width))


def _sample_side(scene: DrawnScene, rng: Rng) -> float:
    """Pixels of three, sometimes five, cells of the whole scene's relevance map."""
    cells = rng.choice([3, 3, 3, 5]) * rng.uniform(0.95, 1.05)
    return float(cells) * max(scene.picture.size) / GRID


def _square_near(scene: DrawnScene, rng: Rng, point: tuple[float, float], side: float) -> Box:
    """A square around *point*, shifted at random, then moved into the picture."""
    starts = []
    for at, length in zip(point, scene.picture.size, strict=True):
        start = at - side / 2 + rng.uniform(-0.35, 0.35) * side
        starts.append(min(max(0.0, start), max(0.0, length - side)))
    width, height = scene.picture.size
    left, top = starts
    return Box(left, top, min(left + side, width), min(top + side, height))


def _sample_point(scene: DrawnScene, rng: Rng) -> tuple[float, float]:
    width, height = scene.picture.size
    return rng.uniform(0, width), rng.uniform(0, height)


def _pick_things(scene: DrawnScene, rng: Rng, count: int) -> list[PlacedThing]:
    order = rng.permutation(len(scene.things))[:count]
    return [scene.things[index] for index in order]
