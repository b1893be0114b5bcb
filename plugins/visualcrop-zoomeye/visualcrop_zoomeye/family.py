"""What differs between the models that ZoomEye was written for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from .schedule import Schedule

Family: TypeAlias = Literal["llava", "llava-onevision", "internvl", "qwen2-5-vl"]
Views: TypeAlias = Literal["crop", "pair", "pair-native"]
Colour: TypeAlias = tuple[int, int, int]


@attrs.frozen
class Constants:
    """How nodes are shown, ranked and accepted."""

    views: Views  # a crop alone, or the framed image and a crop; square, or in its own shape
    scale: float  # of what is shown round a node
    bias: float
    paper: Colour  # round an image that is no square
    schedule: Schedule = Schedule()
    side: int | None = None  # pixels on a side of the smallest view; none is the encoder's


FAMILIES: Mapping[Family, Constants] = {
    "llava": Constants("crop", 1.0, 0.2, (122, 116, 104)),
    "llava-onevision": Constants("pair", 1.2, 0.6, (127, 127, 127)),
    "internvl": Constants("pair", 1.2, 0.6, (123, 116, 103), Schedule(0.2, -0.2)),
    "qwen2-5-vl": Constants(
        "pair-native", 1.2, 0.6, (122, 116, 104), Schedule(0.95, 0.0, (0.05, 0.1, 0.2)), side=448
    ),
}
