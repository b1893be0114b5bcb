"""Rectangles of whole grid cells, their means, and non-maximum suppression."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
import numpy.typing as npt

from ..values import Proposal, RelevanceMap, Scores


@attrs.frozen
class Region:
    """Cells of rows [top, bottom) and columns [left, right), with a score."""

    top: int
    left: int
    bottom: int
    right: int
    score: float = 0.0

    @classmethod
    def around(cls, row: int, column: int, size: int, shape: tuple[int, int]) -> Region:
        """*size* x *size* cells about one, shifted into the grid and no larger than it."""
        (top, bottom), (left, right) = (
            _place_interval(at, size, limit) for at, limit in zip((row, column), shape, strict=True)
        )
        return cls(top, left, bottom, right)


def _place_interval(at: int, size: int, limit: int) -> tuple[int, int]:
    size = min(size, limit)
    start = min(max(0, at - (size - 1) // 2), limit - size)
    return start, start + size


class Means:
    """Mean relevance of any region in four look-ups: a summed-area table."""

    def __init__(self, scores: Scores) -> None:
        sums = np.cumsum(np.cumsum(scores, axis=0, dtype=np.float64), axis=1)
        self._sums: npt.NDArray[np.float64] = np.pad(sums, ((1, 0), (1, 0)))

    def of(self, region: Region) -> float:
        """The mean over the cells of *region*."""
        top, left, bottom, right = region.top, region.left, region.bottom, region.right
        total = self._sums[bottom, right] - self._sums[top, right]
        total += self._sums[top, left] - self._sums[bottom, left]
        return float(total) / ((bottom - top) * (right - left))


def non_maximum_suppression(
    regions: Iterable[Region], relevance: RelevanceMap, overlap: float, limit: int | None = None
) -> tuple[Proposal, ...]:
    """Best first, without those that overlap a better one by more than *overlap* (IoU)."""
    ordered = sorted(regions, key=lambda r: -r.score)
    sides = np.array([(r.top, r.left, r.bottom, r.right) for r in ordered])
    is_candidate = np.ones(len(ordered), bool)
    kept: list[Proposal] = []
    for index, region in enumerate(ordered):
        if len(kept) == limit:
            break
        if is_candidate[index]:
            iou = _iou(sides[index], sides)
            is_candidate &= (iou <= overlap) & (iou < 1)
            box = relevance.grid.cells(region.top, region.left, region.bottom, region.right)
            kept.append(Proposal(box, region.score))
    return tuple(kept)


def _iou(one: npt.NDArray[np.intp], many: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Intersection over union of *one* (top, left, bottom, right) with each row of *many*."""
    spans = np.minimum(one[2:], many[:, 2:]) - np.maximum(one[:2], many[:, :2])
    common = spans.clip(0).prod(1)
    areas = (many[:, 2:] - many[:, :2]).prod(1)
    iou: npt.NDArray[np.float64] = common / (areas + (one[2:] - one[:2]).prod() - common)
    return iou
