"""Boxes grown around the highest cells of the map, as in the paper's algorithm; and their NMS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from ..interfaces import ProposalGenerator
from ..strategy.base import at_least, option
from ..values import Proposal, RelevanceMap, Scores

_DEFAULT_S_MAX = 5  # of the paper, where the encoder's resolution is not known


@attrs.frozen
class Anchors(ProposalGenerator):
    """Grow a box around each of the highest cells while it stays relevant. No pass."""

    name = "anchors"

    k: int = option(30, help="highest cells to start from", validator=at_least(1))
    s_min: int = option(3, help="cells on a side to start with", validator=at_least(1))
    s_max: int | Literal["auto"] = option(
        5,
        help="cells on a side at most; auto spans 1-2 times what the encoder sees at once",
        validator=at_least(1),
    )
    s_dist: float = option(
        2.0, help="least distance between two starts, in cells", validator=at_least(0)
    )
    threshold: float = option(
        0.5, help="stop growing when the mean falls below this part of the start's score"
    )
    nms: float = option(0.3, help="largest overlap (IoU) with a better box", validator=at_least(0))

    def __attrs_post_init__(self) -> None:
        if self.s_max != "auto" and self.s_max < self.s_min:
            raise ValueError(f"s_max must be at least s_min, {self.s_min}, not {self.s_max}")

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        means, largest = Means(relevance.scores), self._max_side(relevance)
        starts = pick_peaks(relevance.scores, self.k, self.s_dist)
        regions = (self._grow(cell, relevance.scores, means, largest) for cell in starts)
        return non_maximum_suppression(regions, relevance, self.nms)

    def _max_side(self, relevance: RelevanceMap) -> int:
        if self.s_max != "auto":
            return self.s_max
        if relevance.base is None:
            return max(self.s_min, _DEFAULT_S_MAX)
        return max(self.s_min, int(2 * relevance.base / relevance.grid.cell_side))

    def _grow(self, cell: tuple[int, int], scores: Scores, means: Means, largest: int) -> Region:
        score = float(scores[cell])
        region = Region.around(*cell, self.s_min, scores.shape)
        for size in range(self.s_min + 2, largest + 1, 2):
            wider = Region.around(*cell, size, scores.shape)
            if wider == region or means.of(wider) < self.threshold * score:
                break
            region = wider
        return attrs.evolve(region, score=score)


def pick_peaks(scores: Scores, count: int, distance: float) -> list[tuple[int, int]]:
    """(row, column) from the highest down, each *distance* cells or more from those before it."""
    left = scores.astype(np.float64)
    rows, columns = np.ogrid[: scores.shape[0], : scores.shape[1]]
    cells: list[tuple[int, int]] = []
    while len(cells) < count:
        row, column = divmod(int(left.argmax()), scores.shape[1])
        if left[row, column] == -np.inf:
            break
        cells.append((row, column))
        near = (rows - row) ** 2 + (columns - column) ** 2 < distance**2
        left[near] = -np.inf
        left[row, column] = -np.inf
    return cells


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
