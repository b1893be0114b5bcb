"""Boxes of one image pasted on a smaller canvas, their order kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import attrs
import PIL.Image

from ..geometry import Box
from ..image import Image
from ..strategy.base import between, option

_BACKGROUND = (127, 127, 127)
_RESAMPLING = PIL.Image.Resampling.BICUBIC


def cell_option() -> Any:
    """The option `cell`, as every composer with a canvas has it."""
    return option(336, help="pixels on a side of a canvas's cell", validator=between(8, 4096))


def merge_boxes(boxes: Sequence[Box]) -> list[Box]:
    """Merge boxes that overlap until none do."""
    merged: list[Box] = []
    for box in boxes:
        union, apart = box, merged
        while overlapping := [other for other in apart if other.common(union)]:
            apart = [other for other in apart if other not in overlapping]
            union = Box.union([union, *overlapping])
        merged = [*apart, union]
    return merged


@attrs.frozen
class Collage:
    """Boxes of an image, each in a cell of its own, left-right and above-below as they lie."""

    boxes: tuple[Box, ...] = attrs.field(converter=tuple[Box, ...])
    cell: int  # pixels on a side, which each box fills one way

    @cached_property
    def places(self) -> tuple[Box, ...]:
        """Where on the canvas each box is pasted, in pixels of the canvas."""
        where = arrange_boxes(self.boxes)
        sizes = [_fit_size(box, self.cell) for box in self.boxes]
        lefts, tops = (
            _find_starts(
                [(place[axis], size[axis]) for place, size in zip(where, sizes, strict=True)]
            )
            for axis in (0, 1)
        )
        corners = [(lefts[column], tops[row]) for column, row in where]
        return tuple(
            Box(left, top, left + width, top + height)
            for (left, top), (width, height) in zip(corners, sizes, strict=True)
        )

    def of(self, image: Image) -> Image:
        """The canvas, with the boxes cut out of *image*."""
        whole = Box.union(self.places)
        canvas = PIL.Image.new("RGB", whole.whole_pixels()[2:], _BACKGROUND)
        for box, place in zip(self.boxes, self.places, strict=True):
            left, top, right, bottom = place.whole_pixels()
            crop = image.crop(box).resize((right - left, bottom - top), _RESAMPLING)
            canvas.paste(crop, (left, top))
        return Image(canvas)


def _fit_size(box: Box, cell: int) -> tuple[int, int]:
    """Width and height of *box* scaled so that the longer one is *cell*."""
    left, top, right, bottom = box.whole_pixels()
    scale = cell / max(right - left, bottom - top)
    return max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))


def _find_starts(placed: Sequence[tuple[int, int]]) -> list[int]:
    """Pixel at which each column or row starts: as wide as its widest member."""
    count = 1 + max(place for place, _ in placed)
    widest = [max(size for place, size in placed if place == index) for index in range(count)]
    return [0, *accumulate(widest)]


def arrange_boxes(boxes: Sequence[Box]) -> list[tuple[int, int]]:
    """(column, row) of each box: as few as keep left-right and above-below."""
    columns = _rank_spans([(box.left, box.right) for box in boxes])
    rows = _rank_spans([(box.top, box.bottom) for box in boxes])
    places = list(zip(columns, rows, strict=True))
    if len(set(places)) == len(places):
        return places
    order = sorted(range(len(boxes)), key=lambda i: boxes[i].centre)  # overlapping: one each
    ranks = {index: rank for rank, index in enumerate(order)}
    return [(ranks[index], row) for index, row in enumerate(rows)]


def _rank_spans(spans: Sequence[tuple[float, float]]) -> list[int]:
    """The rank of each span: one more than the highest of those that end before it starts."""
    ranks = [0] * len(spans)
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        before = (ranks[i] for i, span in enumerate(spans) if span[1] <= spans[index][0])
        ranks[index] = max(before, default=-1) + 1
    return ranks
