"""The authors' constants for each model family, and how a threshold falls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

FamilyName: TypeAlias = Literal["llava", "llava-onevision", "internvl", "qwen2-5-vl"]
ViewMode: TypeAlias = Literal["crop", "pair", "pair-native"]
Colour: TypeAlias = tuple[int, int, int]  # RGB


@attrs.frozen
class Schedule:
    """How the confidence that a node needs to be accepted falls while none is."""

    upper: float = 0.6  # at first
    lower: float = 0.0  # at last
    drops: tuple[float, ...] = (0.1, 0.1, 0.2)  # one after the other; the last is repeated
    patience: int = 3  # nodes for each level of the tree before the first drop
    interval: int = 2  # nodes before each further drop

    def start(self, depth: int, *, authors: bool = False) -> Threshold:
        """The threshold of a new search in a tree of *depth* levels."""
        return Threshold(self, self.upper, self.patience * depth, list(self.drops), authors)


@attrs.define
class Threshold:
    """The threshold of one search, which falls as its schedule says."""

    schedule: Schedule
    value: float
    limit: int  # popped nodes after which it falls
    drops: list[float]
    authors: bool

    def fall(self) -> float | None:
        """
        The next threshold; none if that would be below the last.

        The authors' code accepts nodes before it looks at the last one, and so goes one drop
        below it; there, 0.95 - 0.05 - 0.1 - ... is not 0 but a little less.
        """
        if not self.drops:
            return None
        self.value -= self.drops.pop(0) if len(self.drops) > 1 else self.drops[0]
        self.limit += self.schedule.interval
        if self.authors:
            return self.value
        self.value = round(self.value, 9)
        return None if self.value < self.schedule.lower else self.value


@attrs.frozen
class FamilyConstants:
    """How nodes are shown, ranked and accepted."""

    views: ViewMode  # a crop alone, or the framed image and a crop: square, or in its own shape
    scale: float  # sides of the crop around a node, in sides of the node
    bias: float  # weight of existence against latent confidence at the root
    background: Colour  # around an image that is not square
    schedule: Schedule = Schedule()
    side: int | None = None  # pixels on a side of the smallest view; none is the encoder's


FAMILIES: Mapping[FamilyName, FamilyConstants] = {
    "llava": FamilyConstants("crop", 1.0, 0.2, (122, 116, 104)),
    "llava-onevision": FamilyConstants("pair", 1.2, 0.6, (127, 127, 127)),
    "internvl": FamilyConstants("pair", 1.2, 0.6, (123, 116, 103), Schedule(0.2, -0.2)),
    "qwen2-5-vl": FamilyConstants(
        "pair-native", 1.2, 0.6, (122, 116, 104), Schedule(0.95, 0.0, (0.05, 0.1, 0.2)), side=448
    ),
}
