"""Where the things of a scene lie: all there is to know for questions, before a drop of paint."""

from __future__ import annotations

import attrs
import numpy as np

from visualcrop import Box

from .casting import Kind, Rng, Role, cast
from .shapes import mask

_TRIES = 60
_GAP = 12  # pixels between two things


@attrs.frozen
class Thing:
    """One thing in a scene, and where it is."""

    shape: str
    colour: str
    box: Box
    text: str = ""  # written on it

    @property
    def name(self) -> str:
        """Its colour and shape."""
        return f"{self.colour} {self.shape}"


@attrs.frozen
class Place:
    """Where a thing goes: the left and top of its square, and how far it is turned."""

    role: Role
    left: int
    top: int
    angle: float

    @property
    def thing(self) -> Thing:
        """The thing, with the box that its shape fills."""
        shape = mask(self.role.shape, self.role.size, self.angle)
        left, top, right, bottom = shape.getbbox() or (0, 0, *shape.size)
        x, y = self.left, self.top
        box = Box(x + left, y + top, x + right, y + bottom)
        return Thing(self.role.shape, self.role.colour, box, self.role.text)


@attrs.frozen
class Plan:
    """A scene before it is painted; what its questions are about comes first."""

    seed: int
    width: int
    height: int
    kind: Kind
    places: tuple[Place, ...] = attrs.field(repr=False)
    things: tuple[Thing, ...]
    leads: int  # how many things its question is about


def plan(seed: int, width: int, height: int, kind: Kind = "attribute") -> Plan:
    """The plan of this seed, for questions of *kind*; the same each time."""
    rng = generator(seed, width, height, kind, "plan")
    roles = cast(kind, rng, width, height)
    places: list[Place] = []
    taken: list[Box] = []
    for role in roles:
        spot = _spot(rng, role.size, (width, height), taken)
        if spot is not None:
            taken.append(Box(*spot, spot[0] + role.size, spot[1] + role.size))
            places.append(Place(role, *spot, float(rng.uniform(-18, 18))))
    leads = min(_leads(kind, roles), len(places))
    things = tuple(place.thing for place in places)
    return Plan(seed, width, height, kind, tuple(places), things, leads)


def generator(seed: int, width: int, height: int, kind: Kind, use: str) -> Rng:
    """Random numbers of one scene, for one use."""
    return np.random.default_rng([seed, width, height, *f"{kind} {use}".encode()])


def _leads(kind: Kind, roles: list[Role]) -> int:
    if kind == "count":
        return sum(role.shape == roles[0].shape for role in roles)
    return 2 if kind == "relation" else 1


def _spot(rng: Rng, size: int, room: tuple[int, int], taken: list[Box]) -> tuple[int, int] | None:
    """Left and top of a free square, if one is found."""
    for _ in range(_TRIES):
        x, y = (int(rng.integers(4, max(5, side - size - 4))) for side in room)
        wanted = Box(x - _GAP, y - _GAP, x + size + _GAP, y + size + _GAP)
        if not any(wanted.common(other) for other in taken):
            return x, y
    return None
