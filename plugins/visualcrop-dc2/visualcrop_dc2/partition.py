"""Patches of an image: cut into quarters, and averaged where they look alike."""

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
Places: TypeAlias = tuple[Box, ...]  # boxes of the image, of one size


@attrs.frozen
class Patch:
    """The image at one node of the tree: a part of the original, or the mean of several."""

    view: View
    places: Places  # the parts of the image that it is the mean of

    @classmethod
    def at(cls, image: Image, places: Places) -> Patch:
        """The mean of the parts of *image* at *places*."""
        return average([cls(View(image, place), (place,)) for place in places])

    @property
    def is_black(self) -> bool:
        """Whether every pixel is zero, as in the margin of a padded image."""
        return self.view.picture.getbbox() is None

    def quarters(self, *, first_only: bool = False) -> list[Patch]:
        """
        Top left, bottom left, top right, bottom right; an odd last row or column is dropped.

        With *first_only* their places are parts of the first place only.
        """
        places = self.places[:1] if first_only else self.places
        views, *parts = (_quarter(box) for box in (self.view.box, *places))
        return [
            Patch(View(self.view.image, view), tuple(quarters[index] for quarters in parts))
            for index, view in enumerate(views)
        ]


def _quarter(box: Box) -> list[Box]:
    """Column by column, all of one size."""
    width, height = 2 * (box.width // 2), 2 * (box.height // 2)
    even = Box(box.left, box.top, box.left + width, box.top + height)
    top_left, top_right, bottom_left, bottom_right = even.tiles(2, 2)
    return [top_left, bottom_left, top_right, bottom_right]


def average(patches: Sequence[Patch]) -> Patch:
    """One patch of several of one size: the mean of each pixel, and the places of all."""
    if len(patches) == 1:
        return patches[0]
    pictures = np.stack([np.asarray(patch.view.picture, np.float64) for patch in patches])
    mean = Image(PIL.Image.fromarray(pictures.mean(axis=0).astype(np.uint8)))
    return Patch(View.whole(mean), tuple(place for patch in patches for place in patch.places))


def cluster_patches(features: Features, theta: float) -> list[list[int]]:
    """
    Indices by cluster: average linkage of cosine distances up to *theta*.

    Clusters are in the order of their first members.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    tiny = 1e-9 * float(np.abs(features).max()) or 1.0  # no vector may be zero for a cosine
    features = np.pad(features, ((0, 0), (0, 1)), constant_values=tiny)
    labels = fcluster(linkage(features, "average", "cosine"), theta, "distance")
    return [np.flatnonzero(labels == label).tolist() for label in dict.fromkeys(labels)]


def count_levels(box: Box, leaf: float, most: int) -> int:
    """How often *box* can be halved before a half has a side below *leaf*, and at most *most*."""
    halves = accumulate(repeat(min(box.width, box.height), most + 1), lambda side, _: side // 2)
    next(halves)
    return sum(1 for _ in takewhile(lambda side: side >= leaf, halves))


def count_nodes(depth: int) -> int:
    """Patches of a tree that is divided *depth* times and in which none are merged."""
    return sum(4**level for level in range(depth + 1))
