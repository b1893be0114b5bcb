"""One map from many: overlapping windows of the view on one joint grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box, BudgetedModel, Existence, Grid, RelevanceMap, Target, View, Vv
from visualcrop.plugin import RelevanceSource, at_least, between, option

from .scores import compare_with_mean, compare_with_median

_LEAST = 1e-6  # probability, so that odds are finite
_AUTO_BASES = 18  # pixels of a window's longer side, in those that the encoder sees at once


@attrs.frozen
class Windows(RelevanceSource):
    """
    Maps of overlapping windows on one grid. A pass for each window and target, at least.

    Windows have the shape of the view. Where they overlap, a cell has its highest score.
    Scores of different windows need not compare: `scale` says by what they are multiplied.
    A budget without passes for all windows gives the other source's map of the whole view: half a
    map would compare what was seen with what was not.
    """

    name = "windows"

    relevance: RelevanceSource = option(Vv(), help="source of each window's map")
    across: int | Literal["auto"] = option(
        "auto",
        help="windows on each side; auto: each is at most 18 of the encoder's squares wide",
        validator=at_least(1),
    )
    overlap: float = option(
        0.2, help="of neighbours, as a share of a window's side", validator=between(0, 0.9)
    )
    scale: Literal["raw", "robust", "existence"] = option(
        "robust",
        help="raw: none; robust: scores above the window's median, by their median distance from "
        "it; existence: scores above the mean, by the spread and by the odds that the window shows "
        "the target, a pass more for each map",
    )
    power: float = option(
        0.08,
        help="of the odds, with existence: 1 weighs windows by their odds, 0 not at all",
        validator=at_least(0),
    )

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        (found,) = self.maps(view, [target], model)
        return found

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """Window by window, all targets of one in one call; the view's map if passes are few."""
        across = self._count_across(view, model)
        boxes = cut_windows(view.box, across, self.overlap)
        each = len(targets) * (2 if self.scale == "existence" else 1)
        if across == 1 or model.affordable(len(boxes) * each) < len(boxes) * each:
            return self.relevance.maps(view, targets, model)
        seen = [self._map_window(View(view.image, box), targets, model) for box in boxes]
        return [join_maps(view.box, of_target) for of_target in zip(*seen, strict=True)]

    def _count_across(self, view: View, model: BudgetedModel) -> int:
        if self.across != "auto":
            return self.across
        longest = max(view.box.width, view.box.height) / (_AUTO_BASES * model.info.base)
        return max(1, math.ceil((longest - self.overlap) / (1 - self.overlap)))

    def _map_window(
        self, window: View, targets: Sequence[Target], model: BudgetedModel
    ) -> list[RelevanceMap]:
        """Maps of one window, in scores that compare with those of other windows."""
        found = [*self.relevance.maps(window, targets, model)]
        if self.scale == "raw":
            return found
        if self.scale == "robust":
            return [attrs.evolve(m, scores=compare_with_median(m.scores)) for m in found]
        weights = [self._weigh(window, target, model) for target in targets]
        return [
            attrs.evolve(m, scores=compare_with_mean(m.scores) * weight)
            for m, weight in zip(found, weights, strict=True)
        ]

    def _weigh(self, window: View, target: Target, model: BudgetedModel) -> float:
        (confidence,) = Existence().verify([window], target, model)
        present = min(max((confidence + 1) / 2, _LEAST), 1 - _LEAST)
        return float((present / (1 - present)) ** self.power)


def cut_windows(box: Box, across: int, overlap: float) -> list[Box]:
    """Windows of the box's shape, row by row, in whole pixels of the image but for its ends."""
    rows, columns = (
        _cut_side(start, stop, across, overlap)
        for start, stop in ((box.top, box.bottom), (box.left, box.right))
    )
    return [Box(left, top, right, bottom) for top, bottom in rows for left, right in columns]


def _cut_side(start: float, stop: float, across: int, overlap: float) -> list[tuple[float, float]]:
    side = (stop - start) / (across - (across - 1) * overlap)
    starts = [start + i * side * (1 - overlap) for i in range(across)]
    last = across - 1
    return [
        (start if i == 0 else math.floor(at), stop if i == last else math.ceil(at + side))
        for i, at in enumerate(starts)
    ]


def join_maps(box: Box, maps: Sequence[RelevanceMap]) -> RelevanceMap:
    """One map over *box*, in cells as large as the windows': the highest score that lies there."""
    rows, columns = maps[0].grid.shape
    window = maps[0].grid.box
    grid = Grid.even(
        max(1, round(box.height * rows / window.height)),
        max(1, round(box.width * columns / window.width)),
        box,
    )
    ys, xs = ((np.array(e[1:]) + e[:-1]) / 2 for e in (grid.ys, grid.xs))  # middles of cells
    joint = np.full(grid.shape, -np.inf)
    for found in maps:
        (to_row, row), (to_column, column) = (
            _find_cells(found.grid.ys, ys),
            _find_cells(found.grid.xs, xs),
        )
        inside = np.ix_(to_row, to_column)
        joint[inside] = np.maximum(joint[inside], found.scores[np.ix_(row, column)])
    return RelevanceMap(grid, joint, maps[0].base)


def _find_cells(
    edges: Sequence[float], middles: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which of *middles* lie between the edges, and in which cell each of those does."""
    cells = np.searchsorted(edges, middles, "right") - 1
    (which,) = np.nonzero((cells >= 0) & (cells < len(edges) - 1))
    return which, cells[which]
