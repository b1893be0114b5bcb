"""Layouts of images in adjacent tiles, and whole (Gemma 3, InternVL, Idefics3, Llama 4, ...)."""

from __future__ import annotations

import math

import attrs
import numpy as np

from ...geometry import Box, Grid
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


def grid_tiles_layout(size: Size, canvas: Size, tile: Size, *, whole: Size, first: bool) -> Layout:
    """
    Tiles of columns x rows of tokens on a *canvas* of columns x rows of tiles, the image squashed.

    The *whole* image, in a grid of its own, comes *first* or last; without tiles (a canvas of 0 x
    0) it is all there is. (LFM2-VL, MiniCPM-V)
    """
    of_whole = np.arange(math.prod(whole), dtype=np.intp).reshape(whole[1], whole[0])
    if not math.prod(canvas):
        grid = Grid.even(whole[1], whole[0], Box(0, 0, *size))
        return Layout(of_whole.size, grid, of_whole, whole)
    columns, rows = canvas[0] * tile[0], canvas[1] * tile[1]
    cells = np.arange(rows * columns, dtype=np.intp).reshape(canvas[1], canvas[0], tile[1], tile[0])
    joined = cells.transpose(0, 2, 1, 3).reshape(rows, columns) + (of_whole.size if first else 0)
    grid = Grid.even(rows, columns, Box(0, 0, *size))
    shown = (columns, rows)
    return Layout(
        cells.size + of_whole.size, grid, joined, shown, local=True, whole=0 if first else -1
    )


def pooled_canvas_layout(size: Size, canvas: Size, pooling: Size, *, before: int) -> Layout:
    """
    The image squashed to a *canvas* of columns x rows of patches, after the whole image (Molmo2).

    A token is for as many patches as *pooling* says, columns x rows; where they do not go into the
    canvas, the first and the last are of fewer. The whole image has the tokens *before* them.
    """
    columns, rows = (-(-n // m) for n, m in zip(canvas, pooling, strict=True))
    xs, ys = (
        (np.arange(tokens + 1.0) * pooled - (tokens * pooled - patches) // 2) * length / patches
        for tokens, pooled, patches, length in zip(
            (columns, rows), pooling, canvas, size, strict=True
        )
    )
    cells = before + np.arange(rows * columns, dtype=np.intp).reshape(rows, columns)
    grid, inside = clip_to_image(size, xs, ys, cells)
    return Layout(before + cells.size, grid, inside, canvas, local=True)


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


def get_covering_canvas(size: tuple[float, float], *, side: int, max_tiles: int) -> Size:
    """
    Columns and rows of tiles that enlarge the image least, or shrink it least (Command A Vision).

    The canvas need not keep the aspect ratio: the scale is that of the side that grows less.
    """
    shapes = sorted(_shapes(max_tiles), key=math.prod)
    scales = [min(c * side / size[0], r * side / size[1]) for c, r in shapes]
    enlarging = [scale if scale >= 1 else math.inf for scale in scales]
    best = scales.index(max(scales)) if max(scales) < 1 else enlarging.index(min(enlarging))
    return shapes[best]


def get_area_canvas(size: Size, *, side: int, max_tiles: int) -> Size:
    """
    Columns and rows of the fewest tiles that keep more than 90 % of the image's pixels (Ovis2).

    As transformers 5.23 has it, which takes the rows of the best grid for columns.
    """
    kept = {
        shape: _kept_share(size, shape, side) for shape in sorted(_shapes(max_tiles), key=math.prod)
    }
    enough = [shape for shape, share in kept.items() if share > 0.9]
    if enough:
        return min(enough, key=lambda shape: (math.prod(shape), -kept[shape]))
    return min(kept, key=lambda shape: (-kept[shape], math.prod(shape)))


def _kept_share(size: Size, shape: Size, side: int) -> float:
    """The share of the image's pixels that tiles of *shape*, rows x columns, do not shrink."""
    (width, height), (rows, columns) = size, shape
    across = [width // columns] * (columns - 1)
    down = [height // rows] * (rows - 1)
    total = 0.0
    for tall in (*down, height - sum(down)):
        for wide in (*across, width - sum(across)):
            longer, shorter = max(wide, tall), min(wide, tall)
            total += side * (shorter / longer * side) if longer > side else longer * shorter
    return total / (width * height)


def get_padded_canvas(
    size: Size, *, side: int, max_tiles: int, enlarge: bool = False
) -> tuple[Size, Size]:
    """
    Columns and rows of tiles, and the pixels of the image in their top left (Llama 4).

    The canvas is the smallest that does not shrink the image, or the one that shrinks it least.
    With *enlarge* it is the one that enlarges it most.
    """
    scales = {
        shape: min(
            np.float32(n * side) / np.float32(length) for n, length in zip(shape, size, strict=True)
        )
        for shape in _shapes(max_tiles)
    }
    enlarging = [scale for scale in scales.values() if scale >= 1]
    pick = max if enlarge or not enlarging else min
    scale = pick(enlarging or scales.values())
    canvas = min((s for s in scales if scales[s] == scale), key=math.prod)
    room = [
        n * side if enlarge else min(max(length, side), n * side)
        for n, length in zip(canvas, size, strict=True)
    ]
    return canvas, _fit_inside(size, (room[0], room[1]))


def _fit_inside(size: Size, room: Size) -> Size:
    """The largest size of the same aspect ratio in *room*, rounded down."""
    across, down = room[0] / size[0], room[1] / size[1]
    if across < down:
        return room[0], max(1, min(math.floor(size[1] * across), room[1]))
    return max(1, min(math.floor(size[0] * down), room[0])), room[1]


def _shapes(most: int) -> list[Size]:
    """Columns and rows of all canvases of at most so many tiles."""
    every = range(1, most + 1)
    return [(columns, rows) for columns in every for rows in every if columns * rows <= most]


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
