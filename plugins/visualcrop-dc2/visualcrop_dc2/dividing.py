"""Quarters of an image, and those that look alike laid over one another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, repeat, takewhile
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box, Image, View

Features: TypeAlias = npt.NDArray[np.float32]  # patches x width


@attrs.frozen
class Patch:
    """What the model is shown at one node: a part of the image, or the mean of several."""

    view: View
    places: tuple[Box, ...]  # all parts of the image that it stands for, of one size

    @classmethod
    def at(cls, image: Image, places: tuple[Box, ...]) -> Patch:
        """The parts of *image* at *places*, laid over one another."""
        return over([cls(View(image, place), (place,)) for place in places])

    @property
    def black(self) -> bool:
        return self.view.picture.getbbox() is None

    def quarters(self, *, forget: bool = False) -> list[Patch]:
        """
        Top left, bottom left, top right, bottom right; an odd last row or column is dropped.

        With *forget* they stand for parts of the first place only.
        """
        width, height = self.view.box.width // 2, self.view.box.height // 2
        places = self.places[:1] if forget else self.places

        def quarter(box: Box, across: int, down: int) -> Box:
            left, top = box.left + across * width, box.top + down * height
            return Box(left, top, left + width, top + height)

        return [
            Patch(
                View(self.view.image, quarter(self.view.box, *corner)),
                tuple(quarter(place, *corner) for place in places),
            )
            for corner in ((0, 0), (0, 1), (1, 0), (1, 1))
        ]


def over(patches: Sequence[Patch]) -> Patch:
    """Patches of one size as one, pixel by pixel their mean."""
    if len(patches) == 1:
        return patches[0]
    pictures = np.stack([np.asarray(patch.view.picture, np.float64) for patch in patches])
    mean = Image(PIL.Image.fromarray(pictures.mean(axis=0).astype(np.uint8)))
    return Patch(View.whole(mean), tuple(place for patch in patches for place in patch.places))


def alike(features: Features, theta: float) -> list[list[int]]:
    """Clusters by average linkage of cosine distances up to *theta*, first come first."""
    from scipy.cluster.hierarchy import fcluster, linkage

    tiny = 1e-9 * float(np.abs(features).max()) or 1.0  # so that none is without a direction
    features = np.pad(features, ((0, 0), (0, 1)), constant_values=tiny)
    labels = fcluster(linkage(features, "average", "cosine"), theta, "distance")
    return [np.flatnonzero(labels == label).tolist() for label in dict.fromkeys(labels)]


def levels(box: Box, leaf: float, most: int) -> int:
    """How often *box* can be halved before a half has a side below *leaf*, and at most *most*."""
    halves = accumulate(repeat(min(box.width, box.height), most + 1), lambda side, _: side // 2)
    next(halves)
    return sum(1 for _ in takewhile(lambda side: side >= leaf, halves))


def nodes(depth: int) -> int:
    """Patches of a tree that is divided *depth* times and never merged."""
    return sum(4**level for level in range(depth + 1))
