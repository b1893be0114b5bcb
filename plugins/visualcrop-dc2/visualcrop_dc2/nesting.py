"""Of places of one object that lie in one another, which to keep."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from visualcrop import Box

from .memory import Places


def around(places: Places) -> Box:
    """Smallest box over all places."""
    return reduce(Box.around, places)


def apart(found: Sequence[Places], *, smaller: bool = False) -> list[Places]:
    """*found* without those inside a larger one, or with *smaller*, round a smaller one."""
    kept: list[Places] = []
    for places in sorted(found, key=_area, reverse=not smaller):
        box = around(places)
        others = [around(other) for other in kept]
        if not any(box.contains(o) if smaller else o.contains(box) for o in others):
            kept.append(places)
    return [places for places in found if places in kept]


def as_the_authors(found: Sequence[Places]) -> list[Places]:
    """
    The published filter, with two mistakes that change what is kept.

    It finds nested places in a list ordered by area, and takes those at the same positions out of
    the list as it was; and the box of a union is as many times as wide and as high as it has
    members.
    """
    order = sorted(found, key=_area, reverse=True)
    boxes = [_blown_up(places) for places in order]
    nested = {
        later for later, box in enumerate(boxes) if any(b.contains(box) for b in boxes[:later])
    }
    return [places for index, places in enumerate(found) if index not in nested]


def _area(places: Places) -> float:
    """Pixels of all members; three count as four."""
    return places[0].area * (4 if len(places) == 3 else len(places))


def _blown_up(places: Places) -> Box:
    box, times = around(places), 4 if len(places) == 3 else len(places)
    first = places[0]
    right, bottom = box.left + times * first.width, box.top + times * first.height
    return Box(box.left, box.top, right, bottom)
