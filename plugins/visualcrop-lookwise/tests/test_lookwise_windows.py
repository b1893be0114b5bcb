"""Windows over a map, against loops that look at every one."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualcrop import Box, Grid, RelevanceMap
from visualcrop_lookwise.windows import (
    RATIOS,
    count_cells,
    pick_box,
    pick_boxes,
    square_around,
    sum_windows,
)

IMAGE = Box(0, 0, 3000, 2000)


def random_map(seed: int, rows: int = 12, columns: int = 18, image: Box = IMAGE) -> RelevanceMap:
    """A map of positive scores, as attention has them."""
    scores = np.random.default_rng(seed).random((rows, columns)) ** 6
    return RelevanceMap(Grid.even(rows, columns, image), scores)


def in_loops(relevance: RelevanceMap, side: float) -> Box:
    """The published rule: of each size the best window, and of these the one that stands out."""
    scores, (rows, columns) = relevance.scores.astype(float), relevance.grid.shape
    found: list[tuple[float, float, tuple[float, float]]] = []
    for length in (side * ratio for ratio in RATIOS):
        high, wide = count_cells(relevance.grid, length)
        if (high, wide) == (rows, columns):
            continue
        sums = {
            (x, y): scores[y : y + high, x : x + wide].sum()
            for x in range(columns - wide + 1)
            for y in range(rows - high + 1)
        }
        x, y = max(sums, key=lambda at: sums[at])
        beside = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
        mean = np.mean([sums[at] for at in beside if at in sums])
        centre = relevance.grid.cells(y, x, y + high, x + wide).centre
        found.append(((sums[x, y] - mean) / (high * wide), length, centre))
    _, length, centre = max(found, key=lambda each: each[0])
    return square_around(centre, length, relevance.grid.box)


@pytest.mark.parametrize("seed", range(20))
def test_an_integral_image_sums_every_window(seed: int) -> None:
    """As slices do."""
    scores = random_map(seed).scores
    high, wide = 1 + seed % 12, 1 + seed % 18
    sums = sum_windows(scores, high, wide)
    for row, column in itertools.product(range(13 - high), range(19 - wide)):
        part = scores[row : row + high, column : column + wide].astype(float)
        assert sums[row, column] == pytest.approx(part.sum())


@pytest.mark.parametrize("side", [120, 300, 448, 900])
def test_the_box_is_that_of_all_windows_in_loops(side: int) -> None:
    """On ten maps, for windows below one cell and up to half of the image."""
    for seed in range(10):
        found, wanted = pick_box(random_map(seed), IMAGE, side), in_loops(random_map(seed), side)
        assert [*map(float, (found.left, found.top, found.right, found.bottom))] == pytest.approx(
            [wanted.left, wanted.top, wanted.right, wanted.bottom]
        )


def test_where_the_least_window_covers_the_map_the_box_is_the_image() -> None:
    """Nothing stands out from itself."""
    image = Box(0, 0, 400, 300)
    assert pick_box(random_map(0, image=image), image, 448) == image


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.integers(1, 2000),
    st.integers(0, 99),
)
def test_boxes_lie_in_the_image(
    size: tuple[int, int], shape: tuple[int, int], side: int, seed: int
) -> None:
    """Whatever the sizes, and whatever the signs of the scores."""
    image, (rows, columns) = Box(0, 0, *size), shape
    scores = np.random.default_rng(seed).standard_normal((rows, columns))
    relevance = RelevanceMap(Grid.even(rows, columns, image), scores)
    boxes = [
        pick_box(relevance, image, side),
        *pick_boxes(relevance, image, side, share=0.7, overlap=0.2),
    ]
    assert len(boxes) >= 2
    assert all(image.contains(box) for box in boxes)


def suppressed_in_loops(relevance: RelevanceMap, side: float, share: float, most: float) -> Any:
    """Non-maximum suppression as it is written everywhere: pair by pair."""
    high, wide = count_cells(relevance.grid, side)
    rows, columns = relevance.grid.shape
    scored = [
        (
            float(relevance.scores[y : y + high, x : x + wide].astype(float).sum()),
            relevance.grid.cells(y, x, y + high, x + wide),
        )
        for y in range(rows - high + 1)
        for x in range(columns - wide + 1)
    ]
    top = max(score for score, _ in scored)
    kept: list[Box] = []
    for _, box in sorted((s for s in scored if s[0] >= share * top), key=lambda s: -s[0]):
        if all(_overlap(box, other) < most for other in kept):
            kept.append(box)
    return kept


def _overlap(one: Box, other: Box) -> float:
    common = one.common(other)
    shared = common.width * common.height if common else 0.0
    return shared / (one.width * one.height + other.width * other.height - shared)


@pytest.mark.parametrize("seed", range(10))
def test_all_instances_are_those_of_suppression_in_loops(seed: int) -> None:
    """The same boxes in the same order, for several shares and overlaps."""
    for share, most in ((0.7, 0.2), (0.4, 0.5), (0.9, 0.01)):
        found = pick_boxes(random_map(seed), IMAGE, 448, share, most)
        assert found == suppressed_in_loops(random_map(seed), 448, share, most)


def test_two_spots_are_two_boxes() -> None:
    """A third that is much weaker is none."""
    scores = np.zeros((20, 30))
    scores[3, 4], scores[15, 25], scores[4, 24] = 1, 0.9, 0.3
    relevance = RelevanceMap(Grid.even(20, 30, IMAGE), scores)
    spots = [relevance.grid.cell(3, 4), relevance.grid.cell(15, 25)]
    boxes = pick_boxes(relevance, IMAGE, 100, share=0.7, overlap=0.2)
    assert [[box.contains(spot) for spot in spots] for box in boxes] == [
        [True, False],
        [False, True],
    ]
