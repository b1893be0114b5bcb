"""Scenes are reproducible, and the things in them are where their boxes are."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from visualcrop import Box
from visualcrop_tiny.scenes import COLOURS, KINDS, PLATE, draw_plan, draw_scene, plan_scene


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_scene(kind):
    """Pixels and things depend on seed, size and kind alone."""
    one, other = draw_scene(7, 800, 600, kind), draw_scene(7, 800, 600, kind)
    assert one.things == other.things
    assert one.picture.tobytes() == other.picture.tobytes()
    assert draw_scene(8, 800, 600, kind).things != one.things


def test_a_plan_has_the_things_that_are_drawn():
    """Questions need no picture: the plan has the very things of the scene."""
    planned = plan_scene(3, 1024, 1024, "count")
    scene = draw_plan(planned)
    assert scene.things == planned.things
    assert scene.subject_count == planned.subject_count
    assert scene.picture.tobytes() == draw_scene(3, 1024, 1024, "count").picture.tobytes()


@pytest.mark.parametrize("size", [(768, 768), (2048, 1536), (4096, 4096)])
def test_things_lie_apart_and_inside(size):
    """No box touches another, and none leaves the picture."""
    for seed in range(4):
        boxes = [thing.box for thing in plan_scene(seed, *size).things]
        assert all(Box(0, 0, *size).contains(box) for box in boxes)
        assert not any(a.common(b) for a in boxes for b in boxes if a is not b)


def test_each_thing_has_its_colour_where_its_box_is():
    """The middle of a disk or a square is near the colour of its name."""
    for seed in range(6):
        scene = draw_scene(seed, 1024, 1024)
        for thing in scene.things:
            if thing.shape in {"disk", "square"}:
                x, y = map(int, thing.box.centre)
                seen = np.array(scene.picture.getpixel((x, y)), float)
                named = np.array(COLOURS[thing.colour], float)
                assert np.abs(seen / seen.max() - named / named.max()).max() < 0.3


def test_small_things_are_too_small_for_the_vision_tower():
    """In a picture of 2048 pixels a thing is at most 40 wide, a patch has 146."""
    for seed in range(20):
        assert all(thing.box.width <= 40 for thing in plan_scene(seed, 2048, 2048).things)


def test_the_subjects_fit_the_kind():
    """One of its shape, two that differ, all of one shape, a plate, or one that is large."""
    for seed in range(20):
        things = plan_scene(seed, 2048, 2048, "attribute").things
        assert sum(t.shape == things[0].shape for t in things) == 1
        first, second = plan_scene(seed, 2048, 2048, "relation").things[:2]
        assert first.shape != second.shape
        many = plan_scene(seed, 2048, 2048, "count")
        assert many.subject_count == sum(t.shape == many.things[0].shape for t in many.things)
        assert plan_scene(seed, 2048, 2048, "detail").things[0].shape == PLATE
        assert plan_scene(seed, 2048, 2048, "large").things[0].box.height > 400


def test_the_colour_seen_most_is_no_hint():
    """Guessing a thing's colour from how often each is in sight is right as often as of four."""
    right = 0
    for seed in range(400):
        things = plan_scene(seed, 2048, 2048, "attribute").things
        seen = Counter(thing.colour for thing in things)
        right += seen[things[0].colour] == max(seen.values()) and 1 / _ties(seen)
    assert 0.2 < right / 400 < 0.3


def _ties(seen):
    return sum(count == max(seen.values()) for count in seen.values())
