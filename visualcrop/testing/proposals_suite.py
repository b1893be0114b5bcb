"""What holds for every proposal generator."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..geometry import Box, Grid
from ..interfaces import ProposalGenerator
from ..values import RelevanceMap
from .strategy_suite import StrategySuite

_SHAPES = ((1, 1), (1, 7), (5, 1), (3, 4), (24, 24), (61, 107))


def _maps() -> list[RelevanceMap]:
    rng = np.random.default_rng(0)
    found = []
    for rows, columns in _SHAPES:
        grid = Grid.even(rows, columns, Box(10, 20, 10 + 16 * columns, 20 + 16 * rows))
        flat = np.zeros((rows, columns))
        found += [
            RelevanceMap(grid, s) for s in (flat, flat + 0.5, flat - 1, rng.random(flat.shape))
        ]
    return found


class ProposalGeneratorSuite(StrategySuite):
    """Set `strategy` to a proposal generator."""

    strategy: ClassVar[type[ProposalGenerator]]

    def test_boxes_lie_in_the_map(self) -> None:
        """Every map, flat or of one cell, gives a box or more, all inside it."""
        for relevance in _maps():
            boxes = [proposal.box for proposal in self.strategy().propose(relevance)]
            assert boxes
            assert all(relevance.grid.box.contains(box) for box in boxes)

    def test_best_come_first_and_once(self) -> None:
        """Scores never rise down the list, and no box comes twice."""
        for relevance in _maps():
            proposals = self.strategy().propose(relevance)
            scores = [proposal.score for proposal in proposals]
            assert scores == sorted(scores, reverse=True)
            assert len({proposal.box for proposal in proposals}) == len(proposals)

    def test_covers_the_peak(self) -> None:
        """Some box holds the highest cell of a map with one peak."""
        for seed in range(20):
            rng = np.random.default_rng(seed)
            scores = rng.random((20, 30)) * 0.2
            row, column = int(rng.integers(20)), int(rng.integers(30))
            scores[row, column] = 5
            relevance = RelevanceMap(Grid.even(20, 30, Box(0, 0, 900, 600)), scores)
            peak = relevance.grid.cell(row, column)
            assert any(p.box.contains(peak) for p in self.strategy().propose(relevance))
