"""A map from the gradient of the reply's first token with respect to the pixels."""

from __future__ import annotations

from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box, BudgetedModel, Capture, Grid, RelevanceMap, View, errors
from visualcrop.plugin import at_least, option

from .importance import Relative

Floats: TypeAlias = npt.NDArray[np.float32]
_LEAST = 1e-6  # of the mean, as for attention


@attrs.frozen
class PureGrad(Relative):
    """Gradients of pixels, relative to a general question's, on edges (ViCrop). Two passes."""

    name = "pure-grad"

    block: int = option(
        14, help="pixels of the encoder joined into one cell, on a side", validator=at_least(1)
    )
    edges: bool = option(True, help="count only pixels with more detail than the median")

    def of(self, view: View, question: str, model: BudgetedModel) -> RelevanceMap:
        seen = model.forward(self.pair(view, question), Capture(pixels=True))
        special, general = (reading.sight for reading in seen)
        if special is None or general is None:
            raise errors.ModelError(
                "This model gives no gradients of pixels; take rel-att or grad-att in their place."
            )
        steep, dull = (found.slopes.cpu().numpy() for found in (special, general))
        ratio = steep / dull.clip(float(dull.mean()) * _LEAST or 1.0)
        if self.edges:
            ratio = ratio * detailed(view, special.box, ratio.shape)
        return joined(ratio, special.box, view.box, self.block, model.info.base)


def detailed(view: View, box: Box, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Where the picture of *box*, at the encoder's size, has more detail than the median."""
    from scipy import ndimage

    left, top = (round(side) for side in (box.left, box.top))
    picture = view.image.picture.crop((left, top, round(box.right), round(box.bottom)))
    small = picture.resize((shape[1], shape[0]), PIL.Image.Resampling.BICUBIC)
    pixels = np.asarray(small, np.float32) / 255
    smooth = ndimage.gaussian_filter(pixels, (0.8, 0.8, 0), radius=(1, 1, 0), mode="mirror")
    detail = ndimage.median_filter(np.linalg.norm(pixels - smooth, axis=2), 7, mode="mirror")
    more: npt.NDArray[np.bool_] = detail > np.median(detail)
    return more


def joined(pixels: Floats, box: Box, view: Box, block: int, base: int) -> RelevanceMap:
    """The mean of *block* x *block* pixels for each cell that lies in the view."""
    rows, columns = (np.arange(0, max(1, side - block + 1), block) for side in pixels.shape)
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, axis=0), columns, axis=1)
    heights, widths = (
        np.diff([*starts, side]) for starts, side in zip((rows, columns), pixels.shape, strict=True)
    )
    means = sums / np.outer(heights, widths)
    ys = box.top + np.append(rows, pixels.shape[0]) * box.height / pixels.shape[0]
    xs = box.left + np.append(columns, pixels.shape[1]) * box.width / pixels.shape[1]
    down, ys = _inside(ys, view.top, view.bottom)
    across, xs = _inside(xs, view.left, view.right)
    return RelevanceMap(Grid(tuple(xs.tolist()), tuple(ys.tolist())), means[down][:, across], base)


def _inside(
    edges: npt.NDArray[np.float64], start: float, stop: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Cells that lie between the two, and their edges cut to them."""
    cut = edges.clip(start, stop)
    inside = np.flatnonzero(np.diff(cut) > 1e-9 * (stop - start))
    return inside, cut[[*inside, inside[-1] + 1]]
