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
# From black over violet and orange to pale yellow: dark is cold, light is hot, also in grey.
_SCALE = np.array(
    [(0, 0, 4), (59, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191)],
    float,
)


def reduced(picture: PIL.Image.Image, side: int = SIDE) -> PIL.Image.Image:
    """A copy that is no longer than *side*."""
    copy = picture.copy()
    copy.thumbnail((side, side), PIL.Image.Resampling.LANCZOS, reducing_gap=3)
    return copy


def heat(relevance: RelevanceMap, size: tuple[int, int], image: Box) -> PIL.Image.Image:
    """The map as a veil over a drawing of *size* of *image*: the hotter, the less see-through."""
    strength = _stretched(relevance.scores)
    colours = np.stack(
        [np.interp(strength, np.linspace(0, 1, len(_SCALE)), channel) for channel in _SCALE.T],
        axis=2,
    )
    veil = np.dstack([colours, 215 * strength**0.7]).astype(np.uint8)
    across, down = size[0] / image.width, size[1] / image.height
    canvas = PIL.Image.new("RGBA", size)
    for row, column in np.ndindex(relevance.grid.shape):
        cell = relevance.grid.cell(row, column)
        left, right = (
            round((cell.left - image.left) * across),
            round((cell.right - image.left) * across),
        )
        top, bottom = round((cell.top - image.top) * down), round((cell.bottom - image.top) * down)
        canvas.paste(tuple(veil[row, column].tolist()), (left, top, right, bottom))
    return canvas


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
