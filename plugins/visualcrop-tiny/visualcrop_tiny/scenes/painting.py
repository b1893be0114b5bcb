"""Places a scene's things on their ground, lights them, and takes the photograph."""

from __future__ import annotations

import io

import attrs
import numpy as np
import PIL.Image
import PIL.ImageChops

from visualcrop import Box

from .backgrounds import background
from .casting import Kind, Rng, Role, cast
from .shapes import mask
from .words import COLOURS

_RESAMPLING = PIL.Image.Resampling
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


@attrs.frozen(eq=False)
class Scene:
    """A picture, and what is in it: those that a question of its kind is about come first."""

    picture: PIL.Image.Image = attrs.field(repr=False)
    things: tuple[Thing, ...]
    seed: int
    kind: Kind = "attribute"
    leads: int = 1  # how many things its question is about


def draw(seed: int, width: int, height: int, kind: Kind = "attribute") -> Scene:
    """The scene of this seed, for questions of *kind*; the same each time."""
    rng = np.random.default_rng([seed, width, height, *kind.encode()])
    picture = background(rng, (width, height))
    roles = cast(kind, rng, width, height)
    leads = _leads(kind, roles)
    things: list[Thing] = []
    taken: list[Box] = []
    for role in roles:
        place = _place(rng, role.size, (width, height), taken)
        if place is None:
            continue
        taken.append(Box(*place, place[0] + role.size, place[1] + role.size))
        things.append(_painted(rng, picture, role, place))
    return Scene(_photograph(rng, picture), tuple(things), seed, kind, min(leads, len(things)))


def _leads(kind: Kind, roles: list[Role]) -> int:
    if kind == "count":
        return sum(role.shape == roles[0].shape for role in roles)
    return 2 if kind == "relation" else 1


def _place(
    rng: Rng, size: int, room: tuple[int, int], taken: list[Box]
) -> tuple[int, int] | None:
    """Left and top of a free square, if one is found."""
    for _ in range(_TRIES):
        x, y = (int(rng.integers(4, max(5, side - size - 4))) for side in room)
        wanted = Box(x - _GAP, y - _GAP, x + size + _GAP, y + size + _GAP)
        if not any(wanted.common(other) for other in taken):
            return x, y
    return None


def _painted(rng: Rng, picture: PIL.Image.Image, role: Role, place: tuple[int, int]) -> Thing:
    angle = float(rng.uniform(-18, 18))
    shape = mask(role.shape, role.size, angle)
    ink = np.clip(np.array(COLOURS[role.colour]) + rng.normal(0, 10, 3), 0, 255)
    if rng.random() < 0.5:
        drop = max(2, role.size // 40)
        shadow = shape.point(lambda level: level * 2 // 5)
        picture.paste((25, 25, 25), (place[0] + drop, place[1] + drop), shadow)
    picture.paste(_rgb(ink), place, shape)
    if role.text:
        digit = mask(role.text, round(role.size * 0.8), angle)
        shift = (role.size - digit.width) // 2
        dark = ink @ np.array((0.3, 0.6, 0.1)) < 120
        written = (240, 240, 240) if dark else (20, 20, 20)
        picture.paste(written, (place[0] + shift, place[1] + shift), digit)
    left, top, right, bottom = shape.getbbox() or (0, 0, *shape.size)
    x, y = place
    return Thing(role.shape, role.colour, Box(x + left, y + top, x + right, y + bottom), role.text)


def _rgb(ink: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in ink)
    return red, green, blue


def _photograph(rng: Rng, picture: PIL.Image.Image) -> PIL.Image.Image:
    """Uneven light on half of the pictures, and on half the marks that JPEG leaves."""
    if rng.random() < 0.5:
        levels = rng.uniform(190, 255, (2, 2)).astype(np.uint8)
        light = PIL.Image.fromarray(levels).resize(picture.size, _RESAMPLING.BILINEAR)
        picture = PIL.ImageChops.multiply(picture, PIL.Image.merge("RGB", (light,) * 3))
    if rng.random() < 0.5:
        stored = io.BytesIO()
        picture.save(stored, "JPEG", quality=int(rng.integers(55, 96)))
        picture = PIL.Image.open(stored).convert("RGB")
    return picture
