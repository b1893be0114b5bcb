"""The layout of an image on a canvas of tiles (LLaVA-NeXT, LLaVA-OneVision)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import attrs
import numpy as np

from .layout import Edges, Layout, PatchGrid, Size, clip_to_image, squashed_layout


def anyres_layout(
    size: Size,
    patches: PatchGrid,
    *,
    pinpoints: Iterable[Sequence[int]],
    reduced_to: int | None = None,
) -> Layout:
    """
    The whole image squashed, then a canvas of tiles without its padding.

    Placeholders: `patches.tokens` of the whole image, then each row of the canvas with a newline
    after it. If the image is so thin that the model takes all of the canvas for padding, the cells
    are those of the whole image.

    Pixels that the encoder leaves over at the end of a tile, 6 of 384 in OneVision, belong to the
    last cell before them, which is 20 of the canvas's pixels wide instead of 14. So cells are
    adjacent, and every pixel of the image is in one of them.

    Args:
        size: Width and height of the image, in pixels.
        patches: The grid of one tile.
        pinpoints: Heights and widths of the model's canvases, in pixels.
        reduced_to: The number in `anyres_max_9`: a canvas of many more tiles is shrunk to the
            tokens of so many.
    """
    canvas = select_best_resolution(size, pinpoints)
    padded = (
        canvas[0] // patches.side * patches.per_side,
        canvas[1] // patches.side * patches.per_side,
    )
    pads = _padding(size, padded)
    full = padded[0] - 2 * pads[0], padded[1] - 2 * pads[1]
    columns, rows = _shrink(full, None if reduced_to is None else reduced_to * patches.tokens)
    tokens = patches.tokens + rows * (columns + 1)
    if not rows * columns:
        return attrs.evolve(squashed_layout(size, patches), tokens=tokens)
    cuts = (_edges(*axis, patches) for axis in zip((columns, rows), full, pads, strict=True))
    xs, ys = (
        (edges - (room - now) // 2) * length / now
        for edges, length, room, now in zip(
            cuts, size, canvas, _pasted_size(size, canvas), strict=True
        )
    )
    cells = patches.tokens + np.arange(rows * (columns + 1), dtype=np.intp).reshape(
        rows, columns + 1
    )
    return Layout(
        tokens, *clip_to_image(size, xs, ys, cells[:, :-1]), _pasted_size(size, canvas), local=True
    )


def select_best_resolution(size: Size, pinpoints: Iterable[Sequence[int]]) -> Size:
    """Width and height of the canvas that keeps the most pixels of the image, then wastes least."""
    width, height = size

    def merit(canvas: Size) -> tuple[int, int]:
        scale = min(canvas[0] / width, canvas[1] / height)
        kept = min(int(width * scale) * int(height * scale), width * height)
        return kept, kept - canvas[0] * canvas[1]

    return max(((across, down) for down, across in pinpoints), key=merit)


def limit_pinpoints(
    pinpoints: Iterable[Sequence[int]], side: int, max_tiles: int | None
) -> list[Sequence[int]]:
    """The canvases of at most *max_tiles* tiles of *side* pixels."""
    most = math.inf if max_tiles is None else max_tiles
    return [canvas for canvas in pinpoints if math.prod(canvas) <= most * side**2]


def _pasted_size(size: Size, canvas: Size) -> Size:
    """Width and height of the image on the canvas, in pixels."""
    width, height = size
    across, down = canvas[0] / width, canvas[1] / height
    if across < down:
        return canvas[0], min(math.ceil(height * across), canvas[1])
    return min(math.ceil(width * down), canvas[0]), canvas[1]


def _padding(size: Size, padded: Size) -> Size:
    """Cells of padding that the model removes on each side: horizontally, vertically."""
    (width, height), (columns, rows) = size, padded
    if width / height > columns / rows:
        return 0, (rows - int(round(height * (columns / width), 7))) // 2
    return (columns - int(round(width * (rows / height), 7))) // 2, 0


def _shrink(full: Size, most: int | None) -> Size:
    """Columns and rows after a canvas of far more cells than *most* is shrunk."""
    ratio = 1.0 if most is None else math.sqrt(full[0] * full[1] / most)
    return (int(full[0] // ratio), int(full[1] // ratio)) if ratio > 1.1 else full


def _edges(count: int, full: int, pad: int, patches: PatchGrid) -> Edges:
    """
    Edges of *count* cells, to which *full* cells were shrunk, in pixels of the canvas.

    Computed in whole numbers, since pixels left over make the edges jump between tiles.
    """
    tile, rest = np.divmod(pad * count + np.arange(count + 1) * full, patches.per_side * count)
    edges: Edges = tile * patches.side + rest * patches.patch / count
    return edges
