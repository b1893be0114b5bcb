"""Boxes of one image on a smaller canvas, in their old order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import PIL.Image

from ..geometry import Box
from ..image import Image

_PAPER = (127, 127, 127)


def merged(boxes: Sequence[Box]) -> list[Box]:
    """Join boxes that overlap until none do."""
    joined: list[Box] = []
    for box in boxes:
        grown, apart = box, joined
        while touching := [other for other in apart if other.common(grown)]:
            apart = [other for other in apart if other not in touching]
            for other in touching:
                grown = grown.around(other)
        joined = [*apart, grown]
    return joined


def pasted(image: Image, boxes: Sequence[Box], cell: int) -> Image:
    """Each box resized into a cell of its own, to the right of all it was wholly right of."""
    places = arranged(boxes)
    crops = [_fitted(image.crop(box), cell) for box in boxes]
    lefts, tops = (
        _edges([(p[axis], c.size[axis]) for p, c in zip(places, crops, strict=True)])
        for axis in (0, 1)
    )
    canvas = PIL.Image.new("RGB", (lefts[-1], tops[-1]), _PAPER)
    for crop, (column, row) in zip(crops, places, strict=True):
        canvas.paste(crop, (lefts[column], tops[row]))
    return Image(canvas)


def _fitted(crop: PIL.Image.Image, cell: int) -> PIL.Image.Image:
    scale = cell / max(crop.size)
    size = max(1, round(crop.width * scale)), max(1, round(crop.height * scale))
    return crop.resize(size, PIL.Image.Resampling.BICUBIC)


def _edges(placed: Sequence[tuple[int, int]]) -> list[int]:
    """Where each column or row starts, and the last one ends: none is wider than its widest."""
    count = 1 + max(place for place, _ in placed)
    widest = [max(size for place, size in placed if place == index) for index in range(count)]
    return [0, *accumulate(widest)]


def arranged(boxes: Sequence[Box]) -> list[tuple[int, int]]:
    """Column and row of each box: as few as keep left-right and above-below."""
    columns = _ranks([(box.left, box.right) for box in boxes])
    rows = _ranks([(box.top, box.bottom) for box in boxes])
    places = list(zip(columns, rows, strict=True))
    if len(set(places)) == len(places):
        return places
    order = sorted(range(len(boxes)), key=lambda i: boxes[i].centre)  # overlapping: one each
    ranks = {index: rank for rank, index in enumerate(order)}
    return [(ranks[index], row) for index, row in enumerate(rows)]


def _ranks(spans: Sequence[tuple[float, float]]) -> list[int]:
    """One more than every span that ends before this one starts."""
    ranks = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        before = (ranks[i] for i, span in enumerate(spans) if span[1] <= spans[index][0])
        ranks[index] = max(before, default=-1) + 1
    return ranks
