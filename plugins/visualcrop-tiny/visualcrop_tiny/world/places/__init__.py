"""Places to look into: drawn from a seed, with named things in them and where each is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from . import desk, harbour, market, night, park, shelf
from .canvas import Canvas
from .stage import Item, Stage, Wish
from .weather import Mood

__all__ = ["PLACES", "Item", "Mood", "Place", "Scene", "Wish", "draw_place"]

Place: TypeAlias = Literal[
    "harbour", "market-street", "park", "writing-desk", "shelf-wall", "night-town"
]
PLACES: tuple[Place, ...] = (
    "harbour",
    "market-street",
    "park",
    "writing-desk",
    "shelf-wall",
    "night-town",
)
_DRAW: dict[Place, tuple[Callable[[Stage], None], frozenset[str]]] = {
    "harbour": (harbour.draw_harbour, harbour.ABSENT),
    "market-street": (market.draw_market, market.ABSENT),
    "park": (park.draw_park, park.ABSENT),
    "writing-desk": (desk.draw_desk, desk.ABSENT),
    "shelf-wall": (shelf.draw_shelf, shelf.ABSENT),
    "night-town": (night.draw_night, night.ABSENT),
}


@attrs.frozen(eq=False)
class Scene:
    """
    A drawn place.

    Attributes:
        image: RGB, height x width x 3.
        items: The named things in it, from back to front.
        mood: Time of day and weather.

    """

    image: npt.NDArray[np.uint8] = attrs.field(repr=False)
    items: tuple[Item, ...]
    mood: Mood


def draw_place(
    kind: Place,
    seed: int,
    size: tuple[int, int],
    density: float = 1.0,
    wishes: Sequence[Wish] = (),
) -> Scene:
    """
    Draw a place. The same arguments give the same pixels.

    Args:
        size: Width and height in pixels.
        density: 1 is about 28 named things and some hundred others.
        wishes: Things that have to be there, where there is room for them; others are sampled.

    """
    draw, absent = _DRAW[kind]
    rng = np.random.default_rng([seed, *size, *kind.encode()])
    mood = Mood.sample(rng, night=kind.startswith("night"))
    stage = Stage(Canvas(*size), mood, rng, density, absent, [*wishes])
    draw(stage)
    return Scene(np.asarray(stage.canvas.picture), stage.items, mood)
