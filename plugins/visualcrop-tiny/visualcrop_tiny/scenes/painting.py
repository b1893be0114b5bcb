"""Paints a scene as planned, lights it, and takes the photograph."""

from __future__ import annotations

import io

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageChops

from .backgrounds import background
from .casting import Kind, Rng
from .planning import Place, Plan, Thing, generator, plan
from .shapes import mask
from .words import COLOURS

_RESAMPLING = PIL.Image.Resampling


@attrs.frozen(eq=False)
class Scene:
    """A picture, and what is in it: those that a question of its kind is about come first."""

    picture: PIL.Image.Image = attrs.field(repr=False)
    things: tuple[Thing, ...]
    kind: Kind = "attribute"
    leads: int = 1  # how many things its question is about


def draw(seed: int, width: int, height: int, kind: Kind = "attribute") -> Scene:
    """The scene of this seed, for questions of *kind*; the same each time."""
    return paint(plan(seed, width, height, kind))


def paint(planned: Plan) -> Scene:
    """The scene of a plan."""
    size = planned.width, planned.height
    rng = generator(planned.seed, *size, planned.kind, "paint")
    picture = background(rng, size)
    for place in planned.places:
        _painted(rng, picture, place)
    picture = _photograph(rng, picture)
    return Scene(picture, planned.things, planned.kind, planned.leads)


def _painted(rng: Rng, picture: PIL.Image.Image, place: Place) -> None:
    role, corner = place.role, (place.left, place.top)
    shape = mask(role.shape, role.size, place.angle)
    ink = np.clip(np.array(COLOURS[role.colour]) + rng.normal(0, 10, 3), 0, 255)
    if rng.random() < 0.5:
        drop = max(2, role.size // 40)
        shadow = shape.point([level * 2 // 5 for level in range(256)])
        picture.paste((25, 25, 25), (corner[0] + drop, corner[1] + drop), shadow)
    picture.paste(_rgb(ink), corner, shape)
    if role.text:
        digit = mask(role.text, round(role.size * 0.8), place.angle)
        shift = (role.size - digit.width) // 2
        dark = ink @ np.array((0.3, 0.6, 0.1)) < 120
        written = (240, 240, 240) if dark else (20, 20, 20)
        picture.paste(written, (corner[0] + shift, corner[1] + shift), digit)


def _rgb(ink: npt.NDArray[np.float64]) -> tuple[int, int, int]:
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
