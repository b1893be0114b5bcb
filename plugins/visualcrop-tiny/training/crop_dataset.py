"""The dataset of LLaVA's two stages: crops of drawn places, rendered once into arrays on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial, reduce
from pathlib import Path
from typing import Any, TypeVar

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box
from visualcrop.plugin import merge_boxes
from visualcrop_tiny.place_names import PLACES, Place
from visualcrop_tiny.place_questions import nameable
from visualcrop_tiny.world import COLOURS
from visualcrop_tiny.world.places import Item, PlaceSpec, Wish

from .config import DataConfig
from .pasted import LONGEST, Fill, paste_things, sample_text
from .photographs import maybe_photograph, maybe_texture
from .pictures import Pictures, PictureWriter, encode_picture
from .vision_inputs import (
    CHARACTERS,
    CLEARLY_VISIBLE,
    COLOUR_CLASSES,
    GRID,
    HARDLY_VISIBLE,
    LLAVA,
    NAME_CLASSES,
    OUTSIDE,
    Frame,
    PlacedItem,
    Shown,
    VisionInput,
    label_patches,
    show_canvas,
    show_crop,
    show_whole,
)
from .workers import map_in_processes

_WIDE_CROPS, _NEAR_CROPS, _CROPS, _UNIONS, _CANVASES = 3, 12, 4, 2, 6
_PASTED, _CROWDS = 20, 8  # parts with some more things, and with many small ones
INPUTS_PER_PLACE = 1 + _WIDE_CROPS + _NEAR_CROPS + _CROPS + _UNIONS + _CANVASES + _PASTED + _CROWDS
# Of parts that things are pasted into, in longer sides of the place; and the least, in pixels.
_PASTED_SIDES, _CROWD_SIDES, _LEAST_PART = (0.08, 0.45), (0.3, 1.0), 120.0
_ARRAYS = ("things", "labels")
_MAX_THINGS = 112  # in one input; more are left out
NAME_FACTS = ("column", "row", "colour", "count", "where")  # in `describe_names`
MOST_COUNTED = 6  # things of a name
_WIDTH = 8 + LONGEST  # of a row about a thing
# Sampling weights of inputs with fewer than two clear things, with a sign, and with many things,
# which are the smallest; and of whole places.
_FEW_WEIGHT, _SIGN_INPUT_WEIGHT, _MANY_WEIGHT = 0.5, 1.5, 3.0
_MANY = 24
_WHOLE_WEIGHT = 15.0
_SIGN_WEIGHT = 4.0  # of signs among the things that crops are around
_SIZES = ((2048, 1536), (1536, 2048), (1792, 1792), (1536, 1152), (2304, 1536))
_DENSITIES = (0.8, 1.0, 1.8, 2.6, 3.2)
WHERE = (  # parts of places; a thing on any shelf is somewhere on the wall
    *("in a dinghy", "in a shop window", "in a tree", "in the sky", "on a bench", "on a blanket"),
    *("on a book", "on a crate", "on a map", "on a notebook", "on a page", "on a photograph"),
    *("on a roof", "on a ship", "on a stall", "on a terrace", "on a window sill", "on an awning"),
    *("on a ruler", "on an envelope"),
    *("on the desk", "on the desk mat", "on the far quay", "on the grass", "on the jetty"),
    *("on the pond", "on the quay", "on the street", "on the water", "over a shop"),
)
Array = npt.NDArray[Any]
Rng = np.random.Generator
_Rendered = TypeVar("_Rendered")


@attrs.frozen
class Seen:
    """A thing in an input, as questions need it."""

    name: str
    colour: str
    box: Box  # of the visible part, in pixels of the input
    visible: float
    text: str = ""
    where: str = ""


@attrs.frozen(eq=False)
class EncodedInputs:
    """N inputs of the vision tower, as they are written."""

    pictures: list[bytes]
    things: Array
    labels: Array


@attrs.frozen(eq=False)
class CropDataset:
    """N inputs of the vision tower, memory-mapped."""

    pictures: Pictures
    things: Array  # N x 112 x 13: name + 1, colour, where + 1, box, visible part, characters + 1
    labels: Array  # N x 3 x patches, as `label_patches` has them
    frame: Frame = LLAVA
    whole_every: int = INPUTS_PER_PLACE  # the first of so many is a whole place; 0: none is

    @classmethod
    def open(
        cls, folder: Path, frame: Frame = LLAVA, whole_every: int = INPUTS_PER_PLACE
    ) -> CropDataset:
        """Memory-map what `write_inputs` wrote."""
        things, labels = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS)
        return cls(Pictures.open(folder), things, labels, frame, whole_every)

    def __len__(self) -> int:
        return len(self.pictures)

    def sampling_weights(self) -> Array:
        """The probability of each input to be sampled: the more there is to see, the higher."""
        clear = (self.things[:, :, 7] > CLEARLY_VISIBLE).sum(1)
        has_sign = ((self.things[:, :, 8] > 0) & (self.things[:, :, 7] > CLEARLY_VISIBLE)).any(1)
        weights = np.select(
            [clear == 0, clear >= _MANY, has_sign, clear >= 2],
            [0.3, _MANY_WEIGHT, _SIGN_INPUT_WEIGHT, 1.0],
            _FEW_WEIGHT,
        )
        if self.whole_every:
            weights[:: self.whole_every] = _WHOLE_WEIGHT
        probabilities: Array = weights / weights.sum()
        return probabilities

    def visible_things(self, index: int) -> list[Seen]:
        """The things in one input."""
        return [_decode_thing(row) for row in self.things[index] if row[0]]

    def find_size(self, index: int) -> tuple[int, int]:
        """Width and height of one input, without what is outside of the image."""
        within = self.labels[index, 0].reshape(self.frame.grid, -1) != OUTSIDE
        rows, columns = (int(within.any(axis).sum()) for axis in (1, 0))
        return columns * self.frame.patch, rows * self.frame.patch

    def describe_names(self, indices: Array) -> Array:
        """What each name says of an input, B x names x facts, as `describe_names` has it."""
        return np.stack([describe_names(things, self.frame) for things in self.things[indices]])

    def find_centres(self, indices: Array) -> Array:
        """Whether each patch is the one in the middle of what is clearly seen, B x patches."""
        frame = self.frame
        found = np.zeros((len(indices), frame.patches), bool)
        for row, things in zip(found, self.things[indices], strict=True):
            clear = things[things[:, 7] >= CLEARLY_VISIBLE]
            columns, rows = _middle_patches(clear, frame).T
            row[rows * frame.grid + columns] = True
        return found


def describe_names(things: Array, frame: Frame = LLAVA) -> Array:
    """
    What each name says of things, which are rows as in a `CropDataset`: names x facts.

    Column, row, colour, count and what it is on; -1 where that is in doubt. Only the one thing of a
    name has a place, which is the patch in its middle, a colour, and something that it is on.
    """
    found = np.full((len(NAME_CLASSES), len(NAME_FACTS)), -1, np.int64)
    names, visible = things[:, 0].astype(int), things[:, 7]
    size = len(NAME_CLASSES) + 1
    counts = np.bincount(names[visible >= CLEARLY_VISIBLE], minlength=size)
    doubtful = (visible > HARDLY_VISIBLE) & (visible < CLEARLY_VISIBLE)
    counts[names[doubtful]] = -1
    found[:, 3] = np.where(counts > MOST_COUNTED, -1, counts)[1:]
    alone = np.bincount(names, minlength=size)[names] == 1
    unique = (names > 0) & alone & (visible > CLEARLY_VISIBLE)
    found[names[unique] - 1, :2] = _middle_patches(things[unique], frame)
    found[names[unique] - 1, 2] = things[unique, 1]
    found[names[unique] - 1, 4] = things[unique, 2] - 1
    return found


def encode_seen(things: Sequence[Seen]) -> Array:
    """Rows of things, as in a `CropDataset`: N x 13."""
    rows = np.zeros((len(things), _WIDTH), np.float32)
    for row, seen in zip(rows, things, strict=True):
        name, colour = NAME_CLASSES.index(seen.name), COLOUR_CLASSES.index(seen.colour)
        where = WHERE.index(seen.where) + 1 if seen.where else 0
        row[:3] = name + 1, colour, where
        row[3:8] = *attrs.astuple(seen.box), seen.visible
        row[8 : 8 + len(seen.text)] = [CHARACTERS.index(letter) + 1 for letter in seen.text]
    return rows


def _middle_patches(things: Array, frame: Frame) -> Array:
    """Columns and rows of the patches in the middles of things, N x 2."""
    middles = (things[:, 3:5] + things[:, 5:7]) / 2 / frame.patch
    patches: Array = middles.clip(0, frame.grid - 1).astype(int)
    return patches


def render_crops(folder: Path, data: DataConfig) -> CropDataset:
    """Draw places and write crops of all of them."""
    rendered = render_places(data, render_place_crops, render_signs)
    parts = {folder: (LLAVA, INPUTS_PER_PLACE)}
    write_inputs(parts, data.places, ([inputs] for inputs in rendered))
    return CropDataset.open(folder)


def render_places(
    data: DataConfig, scene: Callable[..., _Rendered], signs: Callable[..., _Rendered]
) -> Iterator[_Rendered]:
    """What *scene* makes of the seed of each place, and *signs* of those with signs alone."""
    render = partial(_render_either, data, scene, signs)
    return map_in_processes(render, range(data.seed, data.seed + data.places), data.workers)


def _render_either(
    data: DataConfig, scene: Callable[..., _Rendered], signs: Callable[..., _Rendered], seed: int
) -> _Rendered:
    render = scene if seed < data.seed + data.scenes else signs
    return render(seed, photographs=data.photographs)


def write_inputs(
    parts: Mapping[Path, tuple[Frame, int]],
    scenes: int,
    rendered: Iterable[Sequence[EncodedInputs]],
) -> None:
    """
    Write the inputs of *scenes* places as they are rendered.

    Args:
        parts: For each folder, the frame of its inputs and how many there are of each place.
        scenes: How many places there are.
        rendered: The inputs of each place, for each part.
    """
    with ExitStack() as stack:
        opened = []
        for folder, (frame, per_place) in parts.items():
            folder.mkdir(parents=True, exist_ok=True)
            layout: dict[str, tuple[Any, tuple[int, ...]]] = {
                "things": (np.float32, (_MAX_THINGS, _WIDTH)),
                "labels": (np.int8, (3, frame.patches)),
            }
            arrays = {
                name: np.lib.format.open_memmap(
                    folder / f"{name}.npy", "w+", kind, (scenes * per_place, *shape)
                )
                for name, (kind, shape) in layout.items()
            }
            opened.append((per_place, arrays, stack.enter_context(PictureWriter(folder))))
        for number, of_place in enumerate(rendered):
            for (per_place, arrays, writer), inputs in zip(opened, of_place, strict=True):
                writer.write(inputs.pictures)
                for name, array in arrays.items():
                    array[number * per_place : (number + 1) * per_place] = getattr(inputs, name)
        for _, arrays, _ in opened:
            for array in arrays.values():
                array.flush()


def render_place_crops(seed: int, *, photographs: bool = False) -> EncodedInputs:
    """The inputs of one place."""
    rng = np.random.default_rng([seed, 1])
    place = draw_sampled(seed, rng, photographs=photographs)
    return encode_inputs(list(sample_inputs(place, rng, photographs=photographs)))


def render_signs(seed: int, *, photographs: bool = False) -> EncodedInputs:
    """As many inputs of another place, all of parts with signs pasted in."""
    rng = np.random.default_rng([seed, 4])
    place = draw_sampled(seed, rng, photographs=photographs)
    parts = paste_parts(place, rng, {"signs": INPUTS_PER_PLACE}, photographs=photographs)
    return encode_inputs(list(map(show_whole, parts)))


def encode_inputs(inputs: Sequence[VisionInput], frame: Frame = LLAVA) -> EncodedInputs:
    """Inputs as they are written."""
    return EncodedInputs(
        [encode_picture(each.pixels) for each in inputs],
        np.stack([_encode_things(each) for each in inputs]),
        np.stack([label_patches(each.things, frame) for each in inputs]),
    )


def draw_sampled(seed: int, rng: Rng, *, photographs: bool = False) -> Shown:
    """
    A place with more things than one of the benchmark, and with more that are alike.

    With *photographs* some have the grain of one.
    """
    kind = PLACES[seed % len(PLACES)]
    size = _SIZES[rng.integers(len(_SIZES))]
    density = _DENSITIES[rng.integers(len(_DENSITIES))]
    scene = PlaceSpec(kind, seed, size, density, sample_wishes(kind, rng)).draw()
    picture = PIL.Image.fromarray(scene.image)
    place = Shown(picture, tuple(PlacedItem(item) for item in scene.items))
    return maybe_texture(place, rng) if photographs else place


def sample_wishes(kind: Place, rng: Rng) -> tuple[Wish, ...]:
    """Signs, several things of one name, pairs that stand together, and maybe a large one."""
    names, colours = nameable(kind), [*COLOURS]

    def name() -> str:
        return str(rng.choice(names))

    def colour() -> str:
        return str(rng.choice(colours))

    wishes = [Wish("sign", colour(), sample_text(rng)) for _ in range(rng.integers(2, 7))]
    for _ in range(2):
        same = name()
        wishes += [Wish(same, colour()) for _ in range(rng.integers(2, 7))]
    wishes += [Wish(name(), colour(), beside=Wish(name(), colour())) for _ in range(3)]
    if rng.random() < 0.35:
        wishes.append(Wish(name(), colour(), side=float(rng.uniform(84, 170))))
    return tuple(wishes)


def _encode_things(vision_input: VisionInput) -> Array:
    things = sorted(vision_input.things, key=lambda thing: -thing.visible)[:_MAX_THINGS]
    rows = encode_seen([to_seen(thing.item, thing.box, thing.visible) for thing in things])
    return np.pad(rows, ((0, _MAX_THINGS - len(rows)), (0, 0)))


def to_seen(item: Item, box: Box, visible: float) -> Seen:
    """What questions need of a thing, of which this part is seen in this box."""
    where = item.where if item.where in WHERE else ""
    return Seen(item.name, item.colour, box, visible, item.text, where)


def _decode_thing(row: Array) -> Seen:
    name, colour, where = (int(value) for value in row[:3])
    text = "".join(CHARACTERS[int(index) - 1] for index in row[8:] if index)
    return Seen(
        NAME_CLASSES[name - 1],
        COLOUR_CLASSES[colour],
        Box(*(float(side) for side in row[3:7])),
        float(row[7]),
        text,
        WHERE[where - 1] if where else "",
    )


def sample_inputs(place: Shown, rng: Rng, *, photographs: bool = False) -> Iterator[VisionInput]:
    """
    `INPUTS_PER_PLACE` inputs: the whole place, crops as a search makes them, canvases, and parts
    with things pasted in; with *photographs* some of these are of one.
    """
    yield show_whole(place)
    for _ in range(_WIDE_CROPS):
        side = rng.uniform(0.3, 0.75) * place.longer
        yield show_crop(place, square_near(place, rng, sample_point(place, rng), side))
    near = pick_items(place, rng, _NEAR_CROPS)
    for number in range(_NEAR_CROPS):
        yield show_crop(place, sample_roi(place, rng, near[number % len(near)].item.box))
    for _ in range(_CROPS):
        yield show_crop(place, sample_crop(place, rng, near=False))
    for _ in range(_UNIONS):
        pair = [sample_roi(place, rng, placed.item.box) for placed in pick_items(place, rng, 2)]
        yield show_crop(place, reduce(Box.around, pair))
    for number in range(_CANVASES):
        yield show_canvas(place, sample_canvas_boxes(place, rng, same_name=number < 4))
    fills: dict[Fill, int] = {"some": _PASTED, "crowd": _CROWDS}
    yield from map(show_whole, paste_parts(place, rng, fills, photographs=photographs))


def paste_parts(
    place: Shown, rng: Rng, fills: Mapping[Fill, int], *, photographs: bool = False
) -> Iterator[Shown]:
    """So many parts of the place, or of photographs, with things of each kind pasted in."""
    for fill, number in fills.items():
        for _ in range(number):
            yield paste_somewhere(place, rng, fill, photographs=photographs)


def paste_somewhere(
    place: Shown, rng: Rng, fill: Fill = "some", *, photographs: bool = False
) -> Shown:
    """Any part of the place, or maybe of a photograph, with more things pasted in."""
    place = maybe_photograph(place, rng) if photographs else place
    sides = _CROWD_SIDES if fill == "crowd" else _PASTED_SIDES
    return paste_things(place, sample_part(place, rng, sides), rng, fill)


def sample_part(place: Shown, rng: Rng, sides: tuple[float, float]) -> Box:
    """
    A square of whole pixels of any place, to paste things into.

    The range of its *sides* is given in longer sides of the place.
    """
    side = place.longer * np.exp(rng.uniform(*np.log(sides)))
    side = min(max(side, _LEAST_PART), *place.picture.size)
    part = square_near(place, rng, sample_point(place, rng), side)
    return Box(*part.whole_pixels())


def sample_canvas_boxes(place: Shown, rng: Rng, *, same_name: bool) -> list[Box]:
    """Boxes for one canvas: of all things of a name, or of two to four things."""
    items = pick_items(place, rng, int(rng.integers(2, 5)))
    if same_name:
        several = _find_several(place)
        if several:
            items = [*several[rng.integers(len(several))]]
            if rng.random() < 0.25:
                items += pick_items(place, rng, 1)
    boxes = [sample_roi(place, rng, placed.item.box) for placed in items]
    return merge_boxes(boxes) if same_name or rng.random() < 0.7 else boxes


def _find_several(place: Shown) -> list[list[PlacedItem]]:
    """Groups of two to six things of one name, or of one name and colour."""
    groups: dict[tuple[str, ...], list[PlacedItem]] = {}
    for placed in place.items:
        item = placed.item
        groups.setdefault((item.name,), []).append(placed)
        groups.setdefault((item.name, item.colour), []).append(placed)
    return [group for group in groups.values() if 2 <= len(group) <= 6]


def sample_crop(place: Shown, rng: Rng, *, near: bool) -> Box:
    """A box around a thing, as a search proposes it; or else one of any size, maybe of nothing."""
    box = pick_items(place, rng, 1)[0].item.box
    if near:
        return sample_roi(place, rng, box)
    side = place.longer * np.exp(rng.uniform(np.log(0.05), np.log(0.4)))
    point = box.centre if rng.random() < 0.5 else sample_point(place, rng)
    return square_near(place, rng, point, side)


def sample_roi(place: Shown, rng: Rng, box: Box) -> Box:
    """A square of about three cells of the whole place's relevance map, around a thing's *box*."""
    cells = rng.choice([3, 3, 3, 4, 5, 6]) * rng.uniform(0.95, 1.05)
    side = min(float(cells) * place.longer / GRID, *place.picture.size)
    return square_near(place, rng, box.centre, max(side, 1.1 * max(box.width, box.height)))


def square_near(place: Shown, rng: Rng, point: tuple[float, float], side: float) -> Box:
    """A square around *point*, shifted at random, then moved into the picture."""
    starts = []
    for at, length in zip(point, place.picture.size, strict=True):
        start = at - side / 2 + rng.uniform(-0.35, 0.35) * side
        starts.append(min(max(0.0, start), max(0.0, length - side)))
    width, height = place.picture.size
    left, top = starts
    return Box(left, top, min(left + side, width), min(top + side, height))


def sample_point(place: Shown, rng: Rng) -> tuple[float, float]:
    """Anywhere in the picture."""
    width, height = place.picture.size
    return rng.uniform(0, width), rng.uniform(0, height)


def pick_items(place: Shown, rng: Rng, count: int) -> list[PlacedItem]:
    """Up to *count* things at random, signs more often than others."""
    weights = np.array([_SIGN_WEIGHT if p.item.text else 1.0 for p in place.items])
    count = min(count, len(weights))
    order = rng.choice(len(weights), count, replace=False, p=weights / weights.sum())
    return [place.items[index] for index in order]
