"""Things as pixels: drawn once for each size and pose, and then in any colour."""

from __future__ import annotations

import math
from functools import lru_cache

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageFilter

from .coverage import Floats, cover
from .drawing import Layer, Thing, extent
from .palette import COLOURS, NEUTRALS, Rgb, tones
from .paths import Points, placed

_LIGHT = 0.55  # how far the light rim is shifted, in widths of the shaded one
_TILT, _STRETCH = 3, 0.04  # steps of poses, so that few different ones are drawn
_TONES = ("colour", "pale", "deep")


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
        """2 x 3, about the middle of the square of 100."""
        turn = math.radians(self.tilt)
        across = np.diag([-self.stretch if self.mirrored else self.stretch, 1.0])
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        linear = rotation @ across
        return np.column_stack([linear, 50 - linear @ np.array([50.0, 50.0])])


@attrs.frozen(eq=False)
class Inked:
    """
    A thing as pixels without its colour.

    Attributes:
        alpha: Coverage, height x width.
        tones: Shares of the colour, of it in light, and in shade: 3 x height x width.
        neutral: The rest, RGB times its share: height x width x 3.

    """

    alpha: Floats = attrs.field(repr=False)
    tones: Floats = attrs.field(repr=False)
    neutral: Floats = attrs.field(repr=False)

    @property
    def colour_share(self) -> float:
        """How much of the thing has its colour, in any tone."""
        return float(self.tones.sum() / self.alpha.sum())


@attrs.frozen(eq=False)
class Sprite:
    """A thing as pixels: RGB, and the mask to paste it by."""

    picture: PIL.Image.Image = attrs.field(repr=False)
    mask: PIL.Image.Image = attrs.field(repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its tight box."""
        return self.mask.size


@lru_cache(4096)
def draw_sprite(thing: Thing, size: int, colour: str, pose: Pose = Pose()) -> Sprite:  # noqa: B008
    """A thing in one of the nine colours; its longer side has *size* pixels."""
    return ink_sprite(draw_inked(thing, size, pose), COLOURS[colour])


def ink_sprite(inked: Inked, colour: Rgb) -> Sprite:
    """A drawn thing in any colour."""
    inks = np.array(tones(colour), float)
    mixed = inked.neutral + np.tensordot(inked.tones, inks, (0, 0))
    rgb = mixed / np.maximum(inked.alpha, 1e-6)[..., None]
    picture = PIL.Image.fromarray(np.clip(rgb + 0.5, 0, 255).astype(np.uint8))
    return Sprite(picture, PIL.Image.fromarray((inked.alpha * 255 + 0.5).astype(np.uint8)))


@lru_cache(1024)
def draw_inked(thing: Thing, size: int, pose: Pose = Pose()) -> Inked:  # noqa: B008
    """A thing as pixels without its colour; its longer side has *size* pixels."""
    matrix, width, height, scale = _fit(thing, size, pose)
    drawn = [placed(layer.polygons, matrix) for layer in thing.layers]
    moved = [
        [points + step for points in polygons]
        for layer, polygons in zip(thing.layers, drawn, strict=True)
        if layer.has_tones
        for step in (layer.rim * scale * _LIGHT, -layer.rim * scale)
    ]
    covered = cover([placed(thing.outline, matrix), *drawn, *moved], width, height)
    outline, areas, rims = np.split(covered, [1, 1 + len(drawn)])
    return _compose(thing.layers, outline[0], areas, rims.reshape(-1, 2, height, width))


def _fit(thing: Thing, size: int, pose: Pose) -> tuple[Points, int, int, float]:
    """The map into a box whose longer side has *size* pixels, its sides, and the scale."""
    matrix = pose.matrix
    left, top, right, bottom = extent(placed(thing.outline, matrix))
    scale = size / max(right - left, bottom - top)
    width, height = (max(1, math.ceil(side * scale - 1e-6)) for side in (right - left, bottom - top))
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    shift = scale * (matrix[:, 2] - middle) + np.array([width, height]) / 2
    return np.column_stack([scale * matrix[:, :2], shift]), width, height, scale


def _compose(layers: tuple[Layer, ...], outline: Floats, areas: Floats, rims: Floats) -> Inked:
    """Lay the layers over one another, each with its tones, on top of the outline."""
    canvas = Inked(outline.copy(), np.zeros((3, *outline.shape)), outline[..., None] * _LINE)
    under, edges = outline, iter(rims)
    for layer, area in zip(layers, areas, strict=True):
        cut = area * under if layer.inside else area
        under = under if layer.inside else area
        base, light, shade = cut, None, None
        if layer.has_tones:
            lit, shaded = next(edges)
            shade = np.maximum(area - shaded, 0)
            light = np.maximum(area - lit - shade, 0)
            base = area - light - shade
        _lay(canvas, layer.ink, cut, (base, light, shade))
    return canvas


def _lay(canvas: Inked, ink: str, cut: Floats, parts: tuple[Floats | None, ...]) -> None:
    """Cover what was drawn with one more layer: in base colour, in light and in shade."""
    left = 1 - cut
    alpha, shares, neutral = canvas.alpha, canvas.tones, canvas.neutral
    alpha *= left
    alpha += cut
    shares *= left
    neutral *= left[..., None]
    if ink in _TONES:
        first = _TONES.index(ink)
        for tone, part in enumerate(parts, first):
            if part is not None:
                shares[tone] += part
    else:
        for colour, part in zip(_NEUTRAL_TONES[ink], parts, strict=True):
            if part is not None:
                neutral += part[..., None] * colour


_NEUTRAL_TONES = {name: np.array(tones(base), float) for name, base in NEUTRALS.items()}
_LINE = _NEUTRAL_TONES["line"][0]
