"""Which pixels a node is shown with, and how those of several nodes are joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

from visualcrop import Box

MARGIN = 50  # boxes less than twice this apart are joined


def surroundings(
    xywh: tuple[float, float, float, float], size: tuple[int, int], side: int, scale: float = 1.0
) -> Box:
    """
    The rectangle to cut out for a node: *side* pixels wide and high at least, times *scale*.

    At the left and upper edge of the image it is shifted, at the right and lower edge cut.
    """
    x, y, width, height = xywh
    across = int(max(math.ceil(width), side) * scale)
    down = int(max(math.ceil(height), side) * scale)
    left = max(0, int(x + width / 2) - across // 2)
    top = max(0, int(y + height / 2) - down // 2)
    return Box(left, top, min(left + across, size[0]), min(top + down, size[1]))


def joined(boxes: Sequence[Box], margin: int = MARGIN) -> list[Box]:
    """Boxes that nearly touch become one, until none do."""
    before: list[Box] = []
    after = list(boxes)
    while len(after) != len(before):
        before, after = after, _paired(after, margin)
    return after


def union(boxes: Sequence[Box]) -> Box:
    """The smallest box over all."""
    return reduce(Box.around, boxes)


def grown(box: Box, by: float) -> Box:
    """The same box, larger on each side."""
    return Box(box.left - by, box.top - by, box.right + by, box.bottom + by)


def moved(box: Box, across: float, down: float) -> Box:
    """The same box, further to the right and further down."""
    return Box(box.left + across, box.top + down, box.right + across, box.bottom + down)


def _paired(boxes: Sequence[Box], margin: int) -> list[Box]:
    """Each box with the first that it nearly touches, if there is one; none is used twice."""
    left, pairs = list(boxes), []
    while left:
        box = left.pop(0)
        near = next((b for b in left if grown(b, margin).common(grown(box, margin))), None)
        if near is not None:
            left.remove(near)
        pairs.append(box if near is None else box.around(near))
    return pairs
