"""What each patch of a view shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..scenes import COLOURS, DIGITS, SHAPES
from ..scenes.words import PLATE
from .sight import GRID, SIDE, Sighting

ALL_SHAPES = (*SHAPES, PLATE)
ALL_COLOURS = tuple(COLOURS)
Array = npt.NDArray[Any]


def labels(sightings: Iterable[Sighting]) -> Array:
    """What each patch shows: shape + 1, colour + 1 and digit + 1; -1 where it is hard to say."""
    made = np.zeros((3, GRID, GRID), np.int8)
    side = SIDE / GRID
    for sighting in sightings:
        box, thing = sighting.box, sighting.thing
        least = min(side * side, box.area)
        across = _lap(box.left, box.right, side)
        down = _lap(box.top, box.bottom, side)
        share = down[:, None] * across[None] / least
        clear = (share >= 0.25) & (sighting.seen >= 0.4)
        hazy = (share > 0.04) & ~clear & (made[0] == 0)
        made[:, hazy] = -1
        digit = DIGITS.index(thing.text) + 1 if thing.text else 0
        digit = -1 if digit and box.height < 1.5 * side else digit
        words = ALL_SHAPES.index(thing.shape) + 1, ALL_COLOURS.index(thing.colour) + 1, digit
        made[:, clear] = np.array(words, np.int8)[:, None]
    return made.reshape(3, -1)


def _lap(start: float, stop: float, side: float) -> Array:
    """How much of [start, stop) lies in each of the grid's rows or columns."""
    edges = np.arange(GRID + 1) * side
    lap: Array = np.minimum(stop, edges[1:]) - np.maximum(start, edges[:-1])
    return lap.clip(0)
