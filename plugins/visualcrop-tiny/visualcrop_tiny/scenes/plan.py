"""Plans a scene: its things and their places. Questions need no more, so no pixel is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs
import numpy as np

from visualcrop import Box

from .shapes import COLOURS, DIGITS, PLATE, SHAPES, shape_mask

Kind: TypeAlias = Literal["attribute", "relation", "count", "existence", "detail", "large"]
KINDS: tuple[Kind, ...] = ("attribute", "relation", "count", "existence", "detail", "large")
Things: TypeAlias = Literal["relative", "absolute"]
Rng: TypeAlias = "np.random.Generator"  # in quotes: numpy loads it on first use

# Sides of things in pixels, for a scene of up to 2048 pixels; larger scenes scale them up
# where things are relative. Absolute ones have as many pixels as at 2048.
_REFERENCE_SIDE = 2048
_SMALL = (18.0, 40.0)
_SIZES: dict[str, tuple[float, float]] = {
    "relation": (26.0, 56.0),  # two share a canvas, each at half the scale
    "count": (80.0, 140.0),  # up to four share a canvas
    "detail": (64.0, 110.0),
}
_LARGE = (0.3, 0.6)  # as fractions of the scene's shorter side
_GAP = 12  # least pixels between two things
_TRIES = 60  # to find a free square for a thing; after that it is left out


@attrs.frozen
class PlacedThing:
    """A thing in a scene, and where it is."""

    shape: str
    colour: str
    box: Box  # tight, in pixels of the scene
    text: str = ""  # the digit on a plate

    @property
    def name(self) -> str:
        """Colour and shape, such as `red star`."""
        return f"{self.colour} {self.shape}"


@attrs.frozen
class ThingSpec:
    """A thing that has no place yet."""

    shape: str
    colour: str
    size: int  # pixels on a side of the square it is drawn in
    text: str = ""  # the digit on a plate


@attrs.frozen
class Placement:
    """A thing with the corner of the square it is drawn in, and its rotation."""

    spec: ThingSpec
    left: int
    top: int
    angle: float  # degrees, anticlockwise

    @property
    def thing(self) -> PlacedThing:
        """The thing with its tight box, which is smaller than its square."""
        mask = shape_mask(self.spec.shape, self.spec.size, self.angle)
        left, top, right, bottom = mask.getbbox() or (0, 0, *mask.size)
        x, y = self.left, self.top
        box = Box(x + left, y + top, x + right, y + bottom)
        return PlacedThing(self.spec.shape, self.spec.colour, box, self.spec.text)


@attrs.frozen
class ScenePlan:
    """A scene that is not drawn yet. The things that its question is about come first."""

    seed: int
    width: int  # pixels
    height: int
    kind: Kind
    placements: tuple[Placement, ...] = attrs.field(repr=False)
    things: tuple[PlacedThing, ...]
    subject_count: int  # how many of the first things its question is about
    scale: float  # of small things and clutter: 1 is as in scenes of up to 2048 pixels


def plan_scene(
    seed: int, width: int, height: int, kind: Kind = "attribute", things: Things = "relative"
) -> ScenePlan:
    """Plan a scene for questions of *kind*; the same arguments give the same plan."""
    growth = max(1.0, max(width, height) / _REFERENCE_SIDE)
    scale, side = (growth, float(min(width, height)))
    if things == "absolute":
        scale, side = 1.0, side / growth
    rng = scene_rng(seed, width, height, kind, "plan")
    specs = _sample_things(kind, rng, scale, side)
    placements: list[Placement] = []
    taken: list[Box] = []
    for spec in specs:
        corner = _find_free_square(rng, spec.size, (width, height), taken)
        if corner is not None:
            taken.append(Box(*corner, corner[0] + spec.size, corner[1] + spec.size))
            placements.append(Placement(spec, *corner, float(rng.uniform(-18, 18))))
    subject_count = min(_count_subjects(kind, specs), len(placements))
    placed = tuple(placement.thing for placement in placements)
    return ScenePlan(seed, width, height, kind, tuple(placements), placed, subject_count, scale)


def scene_rng(seed: int, width: int, height: int, kind: Kind, purpose: str) -> Rng:
    """The random generator of one scene for one *purpose*, `plan` or `paint`."""
    return np.random.default_rng([seed, width, height, *f"{kind} {purpose}".encode()])


def _sample_things(kind: Kind, rng: Rng, scale: float, side: float) -> list[ThingSpec]:
    """The things of one scene: first those that its question is about, then distractors."""
    subjects = list(_sample_subjects(kind, rng, scale, side))
    colours = _sample_distractor_colours(rng, subjects[0].colour, int(rng.integers(4, 10)))
    return subjects + [_sample_distractor(kind, rng, scale, subjects, c) for c in colours]


def _sample_subjects(kind: Kind, rng: Rng, scale: float, side: float) -> Iterator[ThingSpec]:
    """The things that a question of *kind* is about; a large one is a share of *side*."""
    size = _sample_size(rng, _SIZES.get(kind, _SMALL), scale)
    if kind == "large":
        size = round(rng.uniform(*_LARGE) * side)
        kind = "attribute" if rng.random() < 0.5 else "detail"
        yield _sample_thing(rng, size, PLATE if kind == "detail" else None)
        return
    if kind == "detail":
        colours = rng.permutation(list(COLOURS))[: rng.integers(1, 4)]
        for colour in colours:
            yield attrs.evolve(_sample_thing(rng, size, PLATE), colour=str(colour))
        return
    first = _sample_thing(rng, size)
    yield first
    if kind == "relation":
        other = str(rng.choice([shape for shape in SHAPES if shape != first.shape]))
        yield _sample_thing(rng, _sample_size(rng, _SIZES[kind], scale), other)
    if kind == "count":
        for _ in range(rng.integers(0, 4)):
            yield _sample_thing(rng, _sample_size(rng, _SIZES[kind], scale), first.shape)


def _sample_distractor_colours(rng: Rng, first: str, count: int) -> list[str]:
    """
    Colours of *count* distractors.

    Together with the *first* subject's, a scene has four colours, each equally often as far as
    possible: so the subject's colour cannot be guessed from how often each is visible.
    """
    others = rng.permutation([colour for colour in COLOURS if colour != first])[:3]
    four = [first, *map(str, others)]
    rest = rng.permutation(four)[: (count + 1) % 4]
    drawn = [*four[1:], *four * ((count + 1) // 4 - 1), *map(str, rest)]
    return [str(colour) for colour in rng.permutation(drawn)]


def _sample_distractor(
    kind: Kind, rng: Rng, scale: float, subjects: list[ThingSpec], colour: str
) -> ThingSpec:
    """A thing of another shape; for `existence` sometimes the same shape in another colour."""
    size = _sample_size(rng, _SMALL if kind == "detail" else _SIZES.get(kind, _SMALL), scale)
    if kind == "existence" and rng.random() < 0.3:
        others = [other for other in COLOURS if other != subjects[0].colour]
        colour = str(rng.choice(others)) if colour == subjects[0].colour else colour
        return ThingSpec(subjects[0].shape, colour, size)
    taken = {spec.shape for spec in subjects}
    shapes = [shape for shape in SHAPES if shape not in taken]
    return ThingSpec(str(rng.choice(shapes)), colour, size)


def _sample_thing(rng: Rng, size: int, shape: str | None = None) -> ThingSpec:
    shape = shape or str(rng.choice(SHAPES))
    text = str(rng.choice(DIGITS)) if shape == PLATE else ""
    return ThingSpec(shape, str(rng.choice(list(COLOURS))), size, text)


def _sample_size(rng: Rng, between: tuple[float, float], scale: float) -> int:
    """Pixels on a side, log-uniform."""
    low, high = between
    return round(scale * math.exp(rng.uniform(math.log(low), math.log(high))))


def _count_subjects(kind: Kind, specs: list[ThingSpec]) -> int:
    if kind == "count":
        return sum(spec.shape == specs[0].shape for spec in specs)
    return 2 if kind == "relation" else 1


def _find_free_square(
    rng: Rng, side: int, size: tuple[int, int], taken: list[Box]
) -> tuple[int, int] | None:
    """Left and top of a square at a distance from those *taken*, or None if none is found."""
    for _ in range(_TRIES):
        x, y = (int(rng.integers(4, max(5, length - side - 4))) for length in size)
        wanted = Box(x - _GAP, y - _GAP, x + side + _GAP, y + side + _GAP)
        if not any(wanted.common(other) for other in taken):
            return x, y
    return None
