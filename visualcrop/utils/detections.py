"""Boxes as `supervision` has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import VisualcropError

if TYPE_CHECKING:
    from supervision import Detections


def make_detections(
    boxes: Sequence[Sequence[float]], probabilities: Sequence[float] | None, names: Sequence[str]
) -> Detections:
    """
    A `supervision.Detections` of *boxes*, each with the name of what it shows.

    Equal names are one class. Classes are numbered in their order, from 0.

    Args:
        boxes: Left, top, right and bottom of each, in pixels.
        probabilities: Of each, from 0 to 1; none if they are not known.
        names: Of each.
    """
    try:
        import supervision
    except ImportError as exc:
        raise VisualcropError(
            "Detections need supervision; pip install supervision, or take the findings' boxes."
        ) from exc
    classes = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return supervision.Detections(
        xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        confidence=None if probabilities is None else np.array(probabilities, np.float32),
        class_id=np.array([classes[name] for name in names], int),
        data={"class_name": np.array(names, str)},
    )
