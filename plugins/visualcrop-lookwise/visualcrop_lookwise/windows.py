"""From a map to boxes: windows over its cells, scored by their sums."""

from __future__ import annotations

from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box, Grid, RelevanceMap

RATIOS = (1, 1.2, 1.4, 1.6, 1.8, 2, 4, 6)  # sides of the windows, in least sides
Sums: TypeAlias = npt.NDArray[np.float64]


@attrs.frozen
class Window:
    """Some rows and columns of cells."""

    row: int
    column: int
    rows: int
    columns: int

    def box(self, grid: Grid) -> Box:
        """Its pixels."""
        return grid.cells(self.row, self.column, self.row + self.rows, self.column + self.columns)


def pick_box(relevance: RelevanceMap, image: Box, side: float) -> Box:
    """
    A square of one to six times *side* pixels of *image*, or all of it.

    Windows of eight sizes are placed where the map's sum is largest. The square has the size and
    centre of the window whose sum exceeds most, by the cell, those of the windows one cell beside
    it. A window that would cover the map is no choice; if the least one would, it is all of
    *image*.
    """
    best: tuple[float, float, Window] | None = None  # contrast, side, window
    for length in (side * ratio for ratio in RATIOS):
        rows, columns = count_cells(relevance.grid, length)
        if (rows, columns) == relevance.grid.shape:
            break  # so will all larger ones
        contrast, window = _best_window(sum_windows(relevance.scores, rows, columns), rows, columns)
        if best is None or contrast > best[0]:
            best = contrast, length, window
    if best is None:
        return image
    _, length, window = best
    return square_around(window.box(relevance.grid).centre, length, image)


def pick_boxes(
    relevance: RelevanceMap, image: Box, side: float, share: float, overlap: float
) -> list[Box]:
    """
    Windows of *side* pixels for things of which all are wanted, the highest sum first.

    Taken are those with at least *share* of the highest sum, unless their intersection over union
    with one before reaches *overlap*.
    """
    rows, columns = count_cells(relevance.grid, side)
    sums = sum_windows(relevance.scores, rows, columns)
    top = float(sums.max())
    order = np.argsort(-sums, axis=None, kind="stable")
    places = order[sums.ravel()[order] >= min(top, share * top)]  # a sum may be below 0
    taken: list[Box] = []
    edges = _edges_of_windows(relevance.grid, places, sums.shape[1], rows, columns)
    while len(edges):
        taken.append(Box(*edges[0].tolist()).clipped(image))
        edges = edges[1:][_intersection_over_union(edges[0], edges[1:]) < overlap]
    return taken


def count_cells(grid: Grid, side: float) -> tuple[int, int]:
    """Rows and columns of whole cells in a window of *side* pixels: one of each at least."""
    rows, columns = grid.shape
    high, wide = int(side / (grid.box.height / rows)), int(side / (grid.box.width / columns))
    return max(1, min(high, rows)), max(1, min(wide, columns))


def sum_windows(scores: npt.NDArray[np.float32], rows: int, columns: int) -> Sums:
    """The sum of every window of *rows* x *columns* cells, by its top left cell."""
    total = np.pad(scores.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    tall = total[rows:] - total[:-rows]
    sums: Sums = tall[:, columns:] - tall[:, :-columns]
    return sums


def square_around(centre: tuple[float, float], side: float, image: Box) -> Box:
    """A square shifted into *image*, and cut where it is larger than that."""
    (x, y), half = centre, side / 2
    left = max(image.left, min(x - half, image.right - side))
    top = max(image.top, min(y - half, image.bottom - side))
    return Box(left, top, left + side, top + side).clipped(image)


def _best_window(sums: Sums, rows: int, columns: int) -> tuple[float, Window]:
    """The window with the highest of *sums*, and by how much a cell it exceeds its neighbours."""
    column, row = (int(n) for n in divmod(sums.T.argmax(), sums.shape[0]))  # column by column
    beside = ((row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column))
    high, wide = sums.shape
    neighbours = [sums[at] for at in beside if 0 <= at[0] < high and 0 <= at[1] < wide]
    contrast = float(sums[row, column] - np.mean(neighbours)) / (rows * columns)
    return contrast, Window(row, column, rows, columns)


def _edges_of_windows(
    grid: Grid, places: npt.NDArray[np.intp], across: int, rows: int, columns: int
) -> npt.NDArray[np.float64]:
    """Left, top, right and bottom of windows, by their indices, *across* of them to a row."""
    top, left = np.divmod(places, across)
    xs, ys = np.array(grid.xs, np.float64), np.array(grid.ys, np.float64)
    return np.stack([xs[left], ys[top], xs[left + columns], ys[top + rows]], axis=1)


def _intersection_over_union(
    one: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Of one box with each of the others: N x 4 -> N."""
    corners = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    common = (corners[1] - corners[0]).clip(0).prod(1)
    areas = (others[:, 2:] - others[:, :2]).prod(1) + (one[2:] - one[:2]).prod()
    shares: npt.NDArray[np.float64] = common / (areas - common)
    return shares
