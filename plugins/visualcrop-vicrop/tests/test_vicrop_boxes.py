"""The box that stands out most."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualcrop import Box, Grid, RelevanceMap
from visualcrop_vicrop.boxes import RATIOS, pick_box

_SIDES = st.integers(1, 9000)


def peaked(rows: int, columns: int, image: Box, row: int, column: int) -> RelevanceMap:
    """A flat map with one high cell."""
    scores = np.ones((rows, columns))
    scores[row, column] = 50
    return RelevanceMap(Grid.even(rows, columns, image), scores)


@settings(max_examples=200)
@given(_SIDES, _SIDES, st.integers(1, 40), st.integers(1, 40), st.randoms(use_true_random=False))
def test_box_lies_in_the_image(width: int, height: int, rows: int, columns: int, random) -> None:
    """It is never empty, and its sides are one of six, as far as the image allows."""
    image = Box(0, 0, width, height)
    scores = [[random.random() for _ in range(columns)] for _ in range(rows)]
    box = pick_box(RelevanceMap(Grid.even(rows, columns, image), np.array(scores)), image, 336)
    sides = {2 * (336 * ratio // 2) for ratio in RATIOS}

    assert image.contains(box)
    assert box == image or box.width in {*sides, width}
    assert box == image or box.height in {*sides, height}


def test_holds_the_peak() -> None:
    """The one high cell of a map is in the crop, wherever it is."""
    image = Box(0, 0, 4000, 3000)
    for row, column in ((0, 0), (23, 23), (5, 17), (12, 0)):
        relevance = peaked(24, 24, image, row, column)
        assert pick_box(relevance, image, 336).contains(relevance.grid.cell(row, column))


def test_cells_may_be_larger_than_the_crop() -> None:
    """Then the crop lies in the middle of the best cell, and for the authors in the corner."""
    image = Box(0, 0, 9600, 4800)
    relevance = peaked(12, 12, image, 6, 9)
    middle = relevance.grid.cell(6, 9).centre

    assert math.dist(pick_box(relevance, image, 336).centre, middle) < 1
    assert pick_box(relevance, image, 336, authors=True) == Box(0, 0, 336, 336)


def test_small_images_are_shown_whole() -> None:
    """Where the least window covers the map, so does the crop."""
    image = Box(0, 0, 200, 100)

    assert pick_box(peaked(24, 24, image, 3, 4), image, 336) == image


def test_uneven_cells_are_met_in_their_middle() -> None:
    """The crop follows the pixels under the window, not its place among the cells."""
    xs = (*range(0, 100, 10), *range(100, 1001, 100))
    scores = np.zeros((20, len(xs) - 1))
    scores[10, -3] = 1
    grid = Grid(xs, tuple(range(0, 1001, 50)))
    box = pick_box(RelevanceMap(grid, scores), Box(0, 0, 1000, 1000), 60)

    assert box.contains(Box(730, 515, 770, 535))


@pytest.mark.parametrize("column", range(5, 16))
def test_centres_are_cut_to_pixels_as_published(column: int) -> None:
    """
    A centre is `int(x * cell + cell * cells / 2)`, in that order of operations.

    In column 14 that is 749.9999999999999 where the middle of the window's edges is 750.
    """
    image, cell, cells = Box(0, 0, 1000, 1000), 1000 / 24, 8
    scores = np.zeros((24, 24))
    scores[8:16, column : column + cells] = 1
    relevance = RelevanceMap(Grid.even(24, 24, image), scores)
    middle = int(column * cell + cell * cells / 2)
    published = pick_box(relevance, image, 336, authors=True)
    assert (published.left, published.right) == (middle - 168, middle + 168)
    ours = pick_box(relevance, image, 336)
    assert ours.left - published.left == (1 if column == 14 else 0)
