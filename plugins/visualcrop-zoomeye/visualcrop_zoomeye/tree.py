"""The image as a tree of its parts. Arithmetic in whole pixels; no model."""

from __future__ import annotations

from functools import cached_property, lru_cache

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
        """Left, top, width and height, in pixels of the image."""
        return self.left, self.top, self.width, self.height

    @cached_property
    def children(self) -> tuple[Node, ...]:
        """Row by row; the last row and column take what is left over. None if it is small."""
        if max(self.width, self.height) < self.stop:
            return ()
        rows, columns = grid_shape(self.width, self.height, self.splits)
        return tuple(
            Node(left, top, right - left, bottom - top, self.stop, self.splits, self.depth + 1)
            for left, top, right, bottom in map(Box.whole_pixels, self.box.tiles(rows, columns))
        )

    @property
    def levels(self) -> int:
        """Levels of the tree below this node."""
        return _count_levels(self.width, self.height, self.stop, self.splits)


def grid_shape(width: int, height: int, splits: int) -> tuple[int, int]:
    """Rows and columns of the children of a node of that size; never more than it has pixels."""
    high, even = _GRIDS[splits]
    ratio = height / width
    if splits == 2:
        ratio = 2 if height > width else 0.5  # across the longer side
    rows, columns = high if ratio >= 2 else high[::-1] if ratio <= 0.5 else even
    return min(rows, height), min(columns, width)


@lru_cache(maxsize=4096)
def _count_levels(width: int, height: int, stop: int, splits: int) -> int:
    if max(width, height) < stop:
        return 0
    root = Node(0, 0, width, height, stop, splits)
    sizes = {(child.width, child.height) for child in root.children}
    return 1 + max(_count_levels(*size, stop, splits) for size in sizes)
