"""The vision tower is trained on what the library shows it, with labels where things are."""

from __future__ import annotations

import numpy as np
import pytest

from training.crop_dataset import INPUTS_PER_SCENE, render_crops, sample_inputs
from training.prompt_dataset import encode_tiled, image_processor
from training.vision_inputs import SIDE, preprocess, show_canvas, show_crop, show_whole
from visualcrop import Box, Image
from visualcrop.plugin import Collage
from visualcrop_tiny.scenes import COLOURS, draw_scene


@pytest.fixture(scope="module")
def scene():
    """One with things that are easy to see."""
    return draw_scene(4, 1024, 768, "relation")


def _has_its_colour(pixels, visible):
    x, y = (int(at) for at in visible.box.centre)
    seen, named = pixels[y, x].astype(float), np.array(COLOURS[visible.thing.colour], float)
    return np.abs(seen / seen.max() - named / named.max()).max() < 0.35


def test_visible_things_are_where_their_boxes_are(scene):
    """In crops and on canvases, solid things have their colour in the middle of their box."""
    boxes = [Box(*thing.box.centre, *(c + 150 for c in thing.box.centre)) for thing in scene.things]
    boxes = [Box(b.left - 75, b.top - 75, b.right - 75, b.bottom - 75) for b in boxes]
    room = Box(0, 0, *scene.picture.size)
    boxes = [common for b in boxes if (common := b.common(room))]
    solid = {"disk", "square", "heart", "triangle", "cross", "bolt", "star", "arrow"}
    checked = 0
    for shown in (
        show_crop(scene, boxes[0]),
        show_canvas(scene, boxes[:2]),
        show_canvas(scene, boxes[1:4]),
    ):
        for each in shown.things:
            if each.visible == 1 and each.thing.shape in solid and each.box.width > 6:
                assert _has_its_colour(shown.pixels, each)
                checked += 1
    assert checked > 3


def test_a_canvas_is_the_composers_own(scene):
    """The pixels are those of the library's pasted picture."""
    boxes = [Box(*thing.box.whole_pixels()) for thing in scene.things[:3]]
    library = preprocess(Collage(boxes, 336).of(Image(scene.picture)).picture)[0]
    assert (show_canvas(scene, boxes).pixels == library).all()


def test_every_scene_gives_as_many_inputs():
    """All of the vision tower's size, and hardly any twice."""
    for kind in ("count", "detail", "large"):
        inputs = list(sample_inputs(draw_scene(2, 800, 800, kind), np.random.default_rng(0)))
        assert len(inputs) == INPUTS_PER_SCENE
        assert all(each.pixels.shape == (SIDE, SIDE, 3) for each in inputs)
        assert len({each.pixels.tobytes() for each in inputs}) > INPUTS_PER_SCENE - 3


def test_a_dataset_has_the_visible_things_of_each_input(tmp_path):
    """They are read back as they were written, and the same seed gives the same arrays."""
    dataset = render_crops(tmp_path / "one", 2, 50, workers=1)
    again = render_crops(tmp_path / "two", 2, 50, workers=1)
    assert len(dataset) == 2 * INPUTS_PER_SCENE
    assert (dataset.pixels == again.pixels).all()
    things = [each for index in range(len(dataset)) for each in dataset.visible_things(index)]
    assert things
    assert all(0 <= each.visible <= 1 and each.thing.colour in COLOURS for each in things)
    has_things = (dataset.labels[:, 0] > 0).any(1)
    assert (dataset.labels[~has_things] <= 0).all()


def test_the_whole_scene_is_padded():
    """The whole of a scene is one input, padded to a square."""
    whole = show_whole(draw_scene(4, 1024, 768))
    assert whole.pixels.shape == (SIDE, SIDE, 3)
    assert (whole.pixels[0] == 127).all()


@pytest.mark.parametrize("size", [(640, 640), (640, 480), (480, 640)])
def test_tiles_fill_their_positions(size):
    """Every token of a tiled image is a patch or a newline, and none is both."""
    image = encode_tiled(draw_scene(1, *size), Box(0, 0, *size), image_processor())
    patches = image.positions[image.positions >= 0]
    positions = [*patches.tolist(), *image.newlines.tolist()]
    assert sorted(positions) == list(range(image.length))
