"""How many things stand out of relevance maps of crops, each of which may show several."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from ..values import RelevanceMap

# Chosen on the development split of `needles`, on 71 questions.
_LEVEL = 0.65  # of a map's height: cells above it show a thing
_LEAST_SHARE = 0.35  # of the size of the picture's other things: a smaller region is a part of one
_RELIABILITY = 0.95  # how often that is right about a region
_HEIGHT_CELLS = 4  # so many of the highest cells have a map's height in the mean
_LEAST_CELLS = 2  # of a region


def weigh_regions(maps: Sequence[RelevanceMap]) -> list[tuple[float, ...]]:
    """
    For each map, the probability that each of its regions is a thing of its own.

    Regions are cells above a level that touch one another. They are compared by their area in the
    image with the largest regions of all *maps*, which are of one image.
    """
    sizes = [_measure_regions(relevance) for relevance in maps]
    usual = median([max(own) for own in sizes if own] or [0.0])
    least = _LEAST_SHARE * usual
    odds = {True: _RELIABILITY, False: 1 - _RELIABILITY}
    return [tuple(odds[size >= least] for size in own) for own in sizes]


def _measure_regions(relevance: RelevanceMap) -> list[float]:
    """Areas of the regions, in pixels of the image."""
    from scipy import ndimage  # which no start-up needs

    scores = relevance.scores.astype(np.float64)
    height = np.sort(scores, None)[-_HEIGHT_CELLS:].mean()
    if height <= 0:
        return []
    labels, count = ndimage.label(scores > _LEVEL * height)
    cells = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    area = relevance.grid.cell_side**2
    return [float(size * area) for size in cells if size >= _LEAST_CELLS]
