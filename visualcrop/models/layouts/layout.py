"""
Where the placeholders of an image lie, one function for each way that processors cut images.

All of it is arithmetic on sizes: a *size* is a width and a height in pixels of the image given.
Here are those that see the image once; `tiling` and `anyres` hold those that cut it up.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from ...errors import GeometryError
from ...geometry import Box, Grid
from ..base import Tokens

Size: TypeAlias = tuple[int, int]  # width, height
Edges: TypeAlias = npt.NDArray[np.float64]  # rising, in pixels
MAX_RATIO = 200  # of the long side to the short one, in Qwen's processors


@attrs.frozen
class Eye:
    """What a vision encoder sees at once, in pixels on a side."""

    side: int  # of the square that it is given
    patch: int  # of one token in that square

    @property
    def per(self) -> int:
        """Tokens on a side."""
        return self.side // self.patch

    @property
    def tokens(self) -> int:
        return self.per**2

    @property
    def edges(self) -> Edges:
        """Between its tokens, in its pixels; those left over at the end are the last one's."""
        return np.array([*range(0, self.per * self.patch, self.patch), self.side], np.float64)


@attrs.frozen(eq=False)
class Layout:
    """
    Where the placeholders of one image lie: `tokens` of them in all, and of these the cells of
    the finest grid.
    """

    tokens: int  # placeholders in the prompt, newlines and all views included
    grid: Grid  # true cell edges, in pixels of the image given
    cells: Tokens  # rows x columns -> index among these placeholders
    shown: Size  # width and height of the image in the encoder's pixels, at their finest
    local: bool = False  # cells of local crops rather than of one global view
    sight: Box | None = None  # what the picture of the whole shows, padding and all; none: as given
    whole: int = 0  # which of the encoder's pictures that is


def squashed(size: Size, eye: Eye) -> Layout:
    """
    The whole image on one square, its sides scaled unequally (Gemma 3; InternVL's single tile).

    `eye.per` rows of as many tokens, from the top left.
    """
    xs, ys = (eye.edges * length / eye.side for length in size)
    return Layout(eye.tokens, *placed(size, xs, ys, _square(eye)), (eye.side, eye.side))


def padded_square(size: Size, eye: Eye, *, extra: int = 0) -> Layout:
    """
    The image in the middle of a square of its longer side (LLaVA 1.5 as trained).

    `eye.per` rows of as many tokens and *extra* after them: one newline in OneVision's prompts of
    several images. Cells that hold padding only have no place in the grid.
    """
    full = max(size)
    xs, ys = (eye.edges * full / eye.side - (full - length) // 2 for length in size)
    shown = -(-eye.side * size[0] // full), -(-eye.side * size[1] // full)
    cells = placed(size, xs, ys, _square(eye))
    return Layout(eye.tokens + extra, *cells, shown, sight=_between(xs, ys))


def centre_crop(size: Size, eye: Eye) -> Layout:
    """
    The middle square of the image (LLaVA 1.5 in transformers); the grid covers no more.

    `eye.per` rows of as many tokens. The shorter edge is scaled to `eye.side` beforehand.
    """
    scaled = int(eye.side * size[0] / min(size)), int(eye.side * size[1] / min(size))
    xs, ys = (
        (eye.edges + (now - eye.side) // 2) * length / now
        for length, now in zip(size, scaled, strict=True)
    )
    return Layout(eye.tokens, *placed(size, xs, ys, _square(eye)), scaled, sight=_between(xs, ys))


def native(size: Size, *, factor: int, min_pixels: int, max_pixels: int) -> Layout:
    """
    The image near its own size, in tokens of *factor* pixels on a side (Qwen2.5-VL, Qwen3-VL).

    Rows of tokens from the top left. *factor* is patch times merge, 28 or 32; the two bounds are
    the processor's `shortest_edge` and `longest_edge`. The image is `acceptable` beforehand.
    """
    sides = smart_resize(
        acceptable(size), factor=factor, min_pixels=min_pixels, max_pixels=max_pixels
    )
    columns, rows = (side // factor for side in sides)
    grid = Grid.even(rows, columns, Box(0, 0, *size))
    cells = np.arange(rows * columns, dtype=np.intp).reshape(rows, columns)
    return Layout(rows * columns, grid, cells, sides)


def acceptable(size: Size) -> Size:
    """The size to stretch an image to, so that a Qwen processor does not refuse it as too thin."""
    least = math.ceil(max(size) / MAX_RATIO)
    return max(size[0], least), max(size[1], least)


def smart_resize(size: Size, *, factor: int, min_pixels: int, max_pixels: int) -> Size:
    """
    The width and height, multiples of *factor*, that Qwen's processors scale an image to.

    Raises:
        GeometryError: One side is more than 200 times as long as the other.
    """
    if max(size) / min(size) > MAX_RATIO:
        raise GeometryError(
            f"An image of {size[0]} x {size[1]} pixels is too thin for this model; make its "
            f"shorter side at least {math.ceil(max(size) / MAX_RATIO)} pixels."
        )
    width, height = size
    near = round(width / factor) * factor, round(height / factor) * factor
    if near[0] * near[1] > max_pixels:
        scale = math.sqrt(height * width / max_pixels)
        fit = [max(factor, math.floor(side / scale / factor) * factor) for side in size]
    elif near[0] * near[1] < min_pixels:
        scale = math.sqrt(min_pixels / (height * width))
        fit = [math.ceil(side * scale / factor) * factor for side in size]
    else:
        return near
    return fit[0], fit[1]


def placed(size: Size, xs: Edges, ys: Edges, cells: Tokens) -> tuple[Grid, Tokens]:
    """Leave out cells that lie outside the image, and cut the others to it."""
    columns, across = _inside(xs, size[0])
    rows, down = _inside(ys, size[1])
    return Grid(across, down), cells[np.ix_(rows, columns)]


def _inside(edges: Edges, length: int) -> tuple[Tokens, tuple[float, ...]]:
    cut = edges.clip(0, length)
    inside = np.flatnonzero(np.diff(cut) > 1e-9 * length)  # less is a rounding error
    return inside, (*cut[inside].tolist(), float(cut[inside[-1] + 1]))


def _between(xs: Edges, ys: Edges) -> Box:
    """From the first edges to the last."""
    return Box(float(xs[0]), float(ys[0]), float(xs[-1]), float(ys[-1]))


def _square(eye: Eye) -> Tokens:
    return np.arange(eye.tokens, dtype=np.intp).reshape(eye.per, eye.per)
