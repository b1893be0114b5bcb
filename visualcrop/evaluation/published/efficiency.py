"""How many passes an accuracy costs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import attrs


@attrs.frozen(order=True)
class Point:
    """One setting of a method: what it costs, and how often it is right."""

    passes: float
    accuracy: float


def ratio(ours: Sequence[Point], theirs: Sequence[Point]) -> float:
    """
    Passes that *theirs* needs for each of *ours* (A.2 of the paper).

    They are compared at the lower of the two best accuracies.
    """
    reference = min(max(point.accuracy for point in points) for points in (ours, theirs))
    return passes_at(theirs, reference) / passes_at(ours, reference)


def passes_at(points: Sequence[Point], accuracy: float) -> float:
    """
    Passes at which *points* first rise to *accuracy*.

    Between two points, one next to the other in passes, the line between them counts. No more
    than their best accuracy can be asked for.
    """
    ordered = sorted(points)
    if ordered[0].accuracy >= accuracy:
        return ordered[0].passes
    low, high = next(pair for pair in pairwise(ordered) if _rises_to(pair, accuracy))
    share = (accuracy - low.accuracy) / (high.accuracy - low.accuracy)
    return low.passes + share * (high.passes - low.passes)


def _rises_to(pair: tuple[Point, Point], accuracy: float) -> bool:
    low, high = pair
    return low.accuracy < accuracy <= high.accuracy
