"""From a map to one box: the window that exceeds its neighbours most."""

from __future__ import annotations

from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box, Grid, RelevanceMap

RATIOS = (1, 1.2, 1.4, 1.6, 1.8, 2)  # sides of the windows, in least sides
Sums: TypeAlias = npt.NDArray[np.float64]


@attrs.frozen
class Window:
    """The best place of windows of one size."""

    side: float  # pixels
    contrast: float  # its sum less the mean of its neighbours', per cell
    x: float  # of its centre, in pixels of the image
    y: float


def pick_box(relevance: RelevanceMap, image: Box, side: float, *, authors: bool = False) -> Box:
    """
    A square of one to two times *side* pixels of *image*, or all of it.

    Windows of six sizes are placed where the map's sum is largest. The box lies around the centre
    of the window whose sum exceeds most those of the windows one cell beside it. A window has one
    cell or more; with *authors* it may have none, and then the box is in the corner, and centres
    are rounded as there: in 2 of 1,000 windows a pixel to the left.
    """
    if authors and (window := _empty_window(relevance.grid, side)):
        return _square_around(window, image)
    best: Window | None = None
    for ratio in RATIOS:
        window = _best_window(relevance, side * ratio, authors=authors)
        if window is not None and (best is None or window.contrast > best.contrast):
            best = window
        elif window is None and best is None:
            return image  # the least window is as large as the map
    return _square_around(best, image) if best else image


def _best_window(relevance: RelevanceMap, side: float, *, authors: bool) -> Window | None:
    """The window with the largest sum; none if it would cover the map."""
    grid = relevance.grid
    high, wide = (max(1, cells) for cells in _count_cells(grid, side))
    if (high, wide) == grid.shape:
        return None
    sums = _window_sums(relevance.scores, high, wide)
    x, y = divmod(int(sums.T.argmax()), sums.shape[0])  # column by column: the first of equals
    neighbours = [sums[y + down, x + across] for across, down in _neighbour_steps(x, y, sums.shape)]
    contrast = (sums[y, x] - np.mean(neighbours)) / (high * wide)
    centre = grid.cells(y, x, y + high, x + wide).centre
    if authors:  # 2041.9999999999998 is cut to 2041, where the middle of the edges is 2042
        rows, columns = grid.shape
        across, down = grid.box.width / columns, grid.box.height / rows
        centre = x * across + across * wide / 2, y * down + down * high / 2
    return Window(side, float(contrast), *centre)


def _empty_window(grid: Grid, side: float) -> Window | None:
    """The window of no cells in the corner, if cells are larger than *side*."""
    high, wide = _count_cells(grid, side)
    if high and wide:
        return None
    rows, columns = grid.shape
    across, down = grid.box.width / columns * wide / 2, grid.box.height / rows * high / 2
    return Window(side, 0.0, grid.box.left + across, grid.box.top + down)


def _count_cells(grid: Grid, side: float) -> tuple[int, int]:
    """Rows and columns of whole cells in a window."""
    rows, columns = grid.shape
    high, wide = int(side / (grid.box.height / rows)), int(side / (grid.box.width / columns))
    return min(high, rows), min(wide, columns)


def _window_sums(scores: npt.NDArray[np.float32], high: int, wide: int) -> Sums:
    """The sum of every window of *high* x *wide* cells, by its top left cell."""
    total = np.pad(scores.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    tall = total[high:] - total[:-high]
    sums: Sums = tall[:, wide:] - tall[:, :-wide]
    return sums


def _neighbour_steps(x: int, y: int, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """(columns, rows) to the windows on the left, right, above and below that exist."""
    steps = ((-1, 0), (1, 0), (0, -1), (0, 1))
    return [(a, d) for a, d in steps if 0 <= x + a < shape[1] and 0 <= y + d < shape[0]]


def _square_around(window: Window, image: Box) -> Box:
    """The pixels of *window*, shifted into the image, and cut where it is larger than that."""
    half = window.side // 2
    x = _shift_inside(int(window.x), half, image.left, image.right)
    y = _shift_inside(int(window.y), half, image.top, image.bottom)
    return Box(x - half, y - half, x + half, y + half).clipped(image)


def _shift_inside(at: float, half: float, start: float, stop: float) -> float:
    return min(max(at, start + half), stop - half)
