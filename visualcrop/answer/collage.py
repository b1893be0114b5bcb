"""Boxes of one image on a smaller canvas, in their old order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

import attrs
import PIL.Image

from ..geometry import Box
from ..image import Image

_PAPER = (127, 127, 127)
_RESAMPLING = PIL.Image.Resampling.BICUBIC


def merge_boxes(boxes: Sequence[Box]) -> list[Box]:
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


@attrs.frozen
class Collage:
    """Boxes of an image, each in a cell of its own, left-right and above-below as they lie."""

    boxes: tuple[Box, ...] = attrs.field(converter=tuple[Box, ...])
    cell: int  # pixels on a side, which each box fills one way

    @cached_property
    def places(self) -> tuple[Box, ...]:
        """Where on the canvas each box is shown."""
        where = arranged(self.boxes)
        sizes = [_fitted(box, self.cell) for box in self.boxes]
        lefts, tops = (
            _edges([(place[axis], size[axis]) for place, size in zip(where, sizes, strict=True)])
            for axis in (0, 1)
        )
        corners = [(lefts[column], tops[row]) for column, row in where]
        return tuple(
            Box(left, top, left + width, top + height)
            for (left, top), (width, height) in zip(corners, sizes, strict=True)
        )

    def of(self, image: Image) -> Image:
        """The canvas, with what *image* has there."""
        whole = Box.union(self.places)
        canvas = PIL.Image.new("RGB", whole.whole_pixels()[2:], _PAPER)
        for box, place in zip(self.boxes, self.places, strict=True):
            left, top, right, bottom = place.whole_pixels()
            crop = image.crop(box).resize((right - left, bottom - top), _RESAMPLING)
            canvas.paste(crop, (left, top))
        return Image(canvas)


def _fitted(box: Box, cell: int) -> tuple[int, int]:
    left, top, right, bottom = box.whole_pixels()
    scale = cell / max(right - left, bottom - top)
    return max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))


def _edges(placed: Sequence[tuple[int, int]]) -> list[int]:
    """Where each column or row starts: none is wider than its widest."""
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
