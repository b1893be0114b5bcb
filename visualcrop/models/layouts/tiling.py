"""Layouts of images in adjacent tiles, and whole (Gemma 3, InternVL, Idefics3, Llama 4, ...)."""

from __future__ import annotations

import math

import attrs
import numpy as np

from ...geometry import Box
from ..base import Tokens
from .layout import Edges, Layout, PatchGrid, Size, clip_to_image, squashed_layout

_MOST_PIXELS = 4096  # on the longer side, in Idefics3's processor


def pan_and_scan_layout(
    size: Size, patches: PatchGrid, *, min_crop: int, max_crops: int, min_ratio: float
) -> Layout:
    """
    The whole image, then crops in a line along its longer side, if it is long (Gemma 3).

    The grid joins the crops: `patches.per_side` rows for a wide image, as many columns for a tall
    one. Without crops it is that of the one view.
    """
    crops = count_crops(size, min_crop=min_crop, max_crops=max_crops, min_ratio=min_ratio)
    if not crops:
        return squashed_layout(size, patches)
    ends = np.arange(crops + 1.0) * math.ceil(max(size) / crops)
    ends[-1] = max(size)
    across = np.array([0.0, min(size)])
    xs, ys = (ends, across) if size[0] >= size[1] else (across, ends)
    return _join_tiles(size, (xs, ys), patches, before=patches.tokens)


def count_crops(size: Size, *, min_crop: int, max_crops: int, min_ratio: float) -> int:
    """The number of crops that Gemma 3 adds to the view of the whole image."""
    long, short = max(size), min(size)
    if long / short < min_ratio:
        return 0
    crops = min(max_crops, max(2, min(long // min_crop, math.floor(long / short + 0.5))))
    return crops if min(math.ceil(long / crops), short) >= min_crop else 0


def tiled_layout(size: Size, patches: PatchGrid, *, min_tiles: int, max_tiles: int) -> Layout:
    """
    Tiles row by row, and the whole image after them if they are several (InternVL).

    The grid joins the tiles: `patches.per_side` rows and columns for each.
    """
    canvas = get_optimal_tiled_canvas(
        size, side=patches.side, min_tiles=min_tiles, max_tiles=max_tiles
    )
    return squashed_tiles_layout(size, patches, canvas)


def squashed_tiles_layout(
    size: Size, patches: PatchGrid, canvas: Size, *, whole_first: bool = False
) -> Layout:
    """
    The image squashed to a *canvas* of columns x rows of tiles, and the whole image beside them.

    The whole image comes after the tiles, or with *whole_first* before them; a single tile is the
    whole image.
    """
    columns, rows = canvas
    xs, ys = np.linspace(0, size[0], columns + 1), np.linspace(0, size[1], rows + 1)
    whole = patches.tokens if columns * rows > 1 else 0
    before, after = (whole, 0) if whole_first else (0, whole)
    return _join_tiles(size, (xs, ys), patches, before=before, after=after)


def pasted_tiles_layout(size: Size, patches: PatchGrid, canvas: Size, pasted: Size) -> Layout:
    """
    The image, scaled to the pixels *pasted*, in the top left of a *canvas* of tiles (Llama 4).

    The whole image, squashed to one tile, comes after several tiles. Cells of padding only are not
    in the grid.
    """
    xs, ys = (
        np.arange(tiles + 1.0) * patches.side * length / now
        for tiles, length, now in zip(canvas, size, pasted, strict=True)
    )
    several = canvas[0] * canvas[1] > 1
    layout = _join_tiles(size, (xs, ys), patches, after=patches.tokens if several else 0)
    padded = None if several else Box(0.0, 0.0, float(xs[-1]), float(ys[-1]))
    return attrs.evolve(layout, shown=pasted, encoded_box=padded)


def get_split_canvas(size: Size, *, side: int, longest: int) -> Size:
    """
    Columns and rows of tiles of *side* pixels, for a longer side of *longest* pixels (Idefics3).

    The shorter side keeps the aspect ratio; both are rounded up to whole tiles.
    """
    width, height = _scale_longer(size, longest)
    scaled = (width, height + height % 2) if size[0] >= size[1] else (width + width % 2, height)
    scaled = max(scaled[0], 1), max(scaled[1], 1)
    if max(scaled) > _MOST_PIXELS:
        width, height = _scale_longer(scaled, _MOST_PIXELS)
        scaled = max(width, 1), max(height, 1)
    whole = _scale_longer(scaled, math.ceil(max(scaled) / side) * side)
    return math.ceil(whole[0] / side), math.ceil(whole[1] / side)


def _scale_longer(size: Size, longest: int) -> Size:
    """The size whose longer side is *longest*, rounded down as Idefics3's processor does."""
    ratio = size[0] / size[1]
    wide = size[0] >= size[1]
    return (longest, int(longest / ratio)) if wide else (int(longest * ratio), longest)


def get_optimal_tiled_canvas(
    size: Size, *, side: int, min_tiles: int, max_tiles: int
) -> tuple[int, int]:
    """
    Columns and rows of tiles whose aspect ratio is nearest to the image's.

    Of two equally near, the one with more tiles, if the image has more than half of their pixels.
    """
    width, height = size
    every = range(1, max_tiles + 1)
    shapes = [(c, r) for c in every for r in every if min_tiles <= c * r <= max_tiles]
    best, least = (1, 1), math.inf
    for columns, rows in sorted(shapes, key=math.prod):
        off = abs(width / height - columns / rows)
        roomy = width * height > 0.5 * side * side * columns * rows
        if off < least or (off == least and roomy):
            best, least = (columns, rows), off
    return best


def _join_tiles(
    size: Size, ends: tuple[Edges, Edges], patches: PatchGrid, *, before: int = 0, after: int = 0
) -> Layout:
    """Tiles between the *ends* on each axis, row by row, with tokens *before* and *after* them."""
    columns, rows = (len(side) - 1 for side in ends)
    tokens = rows * columns * patches.tokens
    cells = before + np.arange(tokens, dtype=np.intp).reshape(
        rows, columns, patches.per_side, patches.per_side
    )
    whole: Tokens = cells.transpose(0, 2, 1, 3).reshape(
        rows * patches.per_side, columns * patches.per_side
    )
    xs, ys = (_subdivide(side, patches) for side in ends)
    local = before + after > 0
    first = -1 if after else 0  # the picture of the whole: after the tiles, or before them
    grid, inside = clip_to_image(size, xs, ys, whole)
    shown = columns * patches.side, rows * patches.side
    return Layout(before + tokens + after, grid, inside, shown, local, whole=first)


def _subdivide(ends: Edges, patches: PatchGrid) -> Edges:
    inner = np.diff(ends)[:, None] * patches.edges[:-1] / patches.side  # tiles x tokens on a side
    return np.append((ends[:-1, None] + inner).ravel(), ends[-1])
