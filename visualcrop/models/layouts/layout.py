"""
Layouts of image tokens (placeholders), one function for each way in which processors cut images.

All is arithmetic on sizes: a *size* is the width and height in pixels of the image given. This
module has the layouts of images that are encoded once; `tiling` and `anyres` have those of images
that are cut into tiles.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from ...errors import GeometryError
from ...geometry import Box, Grid
from ..base import Tokens

if TYPE_CHECKING:
    from transformers import PretrainedConfig

Size: TypeAlias = tuple[int, int]  # width, height
Edges: TypeAlias = npt.NDArray[np.float64]  # rising, in pixels
MAX_RATIO = 200  # of the long side to the short one, in Qwen's processors


@attrs.frozen
class PatchGrid:
    """The square input of a vision encoder and its tokens, in pixels on a side."""

    side: int  # of the input
    patch: int  # of one token in the input

    @property
    def per_side(self) -> int:
        """Tokens on a side."""
        return self.side // self.patch

    @property
    def tokens(self) -> int:
        return self.per_side**2

    @property
    def edges(self) -> Edges:
        """Edges of its tokens, in its pixels; pixels left over at the end are the last token's."""
        return np.array([*range(0, self.per_side * self.patch, self.patch), self.side], np.float64)


def patch_grid(config: PretrainedConfig) -> PatchGrid:
    """The grid of a vision encoder that gives a token for each patch."""
    return PatchGrid(config.vision_config.image_size, config.vision_config.patch_size)


@attrs.frozen(eq=False)
class Layout:
    """The placeholders of one image: how many there are, and which are the cells of a grid."""

    tokens: int  # placeholders in the prompt, newlines and all views included
    grid: Grid  # true cell edges, in pixels of the image given
    cells: Tokens  # rows x columns -> index among these placeholders
    shown: Size  # width and height of the image in the encoder's pixels, at their finest
    local: bool = False  # cells of local crops rather than of one global view
    encoded_box: Box | None = None  # of the picture of the whole, with padding; none: the image
    whole: int = 0  # index of the picture of the whole among the encoder's pictures


def squashed_layout(size: Size, patches: PatchGrid) -> Layout:
    """
    The whole image on one square, its sides scaled unequally (Gemma 3; InternVL's single tile).

    `patches.per_side` rows of as many tokens, from the top left.
    """
    xs, ys = (patches.edges * length / patches.side for length in size)
    return Layout(
        patches.tokens, *clip_to_image(size, xs, ys, _square(patches)), (patches.side, patches.side)
    )


def padded_layout(size: Size, patches: PatchGrid, *, extra: int = 0) -> Layout:
    """
    The image in the middle of a square of its longer side (LLaVA 1.5 as trained).

    `patches.per_side` rows of as many tokens and *extra* after them: one newline in OneVision's
    prompts of several images. Cells of padding only are not in the grid.
    """
    full = max(size)
    xs, ys = (patches.edges * full / patches.side - (full - length) // 2 for length in size)
    shown = -(-patches.side * size[0] // full), -(-patches.side * size[1] // full)
    cells = clip_to_image(size, xs, ys, _square(patches))
    return Layout(patches.tokens + extra, *cells, shown, encoded_box=_box_between(xs, ys))


def cropped_layout(size: Size, patches: PatchGrid) -> Layout:
    """
    The middle square of the image (LLaVA 1.5 in transformers); the grid covers no more.

    `patches.per_side` rows of as many tokens. The shorter edge is scaled to `patches.side`
    beforehand.
    """
    scaled = int(patches.side * size[0] / min(size)), int(patches.side * size[1] / min(size))
    xs, ys = (
        (patches.edges + (now - patches.side) // 2) * length / now
        for length, now in zip(size, scaled, strict=True)
    )
    return Layout(
        patches.tokens,
        *clip_to_image(size, xs, ys, _square(patches)),
        scaled,
        encoded_box=_box_between(xs, ys),
    )


def native_layout(
    size: Size,
    *,
    factor: int,
    min_pixels: int,
    max_pixels: int,
    frames: int = 1,
    max_ratio: int = MAX_RATIO,
) -> Layout:
    """
    The image near its own size, in tokens of *factor* pixels on a side (Qwen's and GLM's).

    Rows of tokens from the top left. *factor* is patch times merge, 28 or 32; the two bounds are
    the processor's `shortest_edge` and `longest_edge`. Thin images go through `stretch_thin` first.
    GLM's processor enlarges images that are smaller than a token, and applies the bounds to
    *frames* copies of the image.
    """
    given = stretch_thin(size, max_ratio)
    if frames > 1 and min(given) < factor:
        scale = factor / min(given)
        given = int(given[0] * scale), int(given[1] * scale)
    bounds = {"min_pixels": min_pixels / frames, "max_pixels": max_pixels / frames}
    sides = smart_resize(given, factor=factor, **bounds)
    columns, rows = (side // factor for side in sides)
    grid = Grid.even(rows, columns, Box(0, 0, *size))
    cells = np.arange(rows * columns, dtype=np.intp).reshape(rows, columns)
    return Layout(rows * columns, grid, cells, sides)


def budgeted_layout(size: Size, *, factor: int, max_tokens: int) -> Layout:
    """
    The image in its own shape, scaled up or down to nearly *max_tokens* tokens (Gemma 4).

    Rows of tokens from the top left, of *factor* pixels on a side: patch times pooling, 48.
    """
    columns, rows = fit_tokens(size, factor=factor, max_tokens=max_tokens)
    grid = Grid.even(rows, columns, Box(0, 0, *size))
    cells = np.arange(rows * columns, dtype=np.intp).reshape(rows, columns)
    return Layout(rows * columns, grid, cells, (columns * factor, rows * factor))


def fit_tokens(size: Size, *, factor: int, max_tokens: int) -> Size:
    """Columns and rows of tokens of *factor* pixels, as Gemma 4's processor fits them."""
    width, height = size
    scale = math.sqrt(max_tokens * factor**2 / (height * width))
    columns, rows = (math.floor(scale * side / factor) for side in size)
    if not rows:
        return min(width // height, max_tokens), 1
    if not columns:
        return 1, min(height // width, max_tokens)
    return columns, rows


def fitted_layout(size: Size, *, factor: int, longest: int) -> Layout:
    """
    The image in its own shape, shrunk into a square of *longest* pixels (Mistral Small 3, Pixtral).

    Rows of tokens from the top left, of *factor* pixels on a side: patch times merge, 28 or 16.
    """
    ratio = max(side / longest for side in size)
    fit = [math.floor(side / ratio) for side in size] if ratio > 1 else size
    columns, rows = ((side - 1) // factor + 1 for side in fit)
    grid = Grid.even(rows, columns, Box(0, 0, *size))
    cells = np.arange(rows * columns, dtype=np.intp).reshape(rows, columns)
    return Layout(rows * columns, grid, cells, (columns * factor, rows * factor))


def stretch_thin(size: Size, max_ratio: int = MAX_RATIO) -> Size:
    """The size to stretch an image to, so that processors do not refuse it as too thin."""
    least = math.ceil(max(size) / max_ratio)
    return max(size[0], least), max(size[1], least)


def smart_resize(size: Size, *, factor: int, min_pixels: float, max_pixels: float) -> Size:
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
    return round_size(size, 0, factor=factor, min_pixels=min_pixels, max_pixels=max_pixels)


def round_size(
    size: Size, least: int, *, factor: int, min_pixels: float, max_pixels: float
) -> Size:
    """The width and height, multiples of *factor* nearest to *size*, within bounds of pixels."""
    near = [max(least, round(side / factor) * factor) for side in size]
    if math.prod(near) > max_pixels:
        scale = math.sqrt(math.prod(size) / max_pixels)
        near = [max(factor, math.floor(side / scale / factor) * factor) for side in size]
    elif math.prod(near) < min_pixels:
        scale = math.sqrt(min_pixels / math.prod(size))
        near = [math.ceil(side * scale / factor) * factor for side in size]
    return near[0], near[1]


def clip_to_image(size: Size, xs: Edges, ys: Edges, cells: Tokens) -> tuple[Grid, Tokens]:
    """Drop cells outside the image, and clip the others to it."""
    columns, across = _clip(xs, size[0])
    rows, down = _clip(ys, size[1])
    return Grid(across, down), cells[np.ix_(rows, columns)]


def _clip(edges: Edges, length: int) -> tuple[Tokens, tuple[float, ...]]:
    cut = edges.clip(0, length)
    inside = np.flatnonzero(np.diff(cut) > 1e-9 * length)  # less is a rounding error
    return inside, (*cut[inside].tolist(), float(cut[inside[-1] + 1]))


def _box_between(xs: Edges, ys: Edges) -> Box:
    """The box from the first edges to the last."""
    return Box(float(xs[0]), float(ys[0]), float(xs[-1]), float(ys[-1]))


def _square(patches: PatchGrid) -> Tokens:
    return np.arange(patches.tokens, dtype=np.intp).reshape(patches.per_side, patches.per_side)
