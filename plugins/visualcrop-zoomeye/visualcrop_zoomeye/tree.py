"""The image as a tree of its parts. Arithmetic in whole pixels; no model."""

from __future__ import annotations

from functools import cached_property, lru_cache
from itertools import accumulate, pairwise

import attrs

from visualcrop import Box

# Rows and columns of a node's children: of one twice as high as wide, of one in between.
_GRIDS = {2: ((2, 1), (2, 1)), 4: ((4, 1), (2, 2)), 9: ((4, 2), (3, 3)), 16: ((8, 2), (4, 4))}


@attrs.frozen(eq=False, slots=False)
class Node:
    """A part of the image, and what it is cut into."""

    left: int
    top: int
    width: int
    height: int
    stop: int  # a node smaller than this is not cut
    splits: int = 4
    depth: int = 0

    @classmethod
    def root(cls, size: tuple[int, int], stop: int, splits: int = 4) -> Node:
        """All of an image of *size*, width and height."""
        return cls(0, 0, *size, stop, splits)

    @property
    def box(self) -> Box:
        return Box(self.left, self.top, self.left + self.width, self.top + self.height)

    @property
    def xywh(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.width, self.height

    @cached_property
    def children(self) -> tuple[Node, ...]:
        """Row by row; the last row and column take what is left over. None if it is small."""
        if max(self.width, self.height) < self.stop:
            return ()
        rows, columns = grid(self.width, self.height, self.splits)
        return tuple(
            Node(self.left + x, self.top + y, w, h, self.stop, self.splits, self.depth + 1)
            for y, h in _cuts(self.height, rows)
            for x, w in _cuts(self.width, columns)
        )

    @property
    def levels(self) -> int:
        """How far down the tree goes below this node."""
        return _levels(self.width, self.height, self.stop, self.splits)


def grid(width: int, height: int, splits: int) -> tuple[int, int]:
    """Rows and columns for a node of that size; never more than it has pixels."""
    high, even = _GRIDS[splits]
    ratio = height / width
    if splits == 2:
        ratio = 2 if height > width else 0.5  # across the longer side
    rows, columns = high if ratio >= 2 else high[::-1] if ratio <= 0.5 else even
    return min(rows, height), min(columns, width)


def _cuts(length: int, parts: int) -> list[tuple[int, int]]:
    """Where each part starts, and how long it is."""
    stride = length // parts
    starts = [0, *accumulate([stride] * (parts - 1)), length]
    return [(start, stop - start) for start, stop in pairwise(starts)]


@lru_cache(maxsize=4096)
def _levels(width: int, height: int, stop: int, splits: int) -> int:
    if max(width, height) < stop:
        return 0
    rows, columns = grid(width, height, splits)
    sizes = {(w, h) for _, w in _cuts(width, columns) for _, h in _cuts(height, rows)}
    return 1 + max(_levels(w, h, stop, splits) for w, h in sizes)
