"""What OneVision's layout is shown: one picture whole and in tiles, or several pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box

from ..scenes import Scene, Thing
from .labelling import labels
from .sight import GRID, PIXEL_MEAN, PIXEL_STD, SIDE, Sighting, fitted, moved

PINPOINTS = [[2 * SIDE, 2 * SIDE]]  # two by two tiles, whatever the shape of the picture
TILES = 9  # of `anyres_max_9`
_PATCHES = GRID * GRID
Array = npt.NDArray[Any]


@attrs.frozen(eq=False)
class Shown:
    """One picture of a prompt: what the eye sees of it, and where its tokens stand."""

    pixels: Array  # views x 112 x 112 x 3
    labels: Array  # views x 3 x patches
    places: Array  # views x patches: of each token, counted from the picture's first; -1 has none
    newlines: Array  # places of the newlines
    length: int  # tokens in all


def single(scene: Scene, box: Box, eye: Any) -> Shown:
    """One crop alone: squashed, then in tiles; *eye* is the processor of its pixels."""
    cut = Box(*box.whole_pixels())
    picture = scene.picture.crop(cut.whole_pixels())
    pixels = _views(eye, picture)
    wholly = moved(scene.things, cut, Box(0, 0, SIDE, SIDE))
    tiled = moved(scene.things, cut, _on_canvas(picture.size))
    named = [labels(wholly)]
    named += [labels(_shifted(tiled, x, y)) for y in (0, SIDE) for x in (0, SIDE)]
    return Shown(pixels, np.stack(named), *_laid(picture.size))


def among(scene: Scene, box: Box, picture: PIL.Image.Image | None = None) -> Shown:
    """One crop among several: padded to a square; *picture* is the scene's, drawn upon."""
    cut = Box(*box.whole_pixels())
    pixels, scale, left, top = fitted((picture or scene.picture).crop(cut.whole_pixels()))
    place = Box(left, top, left + cut.width * scale, top + cut.height * scale)
    named = labels(moved(scene.things, cut, place))
    return Shown(
        pixels[None],
        named[None],
        np.arange(_PATCHES)[None],
        np.array([_PATCHES]),
        _PATCHES + 1,
    )


@cache
def processor() -> Any:
    """The pixels of one picture alone, as transformers has them."""
    import transformers as tf

    return tf.LlavaOnevisionImageProcessorPil(
        size={"height": SIDE, "width": SIDE},
        image_grid_pinpoints=PINPOINTS,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    )


def _views(eye: Any, picture: PIL.Image.Image) -> Array:
    raw = eye(picture, do_rescale=False, do_normalize=False, return_tensors="np")
    views: Array = raw["pixel_values"][0].transpose(0, 2, 3, 1).astype(np.uint8)
    return views


def _on_canvas(size: tuple[int, int]) -> Box:
    """Where the picture lies on the tiles."""
    room = 2 * SIDE
    wide, high = (min(room, -(-room * side // max(size))) for side in size)
    left, top = (room - wide) // 2, (room - high) // 2
    return Box(left, top, left + wide, top + high)


def _shifted(sightings: Sequence[Sighting], across: int, down: int) -> list[Sighting]:
    def shifted(box: Box) -> Box:
        return Box(box.left - across, box.top - down, box.right - across, box.bottom - down)

    return [attrs.evolve(s, box=shifted(s.box)) for s in sightings]


def _laid(size: tuple[int, int]) -> tuple[Array, Array, int]:
    """Places of the patches of all views, and of the newlines: one after each row of the tiles."""
    columns, rows = (_kept(side, max(size)) for side in size)
    cells = _PATCHES + np.arange(rows * (columns + 1)).reshape(rows, columns + 1)
    canvas = np.full((2 * GRID, 2 * GRID), -1)
    top, left = (2 * GRID - rows) // 2, (2 * GRID - columns) // 2
    canvas[top : top + rows, left : left + columns] = cells[:, :-1]
    tiles = canvas.reshape(2, GRID, 2, GRID).transpose(0, 2, 1, 3).reshape(4, _PATCHES)
    places = np.concatenate([np.arange(_PATCHES)[None], tiles])
    return places, cells[:, -1], _PATCHES + cells.size


def _kept(side: int, longer: int) -> int:
    """Columns or rows of the tiles that are no padding, as transformers counts them."""
    room = 2 * GRID
    kept = int(round(side * (room / longer), 7))
    return room - 2 * ((room - kept) // 2)


def in_sight(things: Sequence[Thing], box: Box) -> list[Sighting]:
    """What of *things* is in *box*, in the eye's own measure."""
    return moved(things, box, Box(0, 0, SIDE, SIDE))
