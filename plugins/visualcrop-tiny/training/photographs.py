"""Photographs that scikit-image ships: grain that no drawing has, and places that nobody drew."""

from __future__ import annotations

from functools import lru_cache

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import errors

from .vision_inputs import Shown

TEXTURES = ("brick", "gravel", "grass")  # for paving, walls and ground
SCENES = ("astronaut", "chelsea", "coffee", "hubble_deep_field", "rocket", *TEXTURES)
_TEXTURED, _TAKEN = 0.25, 0.2  # of the places, and of the parts that things are pasted into
_STRENGTH = 0.25, 0.6  # of a texture
_SCALE = 0.4, 1.6  # of a texture, in pixels of the place for each of its own
Rng = np.random.Generator


def maybe_texture(place: Shown, rng: Rng) -> Shown:
    """The place, or one with the grain of a photograph on all but its named things."""
    return texture_place(place, rng) if rng.random() < _TEXTURED else place


def maybe_photograph(place: Shown, rng: Rng) -> Shown:
    """The place, or a photograph in its stead, in which nothing is named."""
    if rng.random() >= _TAKEN:
        return place
    picture = load_photograph(str(rng.choice(SCENES)))
    return Shown(picture, ())


def texture_place(place: Shown, rng: Rng) -> Shown:
    """The place with the grain of a photograph on all but its named things."""
    photograph = load_photograph(str(rng.choice(TEXTURES))).convert("L")
    side = max(64, round(rng.uniform(*_SCALE) * photograph.width))
    grain = np.asarray(photograph.resize((side, side)), np.float32)
    gain = 1 + rng.uniform(*_STRENGTH) * (grain / grain.mean() - 1)
    width, height = place.picture.size
    tiled = np.tile(gain, (-(-height // side), -(-width // side)))[:height, :width]
    grained = np.asarray(place.picture) * tiled[..., None]
    picture = PIL.Image.fromarray(grained.clip(0, 255).astype(np.uint8))
    picture.paste(place.picture, (0, 0), PIL.Image.fromarray(_find_things(place)))
    return attrs.evolve(place, picture=picture)


@lru_cache(8)
def load_photograph(name: str) -> PIL.Image.Image:
    """One of `SCENES`, in colour."""
    try:
        from skimage import data
    except ImportError:
        raise errors.FileError(
            "Photographs come with scikit-image, which is not installed; "
            "pip install visualcrop-tiny[photographs], or train without `photographs`."
        ) from None
    return PIL.Image.fromarray(getattr(data, name)()).convert("RGB")


def _find_things(place: Shown) -> npt.NDArray[np.uint8]:
    """How much of each pixel shows named things, from 0 to 255."""
    width, height = place.picture.size
    found = np.zeros((height, width), np.uint8)
    for placed in place.items:
        left, top = round(placed.item.box.left), round(placed.item.box.top)
        high, wide = placed.item.mask.shape
        part = found[top : top + high, left : left + wide]
        np.maximum(part, placed.item.mask, out=part)
    return found
