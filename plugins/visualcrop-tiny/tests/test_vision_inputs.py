"""The vision tower is trained on what the library shows it, with labels where things are."""

from __future__ import annotations

import attrs
import numpy as np
import PIL.Image
import pytest

from training.config import DataConfig
from training.crop_dataset import (
    INPUTS_PER_PLACE,
    WHERE,
    draw_sampled,
    render_crops,
    sample_inputs,
)
from training.pasted import paste_things
from training.pictures import Pictures, PictureWriter, encode_picture
from training.prompt_dataset import encode_tiled, image_processor
from training.sign_letters import locate_letters
from training.vision_inputs import (
    CLEARLY_VISIBLE,
    COLOUR_CLASSES,
    GRID,
    HARDLY_VISIBLE,
    NAME_CLASSES,
    PATCH_SIDE,
    SIDE,
    TILE,
    Frame,
    PlacedItem,
    Shown,
    label_patches,
    preprocess,
    project_things,
    show_canvas,
    show_crop,
    show_whole,
)
from visualcrop import Box, Image
from visualcrop.plugin import Collage
from visualcrop_tiny.world import COLOURS, SIGN_STYLES, draw_sprite, make_sign
from visualcrop_tiny.world.places import PlaceSpec

PAINT = (255, 0, 255)  # nothing in a place has this colour


@pytest.fixture(scope="module")
def place():
    """A shelf wall, which is drawn soonest."""
    scene = PlaceSpec("shelf-wall", 3, (1024, 768), 2.0).draw()
    return Shown(PIL.Image.fromarray(scene.image), tuple(map(PlacedItem, scene.items)))


def _paint(place, placed):
    """The same place with all that is seen of one thing in a colour of its own."""
    item, picture = placed.item, place.picture.copy()
    mask = PIL.Image.fromarray(item.mask)
    picture.paste(PAINT, (round(item.box.left), round(item.box.top)), mask)
    return attrs.evolve(place, picture=picture)


def _around(placed, side):
    x, y = placed.item.box.centre
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def _show(place, way, boxes):
    if way == "whole":
        return show_whole(place)
    return show_crop(place, boxes[0]) if way == "crop" else show_canvas(place, boxes)


@pytest.mark.parametrize("way", ["crop", "canvas", "whole", "pasted"])
def test_labels_are_where_things_are_seen(place, way):
    """The patches labelled with a thing are those that change if it is painted over."""
    if way == "pasted":
        place, way = paste_things(place, Box(0, 0, 1024, 768), np.random.default_rng(0)), "crop"
    room, checked = Box(0, 0, *place.picture.size), 0
    within = [placed for placed in place.items if room.contains(_around(placed, 120))]
    for placed in within[1:]:
        boxes = [_around(placed, 120), _around(within[0], 100)]
        shown, painted = (_show(each, way, boxes) for each in (place, _paint(place, placed)))
        same = [thing for thing in shown.things if thing.item is placed.item]
        alone = label_patches(same).reshape(3, SIDE // PATCH_SIDE, -1)[0]
        changed = np.abs(shown.pixels.astype(int) - painted.pixels).max(2) > 40
        patches = changed.reshape(SIDE // PATCH_SIDE, PATCH_SIDE, -1, PATCH_SIDE).mean((1, 3))
        named = alone == NAME_CLASSES.index(placed.item.name) + 1
        if placed.item.visible == 1 and way == "crop":
            assert named.any()
        assert (patches[named] > 0).all()
        assert (patches[alone == 0] < 0.25).all()
        checked += named.any()
    assert checked > 5


@pytest.mark.parametrize("style", SIGN_STYLES)
@pytest.mark.parametrize("text", ["BREAD", "7", "MW", "42"])
def test_letters_are_where_they_are_written(style, text):
    """There is ink in every letter's box, and none in the gap to the next one."""
    sprite = draw_sprite(make_sign(text, "green", style), 500, "green")
    located = locate_letters(text, Box(40, 30, 40 + sprite.size[0], 30 + sprite.size[1]))
    assert "".join(letter for letter, _ in located) == text
    ink = np.asarray(sprite.picture).astype(int).min(2) > 150  # paper on green
    for (_, box), (_, after) in zip(located, [*located[1:], located[-1]], strict=True):
        rows = slice(round(box.top) - 30, round(box.bottom) - 30)
        assert ink[rows, round(box.left) - 40 : round(box.right) - 40].mean() > 0.15
        if after is not box:
            assert ink[rows, round((box.right + after.left) / 2) - 40].mean() < 0.35


def test_a_canvas_is_the_composers_own(place):
    """The pixels are those of the library's pasted picture."""
    boxes = [Box(*placed.item.box.whole_pixels()) for placed in place.items[:3]]
    library = preprocess(Collage(boxes, 336).of(Image(place.picture)).picture)[0]
    assert (show_canvas(place, boxes).pixels == library).all()


def test_every_place_gives_as_many_inputs():
    """All of the vision tower's size, and hardly any twice."""
    rng = np.random.default_rng(0)
    inputs = list(sample_inputs(draw_sampled(4, rng), rng))
    assert len(inputs) == INPUTS_PER_PLACE
    assert all(each.pixels.shape == (SIDE, SIDE, 3) for each in inputs)
    assert len({each.pixels.tobytes() for each in inputs}) > INPUTS_PER_PLACE - 4


def test_things_are_pasted_over_others(place):
    """They are all there, and what lies behind them is seen less; the place stays as it was."""
    before, part = place.picture.tobytes(), Box(200, 100, 600, 500)
    hidden = found = 0
    for seed in range(24):
        shown = paste_things(place, part, np.random.default_rng(seed))
        again = paste_things(place, part, np.random.default_rng(seed))
        assert shown.picture.tobytes() == again.picture.tobytes()
        own = [placed.item for placed in place.items if placed.item.box.common(part)]
        kept, pasted = shown.items[: len(own)], shown.items[len(own) :]
        found += len(pasted)
        for old, new in zip(own, kept, strict=True):
            assert (new.item.name, new.item.colour) == (old.name, old.colour)
            assert new.item.visible <= old.visible + 1e-6
            hidden += new.item.visible < old.visible - 1e-6
        room = Box(0, 0, 400, 400)
        assert all(room.contains(placed.item.box) for placed in pasted)
        assert all(placed.item.visible >= 0.6 for placed in pasted)
    assert hidden
    assert found > 30
    assert place.picture.tobytes() == before


def test_a_crowd_is_as_small_as_in_a_whole_place(place):
    """Many things, each a few hundredths of the part's side."""
    part = Box(200, 0, 800, 600)
    own = sum(placed.item.box.common(part) is not None for placed in place.items)
    items = paste_things(place, part, np.random.default_rng(0), "crowd").items[own:]
    assert len(items) >= 15
    sides = [max(placed.item.box.width, placed.item.box.height) for placed in items]
    assert 12 <= min(sides) < max(sides) <= 0.05 * 600


def test_a_dataset_has_the_visible_things_of_each_input(tmp_path):
    """They are read back as they were written, and the same seed gives the same arrays."""
    dataset = render_crops(tmp_path / "one", DataConfig(1, 52, signs=1, workers=1))
    again = render_crops(tmp_path / "two", DataConfig(1, 52, signs=1, workers=1))
    assert len(dataset) == 2 * INPUTS_PER_PLACE
    reading = [dataset.visible_things(n) for n in range(INPUTS_PER_PLACE, len(dataset))]
    signs = [sum(thing.name == "sign" for thing in things) for things in reading]
    assert np.mean(np.array(signs) > 2) > 0.8  # large ones leave no room for many
    assert ((dataset.labels[INPUTS_PER_PLACE:, 2] > 0).sum(1) > 4).mean() > 0.9
    assert (dataset.pictures.data == again.pictures.data).all()
    things = [each for index in range(len(dataset)) for each in dataset.visible_things(index)]
    assert things
    assert all(0 <= each.visible <= 1.001 and each.colour in COLOURS for each in things)
    assert any(each.text for each in things)
    has_things = (dataset.labels[:, 0] > 0).any(1)
    assert (dataset.labels[~has_things] <= 0).all()


def test_names_say_where_how_many_and_of_which_colour(tmp_path):
    """In doubt they say nothing; the middle of whatever is clearly seen is a centre."""
    dataset = render_crops(tmp_path, DataConfig(1, 53, workers=1))
    facts = dataset.describe_names(np.arange(len(dataset)))
    centres = dataset.find_centres(np.arange(len(dataset)))
    told, grounds = set(), set()
    for index, (of_names, middles) in enumerate(zip(facts, centres, strict=True)):
        things = dataset.visible_things(index)
        clear = [thing for thing in things if thing.visible >= CLEARLY_VISIBLE]
        assert set(np.flatnonzero(middles)) == {_middle(thing) for thing in clear}
        for name, (column, row, colour, count, where) in zip(NAME_CLASSES, of_names, strict=True):
            own = [thing for thing in things if thing.name == name]
            doubtful = any(HARDLY_VISIBLE < t.visible < CLEARLY_VISIBLE for t in own)
            number = sum(thing.name == name for thing in clear)
            assert count == (-1 if doubtful or number > 6 else number)
            told.add(int(count))
            if len(own) == 1 and own[0] in clear:
                assert row * GRID + column == _middle(own[0])
                assert COLOUR_CLASSES[colour] == own[0].colour
                assert ("", *WHERE)[where + 1] == own[0].where
                grounds.add(int(where))
            else:
                assert (column, row, colour, where) == (-1, -1, -1, -1)
    assert told > {-1, 0, 1, 2}
    assert len(grounds) > 3


def _middle(thing):
    """Its patch, in the precision in which boxes are stored."""
    left, top, right, bottom = np.array(attrs.astuple(thing.box), np.float32)
    middle = ((left + right) / 2, (top + bottom) / 2)
    x, y = (min(int(side / PATCH_SIDE), GRID - 1) for side in middle)
    return y * GRID + x


@pytest.mark.parametrize("size", [(90, 90), (300, 100), (60, 200)])
def test_pictures_are_padded_to_a_square(size):
    """With grey, as the processor does."""
    pixels, _, left, top = preprocess(PIL.Image.new("RGB", size, "red"))
    assert pixels.shape == (SIDE, SIDE, 3)
    assert (pixels[0, 0] == (127 if left or top else (255, 0, 0))).all()
    assert (pixels[SIDE // 2, SIDE // 2] == (255, 0, 0)).all()


@pytest.mark.parametrize("size", [(640, 640), (640, 480), (480, 640)])
def test_tiles_fill_their_positions(place, size):
    """Every token of a tiled image is a patch or a newline, and none is both."""
    image = encode_tiled(place, Box(0, 0, *size), image_processor())
    patches = image.positions[image.positions >= 0]
    positions = [*patches.tolist(), *image.newlines.tolist()]
    assert sorted(positions) == list(range(image.length))


def test_tiles_have_the_labels_of_the_whole(place):
    """What is labelled on four tiles is what a vision tower of twice their side would see."""
    image = encode_tiled(place, Box(100, 100, 500, 500), image_processor())
    things = project_things(
        place.items,
        Box(100, 100, 500, 500),
        Box(0, 0, 2 * TILE.side, 2 * TILE.side),
        Frame(2 * TILE.side),
    )
    whole = label_patches(things, Frame(2 * TILE.side)).reshape(3, 2, TILE.grid, 2, TILE.grid)
    tiles = whole.transpose(0, 1, 3, 2, 4).reshape(3, 4, TILE.patches).transpose(1, 0, 2)
    same = (tiles == image.labels[1:]).mean()
    assert (tiles[:, 0] > 0).any()
    assert same > 0.99  # a thing on the edge of tiles is a part of itself in each


def test_pictures_are_decoded_by_their_indices(tmp_path, place):
    """As they were, but for what a JPEG loses, in any order."""
    sides = [(0, 0, 336, 336), (100, 50, 436, 386), (200, 100, 536, 436)]
    pixels = [np.asarray(place.picture.crop(each)) for each in sides]
    with PictureWriter(tmp_path) as writer:
        writer.write(map(encode_picture, pixels[:2]))
        writer.write(map(encode_picture, pixels[2:]))
    pictures = Pictures.open(tmp_path)
    assert len(pictures) == len(pixels)
    order = np.array([2, 0, 1, 0])
    for read, index in zip(pictures[order], order, strict=True):
        assert np.abs(read.astype(int) - pixels[index]).mean() < 4
