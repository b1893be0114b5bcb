"""
The guided search of V*, without a model: best-first search over parts of an image.

The search looks at a part. If it does not find the target, it splits the part in four, and goes to
the part with the largest share of the heatmaps of the parts around it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from typing import Protocol

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box, Proposal, RelevanceMap

_Floats = npt.NDArray[np.float64]


@attrs.frozen
class Detections:
    """The result of one look at a part: boxes with scores from 0 to 1, the target's heatmap."""

    boxes: tuple[Proposal, ...]
    heatmap: RelevanceMap


class PartLocator(Protocol):
    """Answers the search's questions about a part of the image."""

    def detect(self, box: Box) -> Detections:
        """Boxes and heatmap of the target."""

    def describe(self, box: Box) -> str:
        """A phrase for the place where the target is most likely to be."""

    def map_place(self, box: Box, place: str) -> RelevanceMap:
        """The heatmap of a place, as `describe` names it."""


@attrs.frozen(eq=False)
class SummedAreaTable:
    """A heatmap scaled to 0 to 1, integrated from the top left: any box's sum in 4 look-ups."""

    xs: _Floats  # edges of the grid's columns, in pixels of the image
    ys: _Floats  # edges of its rows
    sums: _Floats  # integral up to each corner of the grid, (rows + 1) x (columns + 1)

    @classmethod
    def of(cls, heatmap: RelevanceMap) -> SummedAreaTable:
        """Integrate *heatmap*; a constant one becomes 0 everywhere."""
        xs, ys = np.array(heatmap.grid.xs), np.array(heatmap.grid.ys)
        low, high = float(heatmap.scores.min()), float(heatmap.scores.max())
        sums = np.zeros((len(ys), len(xs)))
        if high > low:
            widths = np.diff(xs) / (high - low)
            for row, height in enumerate(np.diff(ys)):  # by row: a part may have millions of cells
                added = np.cumsum((heatmap.scores[row] - np.float64(low)) * widths)
                sums[row + 1, 1:] = sums[row, 1:] + added * height
        return cls(xs, ys, sums)

    def fraction(self, box: Box) -> float:
        """The fraction of the whole sum that lies in *box*, from 0 to 1."""
        total = float(self.sums[-1, -1])
        rows = self._sums_above(box.bottom) - self._sums_above(box.top)
        inside = self._interpolate(rows, box.right) - self._interpolate(rows, box.left)
        return inside / total if total > 0 else 0.0

    def _sums_above(self, y: float) -> _Floats:
        """The integrals above *y* and left of each edge of the grid's columns."""
        row, part = _find_cell(self.ys, y)
        above: _Floats = self.sums[row] * (1 - part) + self.sums[row + 1] * part
        return above

    def _interpolate(self, sums: _Floats, x: float) -> float:
        column, part = _find_cell(self.xs, x)
        return float(sums[column] * (1 - part) + sums[column + 1] * part)


def _find_cell(edges: _Floats, at: float) -> tuple[int, float]:
    """The index of the cell that a coordinate lies in, and its place in the cell from 0 to 1."""
    cell = min(max(int(np.searchsorted(edges, at, "right")) - 1, 0), len(edges) - 2)
    part = (at - edges[cell]) / (edges[cell + 1] - edges[cell])
    return cell, min(max(float(part), 0.0), 1.0)


@attrs.frozen
class SearchThresholds:
    """When a target counts as found, when its heatmap is trusted, and which parts are split."""

    high: float = 0.5  # score above which the target is found
    cue: float = 6.0  # least peak at which the target's heatmap is trusted, for the whole image
    decay: float = 0.7  # factor on `cue` for each level
    cue_minimum: float = 3.0  # lower bound of `cue` times `decay`
    smallest: float = 224  # pixels: a part whose shorter side is no longer is not split

    def is_clear(self, heatmap: RelevanceMap, level: int) -> bool:
        """Whether the target's own heatmap is clear enough to guide the search."""
        least = max(self.cue_minimum, self.cue * self.decay ** (level - 1))
        return bool(heatmap.scores.max() > least)


@attrs.frozen
class Part:
    """A part of the image, and the heatmaps of the parts that it was split from, largest first."""

    box: Box
    ancestors: tuple[SummedAreaTable, ...] = attrs.field(default=(), repr=False)

    @property
    def level(self) -> int:
        """1 for the whole image."""
        return len(self.ancestors) + 1

    @property
    def priority(self) -> float:
        """The fraction of each ancestor's heatmap in this part, divided by 4^level, summed up."""
        fractions = (
            table.fraction(self.box) / 4**level for level, table in enumerate(self.ancestors, 1)
        )
        return math.fsum(fractions)


@attrs.frozen
class Visit:
    """A part that was looked at, with its detections."""

    part: Part
    detections: Detections

    @property
    def best(self) -> Proposal:
        """The box with the highest score; without one, the part itself at score 0."""
        whole = Proposal(self.part.box, 0.0)
        return max(self.detections.boxes, key=lambda proposal: proposal.score, default=whole)


def search_parts(image: Box, locator: PartLocator, thresholds: SearchThresholds) -> Iterator[Visit]:
    """Look at part after part until one shows the target, or none is left."""
    queue = [(0.0, 0, Part(image))]
    order = count(1)  # parts of equal priority in the order in which they were split off
    while queue:
        _, _, part = heapq.heappop(queue)
        visit = Visit(part, locator.detect(part.box))
        yield visit
        if visit.best.score > thresholds.high:
            return
        if min(part.box.width, part.box.height) > thresholds.smallest:
            ancestors = (*part.ancestors, _choose_heatmap(visit, locator, thresholds))
            for box in split_in_four(part.box):
                child = Part(box, ancestors)
                heapq.heappush(queue, (-child.priority, next(order), child))


def _choose_heatmap(
    visit: Visit, locator: PartLocator, thresholds: SearchThresholds
) -> SummedAreaTable:
    """The target's heatmap if it is clear, else that of the place where the target is likely."""
    heatmap, box = visit.detections.heatmap, visit.part.box
    if not thresholds.is_clear(heatmap, visit.part.level):
        heatmap = locator.map_place(box, locator.describe(box))
    return SummedAreaTable.of(heatmap)


def split_in_four(box: Box) -> list[Box]:
    """2 x 2 parts, or 4 along a side twice as long; the last ones take the remaining pixels."""
    columns, rows = (1, 4) if box.height >= 2 * box.width else (2, 2)
    columns, rows = (4, 1) if 2 * box.height <= box.width else (columns, rows)
    width, height = box.width // columns, box.height // rows
    xs = [*(box.left + i * width for i in range(columns)), box.right]
    ys = [*(box.top + i * height for i in range(rows)), box.bottom]
    return [
        Box(left, top, right, bottom)
        for top, bottom in pairwise(ys)
        for left, right in pairwise(xs)
    ]


def select_boxes(
    visits: Sequence[Visit], thresholds: SearchThresholds, overlap: float = 1.0
) -> tuple[Proposal, ...]:
    """
    The box with the highest score of all visits.

    If the first visit, of the whole image, found the target: all of its boxes whose scores are high
    enough, without those whose IoU with a better one is above *overlap*.
    """
    if not visits:
        return ()
    best = max((visit.best for visit in visits), key=lambda proposal: proposal.score)
    if len(visits) > 1 or best.score <= thresholds.high:
        return (best,)
    high = [p for p in visits[0].detections.boxes if p.score > thresholds.high]
    kept: list[Proposal] = []
    for proposal in sorted(high, key=lambda p: -p.score):
        if all(proposal.box.overlap(other.box) <= overlap for other in kept):
            kept.append(proposal)
    return tuple(kept)
