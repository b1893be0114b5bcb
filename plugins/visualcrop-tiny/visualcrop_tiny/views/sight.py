"""Pictures as the eye gets them, and where in them the things have come to lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box, Image
from visualcrop.plugin import Collage

from ..scenes import Scene, Thing

SIDE = 112  # pixels on a side of what the eye sees
GRID = 14  # patches on a side
PATCH = SIDE // GRID
PIXEL_MEAN, PIXEL_STD = 0.5, 0.25  # of its input
_PAPER = (127, 127, 127)  # what the processor pads with
_RESAMPLING = PIL.Image.Resampling
_CELL = 336  # of the composers' canvas


@attrs.frozen
class Sighting:
    """A thing in a view: its box in pixels of the eye, and how much of it is in sight."""

    thing: Thing
    box: Box
    seen: float


@attrs.frozen(eq=False)
class View:
    """What the eye sees, and what there is to see."""

    pixels: npt.NDArray[np.uint8]
    sightings: tuple[Sighting, ...]


def whole(scene: Scene) -> View:
    """All of the scene at once."""
    return part(scene, Box(0, 0, *scene.picture.size))


def part(scene: Scene, box: Box) -> View:
    """One crop of the scene."""
    sides = box.whole_pixels()
    cut = Box(*sides)
    pixels, scale, left, top = fitted(scene.picture.crop(sides))
    target = Box(left, top, left + cut.width * scale, top + cut.height * scale)
    return View(pixels, tuple(moved(scene.things, cut, target)))


def canvas(scene: Scene, boxes: Sequence[Box]) -> View:
    """Several crops on one canvas, as the composers paste them."""
    boxes = [Box(*box.whole_pixels()) for box in boxes]
    collage = Collage(boxes, _CELL)
    pixels, scale, left, top = fitted(collage.of(Image(scene.picture)).picture)
    sightings: list[Sighting] = []
    for box, place in zip(boxes, collage.places, strict=True):
        sides = (place.left, place.top, place.right, place.bottom)
        x0, y0, x1, y1 = (side * scale for side in sides)
        target = Box(left + x0, top + y0, left + x1, top + y1)
        sightings += moved(scene.things, box, target)
    return View(pixels, tuple(sightings))


def fitted(picture: PIL.Image.Image) -> tuple[npt.NDArray[np.uint8], float, float, float]:
    """The picture as the processor makes it: its pixels, the scale, and its left and top."""
    full = max(picture.size)
    left, top = ((full - side) // 2 for side in picture.size)
    if picture.width != picture.height:
        square = PIL.Image.new("RGB", (full, full), _PAPER)
        square.paste(picture, (left, top))
        picture = square
    small = picture.resize((SIDE, SIDE), _RESAMPLING.BICUBIC)
    scale = SIDE / full
    return np.asarray(small), scale, left * scale, top * scale


def moved(things: Iterable[Thing], source: Box, target: Box) -> list[Sighting]:
    """What of *things* lies in *source*, moved to where that is shown."""
    across, down = target.width / source.width, target.height / source.height
    found = []
    for thing in things:
        inside = thing.box.common(source)
        if inside is not None:
            box = Box(
                target.left + (inside.left - source.left) * across,
                target.top + (inside.top - source.top) * down,
                target.left + (inside.right - source.left) * across,
                target.top + (inside.bottom - source.top) * down,
            )
            found.append(Sighting(thing, box, inside.area / thing.box.area))
    return found
