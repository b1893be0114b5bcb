"""Windows on one grid keep the contract, cover the view, and cost what they say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import zscore

from visualcrop import Box, Existence, Grid, RelevanceMap, Target, View, VisualSearch, Vv
from visualcrop.testing import RelevanceSourceSuite
from visualcrop.testing.bench import Bench
from visualcrop_maps import Windows
from visualcrop_maps.windows import cut_windows, join_maps
from visualcrop_tiny.shapes import Shapes


class TestWindows(RelevanceSourceSuite):
    """As by default: one window on the toy's scene."""

    strategy = Windows


class TestCut:
    """The windows of a view."""

    @pytest.mark.parametrize("across", [1, 2, 3, 5])
    @pytest.mark.parametrize("overlap", [0, 0.2, 0.5])
    def test_cover_the_view_and_overlap(self, across, overlap) -> None:
        """From edge to edge; neighbours share the part of a side that was asked for."""
        view = Box(100, 50, 1700, 1250)
        boxes = cut_windows(view, across, overlap)
        assert len(boxes) == across**2
        assert (boxes[0].left, boxes[0].top) == (100, 50)
        assert (boxes[-1].right, boxes[-1].bottom) == (1700, 1250)
        assert all(view.contains(box) for box in boxes)
        for one, other in pairwise(boxes[:across]):
            assert one.right - other.left == pytest.approx(overlap * one.width, abs=3)


class TestJoin:
    """Maps of windows on one grid."""

    def test_highest_score_wins_at_its_place(self) -> None:
        """Each cell of the joint grid holds the best of the windows that lie there."""
        left = RelevanceMap(Grid.even(2, 2, Box(0, 0, 20, 20)), [[1, 5], [1, 1]])
        right = RelevanceMap(Grid.even(2, 2, Box(10, 0, 30, 20)), [[3, 4], [2, 2]])
        joint = join_maps(Box(0, 0, 30, 20), [left, right])
        assert joint.scores.tolist() == [[1, 5, 4], [1, 2, 2]]
        assert joint.grid == Grid.even(2, 3, Box(0, 0, 30, 20))


class TestPasses:
    """What is charged."""

    @pytest.mark.parametrize(("scale", "each"), [("raw", 2), ("robust", 2), ("existence", 4)])
    def test_are_those_of_each_window(self, scale, each) -> None:
        """Two targets in four windows: maps, and what scales them."""
        bench = Bench.set_up()
        targets = [bench.target, Target("lamp")]
        found = [*Windows(across=2, scale=scale).maps(bench.whole, targets, bench.model)]
        assert [m.grid.box for m in found] == [bench.scene.image.box] * 2
        assert bench.ledger.passes == 4 * each
        bench.check_charges()

    def test_without_enough_of_them_the_whole_view_is_mapped(self) -> None:
        """One pass short, nothing is spent on windows."""
        bench, free = Bench.set_up(passes=7), Bench.set_up()
        found = Windows(across=2, scale="existence").map(bench.whole, bench.target, bench.model)
        assert found == Vv().map(free.whole, free.target, free.model)
        assert bench.ledger.passes == 1

    def test_auto_counts_windows_by_the_encoder(self) -> None:
        """Of `tiny-shapes`, whose encoder sees 112 pixels: one up to 2016, five on a side at 8K."""
        info = VisualSearch.open("tiny-shapes").model
        bench = Bench.set_up()
        tiny = type(bench.model)(info, bench.ledger, "relevance")
        image = next(iter(Shapes(split="dev", size="8k", count=1))).source.open()
        counts = [
            Windows()._count_across(View(image, Box(0, 0, side, 1000)), tiny)
            for side in (1000, 2016, 2017, 8192)
        ]
        assert counts == [1, 1, 2, 5]


@pytest.mark.parametrize("power", [0.0, 0.08, 1.0])
def test_existence_weighs_windows_by_their_odds(power) -> None:
    """Joined z-scores of each window's map, times its odds to the power, asked one by one."""
    bench, hand = Bench.set_up(), Bench.set_up()
    windows = Windows(across=2, scale="existence", power=power)
    found = windows.map(bench.whole, bench.target, bench.model)
    weighed = []
    for box in cut_windows(hand.whole.box, 2, 0.2):
        window = View(hand.scene.image, box)
        mapped = Vv().map(window, hand.target, hand.model)
        (confidence,) = Existence().verify([window], hand.target, hand.model)
        present = np.clip((confidence + 1) / 2, 1e-6, 1 - 1e-6)
        scores = zscore(mapped.scores.astype(float), axis=None).clip(0)
        odds = (present / (1 - present)) ** power
        weighed.append(RelevanceMap(mapped.grid, scores * odds, mapped.base))
    assert np.allclose(found.scores, join_maps(hand.whole.box, weighed).scores, rtol=1e-4)


def test_windows_point_where_the_thing_is() -> None:
    """With four windows on toy scenes, the highest cell is near the thing in most."""
    hits = 0
    for seed in range(5):
        bench = Bench.set_up(seed)
        found = Windows(across=2, scale="existence").map(bench.whole, bench.target, bench.model)
        row, column = np.unravel_index(found.scores.argmax(), found.scores.shape)
        reach = 2 * found.grid.cell_side + bench.asked.boxes[0].width
        hits += found.grid.cell(int(row), int(column)).distance(bench.asked.boxes[0]) <= reach
    assert hits >= 3
