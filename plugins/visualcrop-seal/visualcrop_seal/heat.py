"""Arithmetic on the heat of a part."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box, RelevanceMap

Floats = npt.NDArray[np.float64]


@attrs.frozen(eq=False)
class Guide:
    """Heat from 0 to 1, summed up from the top left, so that any box's sum is four look-ups."""

    xs: Floats
    ys: Floats
    sums: Floats  # at each corner of the grid

    @classmethod
    def of(cls, heat: RelevanceMap) -> Guide:
        """Level *heat*; where it is alike everywhere, nothing is left of it."""
        xs, ys = np.array(heat.grid.xs), np.array(heat.grid.ys)
        low, high = float(heat.scores.min()), float(heat.scores.max())
        sums = np.zeros((len(ys), len(xs)))
        if high > low:
            widths = np.diff(xs) / (high - low)
            for row, height in enumerate(np.diff(ys)):  # a part may have millions of cells
                added = np.cumsum((heat.scores[row] - np.float64(low)) * widths)
                sums[row + 1, 1:] = sums[row, 1:] + added * height
        return cls(xs, ys, sums)

    def share(self, box: Box) -> float:
        """How much of all heat lies in *box*, from 0 to 1."""
        total = float(self.sums[-1, -1])
        bottom, top = self._upto(box.bottom), self._upto(box.top)
        inside = self._along(bottom - top, box.right) - self._along(bottom - top, box.left)
        return inside / total if total > 0 else 0.0

    def _upto(self, y: float) -> Floats:
        """Sums of all above *y*, at each of the grid's columns."""
        row, part = _place(self.ys, y)
        above: Floats = self.sums[row] * (1 - part) + self.sums[row + 1] * part
        return above

    def _along(self, sums: Floats, x: float) -> float:
        column, part = _place(self.xs, x)
        return float(sums[column] * (1 - part) + sums[column + 1] * part)


def _place(edges: Floats, at: float) -> tuple[int, float]:
    """In which cell a pixel lies, and how far into it."""
    cell = min(max(int(np.searchsorted(edges, at, "right")) - 1, 0), len(edges) - 2)
    part = (at - edges[cell]) / (edges[cell + 1] - edges[cell])
    return cell, min(max(float(part), 0.0), 1.0)


def peaked(heat: RelevanceMap) -> RelevanceMap:
    """Standard deviations above the mean: a scale on which maps of any source compare."""
    scores = heat.scores.astype(np.float64)
    spread = scores.std()
    clear = spread > 1e-6 * np.abs(scores).max()
    above = (scores - scores.mean()) / spread if clear else np.zeros_like(scores)
    return RelevanceMap(heat.grid, above.clip(min=0), heat.base)
