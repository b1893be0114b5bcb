"""Who is in a scene: the things that a question of some kind needs, and others to be mistaken."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs
import numpy as np

from .words import COLOURS, DIGITS, PLATE, SHAPES

Kind: TypeAlias = Literal["attribute", "relation", "count", "existence", "detail", "large"]
KINDS: tuple[Kind, ...] = ("attribute", "relation", "count", "existence", "detail", "large")
SMALL = (18.0, 40.0)  # pixels on a side in a picture of 2048, and in smaller ones
SIZES: dict[str, tuple[float, float]] = {
    "relation": (26.0, 56.0),  # two are shown side by side, so each at half the size
    "count": (80.0, 140.0),  # of up to four
    "detail": (64.0, 110.0),
}
LARGE = (0.3, 0.6)  # parts of the picture's shorter side
_REFERENCE = 2048
Rng: TypeAlias = "np.random.Generator"  # in quotes: numpy loads it on first use


@attrs.frozen
class Role:
    """A thing that is still to be placed."""

    shape: str
    colour: str
    size: int  # pixels on a side
    text: str = ""


def cast(kind: Kind, rng: Rng, width: int, height: int) -> list[Role]:
    """The things of one scene, those that the question is about first."""
    scale = max(1.0, max(width, height) / _REFERENCE)
    leads = list(_leads(kind, rng, scale, min(width, height)))
    colours = _colours(rng, leads[0].colour, int(rng.integers(4, 10)))
    return leads + [_extra(kind, rng, scale, leads, colour) for colour in colours]


def _leads(kind: Kind, rng: Rng, scale: float, side: int) -> Iterator[Role]:
    size = _size(rng, SIZES.get(kind, SMALL), scale)
    if kind == "large":
        size = round(rng.uniform(*LARGE) * side)
        kind = "attribute" if rng.random() < 0.5 else "detail"
        yield _role(rng, size, PLATE if kind == "detail" else None)
        return
    if kind == "detail":
        colours = rng.permutation(list(COLOURS))[: rng.integers(1, 4)]
        for colour in colours:
            yield attrs.evolve(_role(rng, size, PLATE), colour=str(colour))
        return
    first = _role(rng, size)
    yield first
    if kind == "relation":
        other = str(rng.choice([shape for shape in SHAPES if shape != first.shape]))
        yield _role(rng, _size(rng, SIZES[kind], scale), other)
    if kind == "count":
        for _ in range(rng.integers(0, 4)):
            yield _role(rng, _size(rng, SIZES[kind], scale), first.shape)


def _colours(rng: Rng, first: str, count: int) -> list[str]:
    """For so many other things: of four colours none is the likelier for being seen more often."""
    others = rng.permutation([colour for colour in COLOURS if colour != first])[:3]
    four = [first, *map(str, others)]
    rest = rng.permutation(four)[: (count + 1) % 4]
    drawn = [*four[1:], *four * ((count + 1) // 4 - 1), *map(str, rest)]
    return [str(colour) for colour in rng.permutation(drawn)]


def _extra(kind: Kind, rng: Rng, scale: float, leads: list[Role], colour: str) -> Role:
    """Not of a lead's shape, or of its shape and another colour where none is told by its shape."""
    size = _size(rng, SMALL if kind == "detail" else SIZES.get(kind, SMALL), scale)
    if kind == "existence" and rng.random() < 0.3:
        others = [other for other in COLOURS if other != leads[0].colour]
        colour = str(rng.choice(others)) if colour == leads[0].colour else colour
        return Role(leads[0].shape, colour, size)
    taken = {role.shape for role in leads}
    return Role(str(rng.choice([shape for shape in SHAPES if shape not in taken])), colour, size)


def _role(rng: Rng, size: int, shape: str | None = None) -> Role:
    shape = shape or str(rng.choice(SHAPES))
    text = str(rng.choice(DIGITS)) if shape == PLATE else ""
    return Role(shape, str(rng.choice(list(COLOURS))), size, text)


def _size(rng: Rng, between: tuple[float, float], scale: float) -> int:
    low, high = between
    return round(scale * math.exp(rng.uniform(math.log(low), math.log(high))))
