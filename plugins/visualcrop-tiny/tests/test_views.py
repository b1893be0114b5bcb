"""Views are what the library shows, and their labels lie where things are."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop import Box, Image
from visualcrop.plugin import Collage
from visualcrop_tiny.scenes import COLOURS, draw
from visualcrop_tiny.views import SIDE, render, whole
from visualcrop_tiny.views.choosing import PER_SCENE, views
from visualcrop_tiny.views.sheets import processor, single
from visualcrop_tiny.views.sight import canvas, fitted, part


@pytest.fixture(scope="module")
def scene():
    """One with things that are easy to see."""
    return draw(4, 1024, 768, "relation")


def _near(pixels, sighting):
    x, y = (int(at) for at in sighting.box.centre)
    seen, said = pixels[y, x].astype(float), np.array(COLOURS[sighting.thing.colour], float)
    return np.abs(seen / seen.max() - said / said.max()).max() < 0.35


def test_things_are_where_sightings_say(scene):
    """In crops and on canvases, solid things have their colour at their sighting's centre."""
    boxes = [Box(*thing.box.centre, *(c + 150 for c in thing.box.centre)) for thing in scene.things]
    boxes = [Box(b.left - 75, b.top - 75, b.right - 75, b.bottom - 75) for b in boxes]
    room = Box(0, 0, *scene.picture.size)
    boxes = [common for b in boxes if (common := b.common(room))]
    solid = {"disk", "square", "heart", "triangle", "cross", "bolt", "star", "arrow"}
    checked = 0
    for view in [part(scene, boxes[0]), canvas(scene, boxes[:2]), canvas(scene, boxes[1:4])]:
        for sighting in view.sightings:
            if sighting.seen == 1 and sighting.thing.shape in solid and sighting.box.width > 6:
                assert _near(view.pixels, sighting)
                checked += 1
    assert checked > 3


def test_a_canvas_is_the_composers_own(scene):
    """The pixels are those of the library's pasted picture."""
    boxes = [Box(*thing.box.whole_pixels()) for thing in scene.things[:3]]
    library = fitted(Collage(boxes, 336).of(Image(scene.picture)).picture)[0]
    assert (canvas(scene, boxes).pixels == library).all()


def test_every_scene_gives_as_many_views():
    """All of the eye's size, and none of them twice."""
    for kind in ("count", "detail", "large"):
        made = list(views(draw(2, 800, 800, kind), np.random.default_rng(0)))
        assert len(made) == PER_SCENE
        assert all(view.pixels.shape == (SIDE, SIDE, 3) for view in made)
        assert len({view.pixels.tobytes() for view in made}) > PER_SCENE - 3


def test_what_is_stored_is_what_was_seen(tmp_path):
    """A store gives back the sightings of each view, and the same seed the same store."""
    store = render(tmp_path / "one", 2, 50, processes=1)
    again = render(tmp_path / "two", 2, 50, processes=1)
    assert len(store) == 2 * PER_SCENE
    assert (store.pixels == again.pixels).all()
    seen = [sighting for index in range(len(store)) for sighting in store.sightings(index)]
    assert seen
    assert all(0 <= s.seen <= 1 and s.thing.colour in COLOURS for s in seen)
    things = (store.labels[:, 0] > 0).any(1)
    assert (store.labels[~things] <= 0).all()


def test_the_whole_is_seen_small():
    """The whole of a scene is one view, padded to a square."""
    view = whole(draw(4, 1024, 768))
    assert view.pixels.shape == (SIDE, SIDE, 3)
    assert (view.pixels[0] == 127).all()


@pytest.mark.parametrize("size", [(640, 640), (640, 480), (480, 640)])
def test_tiles_fill_their_places(size):
    """Every token of OneVision's prompt is a patch or a newline, and none is both."""
    shown = single(draw(1, *size), Box(0, 0, *size), processor())
    patches = shown.places[shown.places >= 0]
    places = [*patches.tolist(), *shown.newlines.tolist()]
    assert sorted(places) == list(range(shown.length))
