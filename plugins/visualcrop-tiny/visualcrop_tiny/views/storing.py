"""Views rendered once, by several processes, and kept in arrays on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box

from ..scenes import DIGITS, KINDS, Thing, draw
from .choosing import PER_SCENE, views
from .labelling import ALL_COLOURS, ALL_SHAPES, labels
from .labour import shared
from .sight import GRID, SIDE, Sighting, View

_MOST = 16  # things in a view
_DULL, _HARD = 0.3, 1.5
_KINDS = (*KINDS, "relation", "count", "detail", "detail")
_SIZES = ((1024, 1024), (1536, 1536), (2048, 2048), (2048, 2048), (2048, 1536), (1536, 2048))
Array = npt.NDArray[Any]


@attrs.frozen(eq=False)
class Store:
    """Views on disk, by number."""

    pixels: Array  # views x 112 x 112 x 3
    things: Array  # views x things x (shape + 1, colour, digit + 1, four sides, seen)
    labels: Array  # views x 3 x patches: shape, colour, digit; 0 is none, -1 not to be asked

    @classmethod
    def open(cls, folder: Path) -> Store:
        return cls(
            *(np.load(folder / f"{field.name}.npy", mmap_mode="r") for field in attrs.fields(cls))
        )

    def __len__(self) -> int:
        return len(self.pixels)

    def weights(self) -> Array:
        """How often to show each view: rarely where less than two things are clear in sight."""
        clear = (self.things[:, :, 7] > 0.7).sum(1)
        plates = (self.things[:, :, 2] > 0).any(1)
        weights = np.where(plates, _HARD, np.where(clear >= 2, 1.0, _DULL))
        made: Array = weights / weights.sum()
        return made

    def sightings(self, index: int) -> list[Sighting]:
        """What is in sight in one view."""
        return [_sighting(row) for row in self.things[index] if row[0]]


def render(folder: Path, scenes: int, seed: int, processes: int = 2) -> Store:
    """Draw *scenes* scenes from *seed* on and keep views of all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    count = scenes * PER_SCENE
    shapes = {"pixels": (SIDE, SIDE, 3), "things": (_MOST, 8), "labels": (3, GRID * GRID)}
    types = {"pixels": np.uint8, "things": np.float32, "labels": np.int8}
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", types[name], (count, *shape))
        for name, shape in shapes.items()
    }
    for number, made in enumerate(shared(_rendered, range(seed, seed + scenes), processes)):
        rows = slice(number * PER_SCENE, (number + 1) * PER_SCENE)
        for name, values in made.items():
            arrays[name][rows] = values
    for array in arrays.values():
        array.flush()
    return Store.open(folder)


def _rendered(seed: int) -> dict[str, Array]:
    rng = np.random.default_rng([seed, 1])
    kind = _KINDS[seed % len(_KINDS)]
    width, height = _SIZES[rng.integers(len(_SIZES))]
    made = list(views(draw(seed, width, height, kind), rng))
    return {
        "pixels": np.stack([view.pixels for view in made]),
        "things": np.stack([_rows(view) for view in made]),
        "labels": np.stack([labels(view.sightings) for view in made]),
    }


def _rows(view: View) -> Array:
    rows = np.zeros((_MOST, 8), np.float32)
    for row, sighting in zip(rows, view.sightings, strict=False):
        thing, box = sighting.thing, sighting.box
        digit = DIGITS.index(thing.text) + 1 if thing.text else 0
        row[:3] = ALL_SHAPES.index(thing.shape) + 1, ALL_COLOURS.index(thing.colour), digit
        row[3:] = box.left, box.top, box.right, box.bottom, sighting.seen
    return rows


def _sighting(row: Array) -> Sighting:
    shape, colour, digit = (int(value) for value in row[:3])
    text = DIGITS[digit - 1] if digit else ""
    box = Box(*(float(side) for side in row[3:7]))
    thing = Thing(ALL_SHAPES[shape - 1], ALL_COLOURS[colour], box, text)
    return Sighting(thing, box, float(row[7]))
