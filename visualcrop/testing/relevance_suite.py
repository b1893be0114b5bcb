"""What holds for every relevance source."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..geometry import Box
from ..interfaces import RelevanceSource
from ..values import View
from .bench import Bench
from .strategy_suite import StrategySuite

_SEEDS = range(5)


class RelevanceSourceSuite(StrategySuite):
    """Set `strategy` to a relevance source."""

    strategy: ClassVar[type[RelevanceSource]]

    def test_map_lies_over_the_view(self) -> None:
        """One finite score for each cell, in pixels of the original image, crops included."""
        bench = Bench.set_up()
        for box in (bench.scene.image.box, Box(300, 200, 900, 700)):
            found = self.strategy().map(View(bench.scene.image, box), bench.target, bench.model)
            assert found.grid.box == box
            assert np.isfinite(found.scores).all()

    def test_points_at_the_target(self) -> None:
        """The highest cell lies on the planted thing or next to it, in most scenes."""
        hits = 0
        for seed in _SEEDS:
            bench = Bench.set_up(seed)
            found = self.strategy().map(bench.whole, bench.target, bench.model)
            row, column = divmod(int(found.scores.argmax()), found.scores.shape[1])
            reach = 2 * found.grid.cell_side + bench.asked.boxes[0].width
            hits += found.grid.cell(row, column).distance(bench.asked.boxes[0]) <= reach
        assert hits > len(_SEEDS) / 2

    def test_same_question_same_map(self) -> None:
        """A map does not depend on what was asked before."""
        bench, other = Bench.set_up(), Bench.set_up()
        first = self.strategy().map(bench.whole, bench.target, bench.model)
        self.strategy().map(other.whole, other.finding.target, other.model)
        assert self.strategy().map(other.whole, other.target, other.model) == first

    def test_no_pass_is_off_the_books(self) -> None:
        """The model's own count agrees with the ledger, under the caller's stage."""
        bench = Bench.set_up()
        self.strategy().map(bench.whole, bench.target, bench.model)
        bench.check_books()
