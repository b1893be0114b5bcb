"""Things as pixels: drawn once for each size and pose, and then in any colour."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, lru_cache, partial

import attrs
import numpy as np
import PIL.Image

from .coverage import Singles, cover
from .drawing import TONES, Parts, Thing, extent
from .palette import COLOURS, FULL_LIGHT, NEUTRALS, Light, Rgb, tones
from .paths import Points

_TILT, _STRETCH = 3, 0.04  # steps of poses, so that few different ones are drawn


@attrs.frozen
class Pose:
    """
    How a thing stands.

    Attributes:
        tilt: Degrees, clockwise.
        stretch: Width by what it is as drawn.
        mirrored: Left and right are swapped; the light stays where it is.

    """

    tilt: int = 0
    stretch: float = 1.0
    mirrored: bool = False

    @classmethod
    def sample(cls, rng: np.random.Generator, tilt: float = 12, stretch: float = 0.08) -> Pose:
        """A pose at random, up to so much *tilt* and *stretch* either way."""
        degrees = _TILT * round(float(rng.uniform(-tilt, tilt)) / _TILT)
        wide = 1 + _STRETCH * round(float(rng.uniform(-stretch, stretch)) / _STRETCH)
        return cls(degrees, round(wide, 2), bool(rng.random() < 0.5))

    @property
    def matrix(self) -> Points:
        """The linear map, 2 x 2."""
        turn = math.radians(self.tilt)
        across = np.diag([-self.stretch if self.mirrored else self.stretch, 1.0])
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        matrix: Points = rotation @ across
        return matrix


@attrs.frozen(eq=False)
class Inked:
    """
    A thing as pixels without its colour.

    Attributes:
        alpha: Coverage, height x width.
        tones: Shares of the colour, of it in light, and in shade: 3 x height x width.
        neutral: The rest, RGB times its share: 3 x height x width.

    """

    alpha: Singles = attrs.field(repr=False)
    tones: Singles = attrs.field(repr=False)
    neutral: Singles = attrs.field(repr=False)

    @property
    def colour_share(self) -> float:
        """How much of the thing has its colour, in any tone."""
        return float(self.tones.sum() / self.alpha.sum())


@attrs.frozen(eq=False)
class Sprite:
    """
    A thing in a colour: RGB, and the mask to paste it by, drawn when they are needed.

    Attributes:
        size: Width and height of its tight box.
        light: That falls on it, by full light: red, green and blue.

    """

    size: tuple[int, int]
    _ink: Rgb
    _draw: Callable[[], Inked] = attrs.field(repr=False)
    light: Light = FULL_LIGHT

    @cached_property
    def picture(self) -> PIL.Image.Image:
        """Its colours."""
        inked, inks = self._draw(), np.array(tones(self._ink), np.float32)
        toned = inks.T @ inked.tones.reshape(3, -1)
        mixed = inked.neutral + toned.reshape(inked.neutral.shape)
        mixed *= np.array(self.light, np.float32)[:, None, None]
        rgb = np.clip(mixed / np.maximum(inked.alpha, 1e-6) + 0.5, 0, 255).astype(np.uint8)
        return PIL.Image.fromarray(np.ascontiguousarray(rgb.transpose(1, 2, 0)))

    @cached_property
    def mask(self) -> PIL.Image.Image:
        """How much of each pixel it covers."""
        return PIL.Image.fromarray((self._draw().alpha * 255 + 0.5).astype(np.uint8))


@lru_cache(4096)
def draw_sprite(thing: Thing, size: int, colour: str, pose: Pose = Pose()) -> Sprite:
    """A thing in one of the nine colours; its longer side has *size* pixels."""
    return ink_sprite(thing, size, COLOURS[colour], pose)


def ink_sprite(
    thing: Thing, size: int, colour: Rgb, pose: Pose = Pose(), light: Light = FULL_LIGHT
) -> Sprite:
    """A thing in any colour; its longer side has *size* pixels."""
    _, width, height, _ = _fit(thing, size, pose)
    return Sprite((width, height), colour, partial(draw_inked, thing, size, pose), light)


@lru_cache(1024)
def draw_inked(thing: Thing, size: int, pose: Pose = Pose()) -> Inked:
    """A thing as pixels without its colour; its longer side has *size* pixels."""
    parts = thing.parts
    matrix, width, height, scale = _fit(thing, size, pose)
    covered = cover(parts.placed(matrix, scale), len(parts.inks), width, height)
    shares = _share(parts, covered).swapaxes(1, 2)  # as they are in memory, by columns
    channels = _weights(thing) @ shares.reshape(len(shares), -1)
    channels = channels.reshape(-1, width, height).swapaxes(1, 2)
    return Inked(channels[0], channels[1:4], channels[4:])


def _share(parts: Parts, covered: Singles) -> Singles:
    """What of each pixel each ink has, where later layers lie over earlier ones."""
    count = len(covered) - 2 * len(parts.toned)
    areas, lit, shaded = np.split(covered, [count, count + len(parts.toned)])
    inside, parent = parts.insides
    areas[inside] *= areas[parent]
    seen = np.ones_like(areas)
    for number in range(count - 1, 0, -1):
        np.multiply(seen[number], 1 - areas[number], out=seen[number - 1])
    toned = areas[parts.toned]
    shade = np.maximum(toned - shaded, 0, out=shaded)
    light = np.maximum(toned - lit - shade, 0, out=lit)
    areas[parts.toned] -= light + shade
    areas[1:] *= seen[1:]
    # All layers lie within the outline, which so has what they leave of it.
    areas[0] = np.maximum(areas[0] - (1 - seen[0]), 0)
    light *= seen[parts.toned]
    shade *= seen[parts.toned]
    return covered


@lru_cache(256)
def _weights(thing: Thing) -> Singles:
    """For each ink: 1, whether it is the colour in each of three tones, or else its RGB."""
    weights = np.zeros((7, len(thing.parts.inks)), np.float32)
    weights[0] = 1
    for number, (ink, tone) in enumerate(thing.parts.inks):
        if ink == "colour":
            weights[1 + TONES.index(tone), number] = 1
        else:
            weights[4:, number] = tones(NEUTRALS[ink])[TONES.index(tone)]
    return weights


def _fit(thing: Thing, size: int, pose: Pose) -> tuple[Points, int, int, float]:
    """The map into a box whose longer side has *size* pixels, its sides, and the scale."""
    matrix = pose.matrix
    left, top, right, bottom = _posed_extent(thing, pose)
    scale = size / max(right - left, bottom - top)
    width, height = (
        max(1, math.ceil(side * scale - 1e-6)) for side in (right - left, bottom - top)
    )
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    shift = np.array([width, height]) / 2 - scale * middle
    return np.column_stack([scale * matrix, shift]), width, height, scale


@lru_cache(4096)
def _posed_extent(thing: Thing, pose: Pose) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a thing in a pose, in the square of 100."""
    return extent([thing.corners @ pose.matrix.T])
