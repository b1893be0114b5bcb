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
SMALL = (24.0, 50.0)  # pixels on a side in a picture of 2048, and in smaller ones
SIZES: dict[str, tuple[float, float]] = {
    "relation": (40.0, 84.0),  # two are shown side by side, so each at half the size
    "count": (80.0, 140.0),  # of up to five, each at a third
    "detail": (64.0, 110.0),
}
LARGE = (0.3, 0.6)  # parts of the picture's shorter side
_REFERENCE = 2048
Rng: TypeAlias = np.random.Generator


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
    taken = {role.shape for role in leads}
    extras = [_extra(kind, rng, scale, leads, taken) for _ in range(rng.integers(4, 10))]
    return leads + extras


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


def _extra(kind: Kind, rng: Rng, scale: float, leads: list[Role], taken: set[str]) -> Role:
    """One that shares a colour with a lead or, where no lead is told by its shape, the shape."""
    shape = None if kind == "existence" and rng.random() < 0.3 else _other(rng, taken)
    if shape is None:
        shape = leads[0].shape
    role = _role(rng, _size(rng, SIZES.get(kind, SMALL) if kind != "detail" else SMALL, scale))
    colour = leads[0].colour if rng.random() < 0.25 else role.colour
    if shape == leads[0].shape:  # never the lead's double
        colour = str(rng.choice([c for c in COLOURS if c != leads[0].colour]))
    return attrs.evolve(role, shape=shape, colour=colour)


def _other(rng: Rng, taken: set[str]) -> str:
    return str(rng.choice([shape for shape in SHAPES if shape not in taken]))


def _role(rng: Rng, size: int, shape: str | None = None) -> Role:
    shape = shape or str(rng.choice(SHAPES))
    text = str(rng.choice(DIGITS)) if shape == PLATE else ""
    return Role(shape, str(rng.choice(list(COLOURS))), size, text)


def _size(rng: Rng, between: tuple[float, float], scale: float) -> int:
    low, high = between
    return round(scale * math.exp(rng.uniform(math.log(low), math.log(high))))
