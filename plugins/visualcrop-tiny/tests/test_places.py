"""Places are reproducible, and named things are where their boxes and masks say."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop import Box
from visualcrop_tiny.world import COLOURS, THINGS, nearest_colour
from visualcrop_tiny.world.places import PLACES, Mood, PlaceSpec, Wish, absent_from, draw_place

SIZE = (800, 600)


@pytest.fixture(scope="module", params=PLACES)
def scenes(request):
    """Some pictures of each place."""
    return [draw_place(request.param, seed, SIZE) for seed in range(2)]


@pytest.mark.parametrize("kind", PLACES)
def test_the_same_seed_draws_the_same_place(kind):
    """Pixels, things and masks depend on the arguments alone; another seed has other things."""
    one, same, other = (draw_place(kind, seed, (400, 300)) for seed in (7, 7, 8))
    assert one.image.tobytes() == same.image.tobytes()
    assert one.items == same.items
    assert all((a.mask == b.mask).all() for a, b in zip(one.items, same.items, strict=True))
    assert [item.name for item in one.items] != [item.name for item in other.items]
    assert np.abs(one.image.astype(int) - other.image).mean() > 5


def test_there_is_something_to_find(scenes):
    """20 to 45 named things, all in the picture and mostly in sight, at several parts of it."""
    for scene in scenes:
        assert scene.image.shape == (SIZE[1], SIZE[0], 3)
        assert 20 <= len(scene.items) <= 45
        assert len({item.where for item in scene.items}) >= 3
        for item in scene.items:
            assert Box(0, 0, *SIZE).contains(item.box)
            assert item.name in THINGS or (item.name == "sign" and item.text)
            assert item.colour in COLOURS
            assert item.visible >= 0.55
            if item.name != "sign":
                assert 0.021 < max(item.box.width, item.box.height) / SIZE[0] < 0.039


def test_masks_fit_their_boxes(scenes):
    """A mask has one value for each pixel of its box, and is full where a thing is seen."""
    for item in (item for scene in scenes for item in scene.items):
        assert item.mask.shape == (item.box.height, item.box.width)
        assert item.mask.max() > 200
        if item.visible > 0.995:
            assert item.mask[0].any()
            assert item.mask[-1].any()
            assert item.mask[:, 0].any()
            assert item.mask[:, -1].any()


def test_what_is_seen_has_the_colour_of_its_name(scenes):
    """Behind nearly every mask most pixels are nearer to its colour than to any other one."""
    right = total = 0
    for scene in scenes:
        for item in scene.items:
            if item.name == "sign":
                continue
            box = item.box
            part = scene.image[box.top : box.bottom, box.left : box.right][item.mask > 250]
            named = [nearest_colour(pixel) for pixel in part[:: max(1, len(part) // 40)]]
            votes = {name: named.count(name) for name in COLOURS}
            right += votes[item.colour] >= 0.3 * len(named)
            total += 1
    assert right >= 0.85 * total


@pytest.mark.parametrize("kind", PLACES)
def test_wishes_are_there(kind):
    """What a question needs can be asked for, with its colour and word."""
    wishes = [
        Wish("teapot", "green"),
        Wish("teapot", "red"),
        Wish("key", "purple"),
        Wish("sign", "blue", "OPEN"),
    ]
    there = {(i.name, i.colour, i.text) for i in draw_place(kind, 3, SIZE, wishes=wishes).items}
    assert there.issuperset((wish.name, wish.colour, wish.text) for wish in wishes)


@pytest.mark.parametrize("kind", PLACES)
def test_density_is_how_much_there_is(kind):
    """Half the density has fewer things."""
    sparse, dense = (len(draw_place(kind, 5, (400, 300), share).items) for share in (0.4, 1.2))
    assert sparse < dense


@pytest.mark.parametrize("kind", PLACES)
def test_a_plan_has_the_items_of_the_picture(kind):
    """Without painting, each thing is where it is drawn, and hidden as far."""
    wishes = (Wish("teapot", "green"), Wish("cat", "red", side=90))
    spec = PlaceSpec(kind, 4, (500, 400), wishes=wishes, without=("key",), scale=0.8)
    drawn, planned = spec.draw().items, spec.plan()
    assert planned == drawn
    assert all((a.mask == b.mask).all() for a, b in zip(planned, drawn, strict=True))


@pytest.mark.parametrize("kind", PLACES)
def test_what_is_unwanted_is_there_only_as_a_wish(kind):
    """Names that a place is to be without are those of wishes, or of nothing."""
    wishes = (Wish("teapot", "green"), Wish("sign", "red", "INN"))
    wanted = {"cup", "cat", "hat", "kite", "bottle", "duck"}
    without = (*(name for name in THINGS if name not in wanted), "sign")
    items = PlaceSpec(kind, 6, SIZE, wishes=wishes, without=without).plan()
    others = [item for item in items if item.name not in wanted]
    assert sorted(item.name for item in others) == ["sign", "teapot"]
    assert not {item.name for item in items} & absent_from(kind)


@pytest.mark.parametrize("kind", PLACES)
def test_a_thing_stands_beside_another(kind):
    """In most pictures, less than its own width away, and as low."""
    wish = Wish("cup", "red", beside=Wish("hat", "blue"))
    near = 0
    for seed in range(5):
        items = PlaceSpec(kind, seed, SIZE, wishes=(wish,), without=("cup", "hat")).plan()
        boxes = {item.name: item.box for item in items if item.name in {"cup", "hat"}}
        if len(boxes) == 2:
            gap = max(boxes["cup"].left, boxes["hat"].left)
            gap -= min(boxes["cup"].right, boxes["hat"].right)
            near += gap < 8 and abs(boxes["cup"].bottom - boxes["hat"].bottom) <= 1
    assert near >= 3


@pytest.mark.parametrize("kind", PLACES)
def test_a_thing_can_be_large(kind):
    """A wish may say how large it is; nothing else grows."""
    items = PlaceSpec(kind, 2, SIZE, 1.0, (Wish("cat", "red", side=95),), ("cat",)).plan()
    sides = {item.name: max(item.box.width, item.box.height) for item in items}
    assert abs(sides.pop("cat") - 76) <= 1
    assert max(side for name, side in sides.items() if name != "sign") < 0.039 * SIZE[0]


@pytest.mark.parametrize("kind", ["writing-desk", "shelf-wall"])
def test_it_does_not_snow_indoors(kind, monkeypatch):
    """Snow and rain fall on what is under the sky."""
    pictures = []
    for weather in ("snow", "mist"):
        monkeypatch.setattr(Mood, "sample", lambda *_, w=weather, **__: Mood("noon", w))
        pictures.append(draw_place(kind, 1, (400, 300)).image)
    assert (pictures[0] == pictures[1]).all()
