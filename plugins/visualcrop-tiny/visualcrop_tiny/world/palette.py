"""Nine colours that are said in words, in three tones, and the neutral colours of details."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rgb: TypeAlias = tuple[int, int, int]
Light: TypeAlias = tuple[float, float, float]  # red, green and blue, by full light
FULL_LIGHT: Light = (1.0, 1.0, 1.0)
COLOURS: dict[str, Rgb] = {
    "red": (208, 38, 46),
    "orange": (242, 122, 22),
    "yellow": (252, 214, 62),
    "green": (62, 150, 76),
    "blue": (34, 112, 204),
    "purple": (116, 42, 152),
    "pink": (255, 142, 174),
    "brown": (122, 76, 44),
    "white": (248, 246, 240),
}
# What is the same on things of every colour.
NEUTRALS: dict[str, Rgb] = {
    "line": (50, 42, 58),  # outlines
    "dark": (62, 56, 70),
    "wood": (196, 158, 112),
    "metal": (172, 180, 190),
    "paper": (250, 247, 238),
    "glass": (190, 214, 222),
    "leaf": (98, 120, 82),
    "flame": (255, 226, 150),
    "skin": (240, 200, 170),
    "tan": (196, 140, 102),
    "umber": (122, 82, 62),
    "denim": (92, 104, 128),
    "stone": (158, 152, 146),
    "straw": (214, 190, 136),
}
_SUN, _DUSK = (255, 248, 226), (44, 28, 84)  # light and shade are tinted, never grey


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """A colour between two, with a *share* of the *other*."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def in_light(ink: Rgb, light: Light) -> Rgb:
    """A colour as it is in a weak or tinted light."""
    red, green, blue = (round(level * share) for level, share in zip(ink, light, strict=True))
    return red, green, blue


def tones(base: Rgb) -> tuple[Rgb, Rgb, Rgb]:
    """A colour as it is, in the light, and in the shade."""
    return base, mix(base, _SUN, 0.42), mix(base, _DUSK, 0.25)


def to_lab(rgb: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """CIELAB (D65) of sRGB from 0 to 255; equal distances there look about equally far."""
    level = np.asarray(rgb, float) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ / _WHITE
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


_TO_XYZ = np.array(
    [
        [0.4124564, 0.2126729, 0.0193339],
        [0.3575761, 0.7151522, 0.119192],
        [0.1804375, 0.072175, 0.9503041],
    ]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def nearest_colour(rgb: npt.ArrayLike) -> str:
    """The word for a colour: the nearest of the nine, whether in the light or in the shade."""
    distances = {
        name: min(float(np.linalg.norm(to_lab(rgb) - to_lab(tone))) for tone in tones(base))
        for name, base in COLOURS.items()
    }
    return min(distances, key=distances.__getitem__)
