"""The toy model's vision: it names clear things, and finds traces of faint ones."""

from __future__ import annotations

from collections.abc import Collection

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image
from scipy import ndimage

from ...values import View
from ..engine.byte_lru import ByteLRU
from .scene import COLOURS, KINDS

CELL = 4  # pixels of the resized view on a side of one cell
_PURE = 40  # largest difference in any channel from a pure colour
_CLEAR = 14  # pure pixels of a frame that make a thing visible
_FAINT_DISTANCE = 140.0  # distance at which a colour leaves no trace
_BASE_GRADIENT = 0.1  # norm where no named thing is
Floats = npt.NDArray[np.float32]


@attrs.frozen
class Sighting:
    """A thing that is clear enough to be named."""

    kind: str
    colour: str
    across: float  # of its centre, from 0 to 1 over the view
    down: float
    pixels: int  # of its frame, in the resized view


def resize(view: View, side: int) -> Floats:
    """The view stretched to side x side x 3 pixels."""
    squeezed = view.picture.resize((side, side), PIL.Image.Resampling.BOX, reducing_gap=3)
    return np.asarray(squeezed, np.float32)


@attrs.frozen(eq=False)
class _Found:
    """An entry of the cache: the things found in a view, without its picture."""

    things: tuple[Sighting, ...]
    bytes: int = 1 << 10  # roughly


_cache = ByteLRU[_Found](1 << 20)


def find_things(view: View, side: int) -> tuple[Sighting, ...]:
    """All things in the view that can be named."""
    key = (view.image.digest, view.box, side)
    return _cache.get_or_create(key, lambda: _Found(_find_all(view, side))).things


def _find_all(view: View, side: int) -> tuple[Sighting, ...]:
    planes = np.ascontiguousarray(resize(view, side).transpose(2, 0, 1))  # 3 x side x side
    return tuple(s for kind, frame in KINDS.items() for s in _find_kind(planes, kind, frame))


def _find_kind(planes: Floats, kind: str, frame: tuple[int, int, int]) -> list[Sighting]:
    pure = _pure_pixels(planes, frame)
    if np.count_nonzero(pure) < _CLEAR:
        return []
    labels, _ = ndimage.label(pure, np.ones((3, 3)))
    found = []
    for index, (down, across) in enumerate(ndimage.find_objects(labels), 1):
        pixels = int((labels[down, across] == index).sum())
        if pixels >= _CLEAR:
            x, y = ((s.start + s.stop) / 2 / len(pure) for s in (across, down))
            found.append(Sighting(kind, _core_colour(planes[:, down, across]), x, y, pixels))
    return found


def _core_colour(planes: Floats) -> str:
    """The core colour with the most pixels in a thing's patch."""
    counts = {
        name: np.count_nonzero(_pure_pixels(planes, colour)) for name, colour in COLOURS.items()
    }
    return max(counts, key=counts.__getitem__)


def _pure_pixels(planes: Floats, colour: tuple[int, int, int]) -> npt.NDArray[np.bool_]:
    """Pixels close to *colour* in each of the three channels."""
    red, green, blue = (np.abs(p - c) < _PURE for p, c in zip(planes, colour, strict=True))
    pure: npt.NDArray[np.bool_] = red & green & blue
    return pure


def traces(view: View, side: int) -> dict[str, Floats]:
    """The trace of each kind and colour in each cell, from 0 to 1: cells x cells."""
    seen = resize(view, side)
    cells = side // CELL
    return {
        name: _similarity(seen, colour).reshape(cells, CELL, cells, CELL).max(axis=(1, 3))
        for name, colour in {**KINDS, **COLOURS}.items()
    }


def pixel_gradients(view: View, side: int, names: Collection[str]) -> Floats:
    """Gradient of a reply about *names* with respect to each pixel: side x side."""
    seen = resize(view, side)
    like = (_similarity(seen, colour) for name, colour in KINDS.items() if name in names)
    return sum(like, np.full((side, side), _BASE_GRADIENT, np.float32))


def _similarity(seen: Floats, colour: tuple[int, int, int]) -> Floats:
    """How near each pixel is to *colour*, from 0 to 1: side x side."""
    distance = np.linalg.norm(seen - np.array(colour, np.float32), axis=2)
    like: Floats = (1 - distance / _FAINT_DISTANCE).clip(0)
    return like
