"""Places to look into: drawn from a seed, with named things in them and where each is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import attrs
import numpy as np
import numpy.typing as npt

from ...place_names import PLACES, Place
from . import desk, harbour, market, night, park, shelf
from .canvas import Canvas
from .stage import Item, Stage, Wish
from .weather import Mood

__all__ = [
    "PLACES",
    "Item",
    "Mood",
    "Place",
    "Scene",
    "Wish",
    "absent_from",
    "draw_place",
]

_DRAW: dict[Place, tuple[Callable[[Stage], None], frozenset[str]]] = {
    "harbour": (harbour.draw_harbour, harbour.ABSENT),
    "market-street": (market.draw_market, market.ABSENT),
    "park": (park.draw_park, park.ABSENT),
    "writing-desk": (desk.draw_desk, desk.ABSENT),
    "shelf-wall": (shelf.draw_shelf, shelf.ABSENT),
    "night-town": (night.draw_night, night.ABSENT),
}


def absent_from(kind: Place) -> frozenset[str]:
    """Names of things that are part of a place itself, so that none is hidden there."""
    return _DRAW[kind][1]


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


@attrs.frozen
class PlaceSpec:
    """
    What a place is drawn from: the same values give the same pixels.

    Attributes:
        kind: Which of the six.
        seed: Another one draws another place.
        size: Width and height in pixels.
        density: 1 is about 28 named things and some hundred others.
        wishes: Things that have to be there, where there is room for them; others are sampled.
        without: Names of which nothing is there but the wishes; `sign` for all signs.
        scale: Of the named things.

    """

    kind: Place
    seed: int
    size: tuple[int, int]
    density: float = 1.0
    wishes: tuple[Wish, ...] = ()
    without: tuple[str, ...] = ()
    scale: float = 1.0

    def draw(self) -> Scene:
        """The picture and its items."""
        stage = self.fill(painted=True)
        return Scene(np.asarray(stage.canvas.picture), stage.items, stage.mood)

    def plan(self) -> tuple[Item, ...]:
        """The items of the picture without painting it: in a fraction of the time."""
        return _plan(self)

    def fill(self, *, painted: bool) -> Stage:
        """The stage with all that is on it; its picture is empty if it is not *painted*."""
        draw, absent = _DRAW[self.kind]
        rng = np.random.default_rng([self.seed, *self.size, *self.kind.encode()])
        stage = Stage(
            Canvas(*self.size, painted=painted),
            Mood.sample(rng, night=self.kind.startswith("night")),
            rng,
            self.density,
            absent,
            [*self.wishes],
            frozenset(self.without),
            self.scale,
        )
        draw(stage)
        return stage


@lru_cache(1)  # who checks a question reads the plan that it was made from
def _plan(spec: PlaceSpec) -> tuple[Item, ...]:
    return spec.fill(painted=False).items


def draw_place(
    kind: Place,
    seed: int,
    size: tuple[int, int],
    density: float = 1.0,
    wishes: Sequence[Wish] = (),
) -> Scene:
    """Draw a place: `PlaceSpec` says what the arguments are."""
    return PlaceSpec(kind, seed, size, density, tuple(wishes)).draw()
