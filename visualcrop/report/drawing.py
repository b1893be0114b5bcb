"""Relevance as colour, and boxes on pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

from ..geometry import Box
from ..image import Image
from ..values import RelevanceMap

SIDE = 1400  # pixels on the longer side of a drawing
# Violet over red to amber: cold is dark and hot is light, also in grey.
_SCALE = np.array(
    [(40, 11, 84), (106, 23, 110), (188, 55, 84), (237, 105, 37), (255, 200, 60)], float
)


def reduced(picture: PIL.Image.Image, side: int = SIDE) -> PIL.Image.Image:
    """A copy that is no longer than *side*."""
    copy = picture.copy()
    copy.thumbnail((side, side), PIL.Image.Resampling.LANCZOS, reducing_gap=3)
    return copy


def heat(relevance: RelevanceMap, size: tuple[int, int], image: Box) -> PIL.Image.Image:
    """The map as a veil over a drawing of *size* of *image*: the hotter, the less see-through."""
    strength = _stretched(relevance.scores)
    stops = np.linspace(0, 1, len(_SCALE))
    colours = [np.interp(strength, stops, channel) for channel in _SCALE.T]
    veil = np.dstack([*colours, 190 * strength]).astype(np.uint8)  # rows x columns x 4
    columns = _cells(relevance.grid.xs, size[0], image.left, image.right)
    rows = _cells(relevance.grid.ys, size[1], image.top, image.bottom)
    clear = np.pad(veil, ((1, 1), (1, 1), (0, 0)))  # around the map there is nothing to see
    return PIL.Image.fromarray(clear[np.ix_(rows, columns)])


def _cells(edges: Sequence[float], size: int, start: float, stop: float) -> npt.NDArray[np.intp]:
    """Which cell, counted from 1, lies under each of *size* pixels from *start* to *stop*."""
    middles = start + (np.arange(size) + 0.5) * (stop - start) / size
    return np.searchsorted(np.asarray(edges), middles, side="right")


def drawn(image: Image, relevance: RelevanceMap, boxes: Sequence[Box]) -> PIL.Image.Image:
    """The image under its map, the boxes outlined, the first one boldest."""
    picture = reduced(image.picture)
    scale = picture.width / image.width
    veiled = PIL.Image.alpha_composite(
        picture.convert("RGBA"), heat(relevance, picture.size, image.box)
    )
    pen = PIL.ImageDraw.Draw(veiled)
    for rank, box in reversed(list(enumerate(boxes))):
        sides = tuple(round(side * scale) for side in (box.left, box.top, box.right, box.bottom))
        pen.rectangle(sides, outline="white", width=4 if rank == 0 else 2)
    return veiled.convert("RGB")


def _stretched(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """From 0, for the colder half, to 1; a few extreme cells may not hide the rest."""
    low, high = (float(level) for level in np.percentile(scores, (50, 99.8)))
    return ((scores.astype(np.float64) - low) / max(high - low, 1e-12)).clip(0, 1)
