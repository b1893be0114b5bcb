"""From a map to one box: the window that stands out most from its neighbours."""

from __future__ import annotations

from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box, Grid, RelevanceMap

RATIOS = (1, 1.2, 1.4, 1.6, 1.8, 2)  # of the window's side to the least side
Sums: TypeAlias = npt.NDArray[np.float64]


@attrs.frozen
class Window:
    """The best place of windows of one size."""

    side: float  # pixels
    contrast: float  # to its neighbours, for each cell
    across: float  # of its middle
    down: float


def best_box(relevance: RelevanceMap, image: Box, side: float, *, authors: bool = False) -> Box:
    """
    A square of one to two times *side* pixels of *image*, or all of it.

    Of windows of six sizes, each where the map's sum is largest, it takes the middle of the one
    that has most more than the windows one cell beside it. A window is one cell or more; to the
    *authors* a window may be empty, and then they take the corner.
    """
    if authors and (window := _empty_window(relevance.grid, side)):
        return _square(window, image)
    best: Window | None = None
    for ratio in RATIOS:
        window = _best_window(relevance, side * ratio)
        if window is not None and (best is None or window.contrast > best.contrast):
            best = window
        elif window is None and best is None:
            return image  # the least window is as large as the map
    return _square(best, image) if best else image


def _best_window(relevance: RelevanceMap, side: float) -> Window | None:
    """None if it would cover the map."""
    grid = relevance.grid
    high, wide = (max(1, cells) for cells in _cells(grid, side))
    if (high, wide) == grid.shape:
        return None
    sums = _sums(relevance.scores, high, wide)
    x, y = divmod(int(sums.T.argmax()), sums.shape[0])  # column by column: the first of equals
    beside = [sums[y + down, x + across] for across, down in _near(x, y, sums.shape)]
    contrast = (sums[y, x] - np.mean(beside)) / (high * wide)
    middle = grid.cells(y, x, y + high, x + wide).centre
    return Window(side, float(contrast), *middle)


def _empty_window(grid: Grid, side: float) -> Window | None:
    """The window of no cells in the corner, if cells are larger than *side*."""
    high, wide = _cells(grid, side)
    if high and wide:
        return None
    rows, columns = grid.shape
    across, down = grid.box.width / columns * wide / 2, grid.box.height / rows * high / 2
    return Window(side, 0.0, grid.box.left + across, grid.box.top + down)


def _cells(grid: Grid, side: float) -> tuple[int, int]:
    """Rows and columns of whole cells in a window."""
    rows, columns = grid.shape
    high, wide = int(side / (grid.box.height / rows)), int(side / (grid.box.width / columns))
    return min(high, rows), min(wide, columns)


def _sums(scores: npt.NDArray[np.float32], high: int, wide: int) -> Sums:
    """Of every window of *high* x *wide* cells, by its top left one."""
    total = np.pad(scores.astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    tall = total[high:] - total[:-high]
    sums: Sums = tall[:, wide:] - tall[:, :-wide]
    return sums


def _near(x: int, y: int, shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Steps to the windows on the left and right, above and below, as far as there are any."""
    steps = ((-1, 0), (1, 0), (0, -1), (0, 1))
    return [(a, d) for a, d in steps if 0 <= x + a < shape[1] and 0 <= y + d < shape[0]]


def _square(window: Window, image: Box) -> Box:
    """As large as *window*, moved into the image, and cut where it is larger."""
    half = window.side // 2
    across = _moved(int(window.across), half, image.left, image.right)
    down = _moved(int(window.down), half, image.top, image.bottom)
    return Box(
        max(image.left, across - half),
        max(image.top, down - half),
        min(image.right, across + half),
        min(image.bottom, down + half),
    )


def _moved(at: float, half: float, start: float, stop: float) -> float:
    return min(max(at, start + half), stop - half)
