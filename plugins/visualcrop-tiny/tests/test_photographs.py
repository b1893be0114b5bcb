"""Photographs lend places their grain and things a background; what is named stays as drawn."""

from __future__ import annotations

import sys

import numpy as np
import PIL.Image
import pytest

from training import photographs
from training.crop_dataset import paste_somewhere, render_place_crops
from training.photographs import SCENES, TEXTURES, load_photograph, maybe_photograph, texture_place
from training.vision_inputs import PlacedItem, Shown
from visualcrop.errors import FileError
from visualcrop_tiny.world.places import PlaceSpec


@pytest.fixture(scope="module")
def place():
    """A writing desk, without people or sky."""
    scene = PlaceSpec("writing-desk", 5, (800, 600), 1.0).draw()
    return Shown(PIL.Image.fromarray(scene.image), tuple(map(PlacedItem, scene.items)))


def test_grain_is_on_all_but_named_things(place):
    """Where a thing hides all that is behind it, no pixel changes."""
    textured = texture_place(place, np.random.default_rng(0))
    assert textured.items == place.items
    changed = (np.asarray(textured.picture) != np.asarray(place.picture)).any(2)
    assert changed.mean() > 0.8
    for placed in place.items:
        left, top, right, bottom = placed.item.box.whole_pixels()
        assert not changed[top:bottom, left:right][placed.item.mask == 255].any()


@pytest.mark.parametrize("name", SCENES)
def test_every_photograph_is_in_colour(name):
    """Of at least a few hundred pixels, and not of one colour."""
    photograph = load_photograph(name)
    assert photograph.mode == "RGB"
    assert min(photograph.size) >= 300
    assert np.asarray(photograph).std() > 10
    assert name not in TEXTURES or photograph.width == photograph.height


def test_things_are_pasted_into_photographs(place):
    """Nothing else is named there."""
    taken = [maybe_photograph(place, np.random.default_rng(seed)) for seed in range(60)]
    found = [each for each in taken if each is not place]
    assert 3 < len(found) < 30
    assert not any(each.items for each in found)
    pasted = paste_somewhere(place, np.random.default_rng(1), photographs=True)
    assert pasted.items


def test_the_same_seed_gives_the_same_views():
    """With photographs, too; other ones than without."""
    one, other = (render_place_crops(304, photographs=True) for _ in range(2))
    assert one.pictures == other.pictures
    assert (one.labels == other.labels).all()
    assert one.pictures != render_place_crops(304).pictures


def test_it_says_what_to_install(monkeypatch):
    """Without scikit-image."""
    photographs.load_photograph.cache_clear()
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(FileError, match=r"pip install visualcrop-tiny\[photographs\], or train"):
        load_photograph("coffee")
