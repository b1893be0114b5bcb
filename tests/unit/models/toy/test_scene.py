"""The toy model's world, and the questions about it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from visualcrop.models.toy.scene import COLOURS, KINDS
from visualcrop.testing import Bench, Scene

_SCENES = [Bench.set_up(seed).scene for seed in range(6)]


@pytest.mark.parametrize("scene", _SCENES)
class TestScene:
    """An image, what is in it, and three questions."""

    def test_things_are_where_they_are_said_to_be(self, scene: Scene) -> None:
        """Each box holds a frame in its kind's colour round a core of its own, and none overlap."""
        for thing in scene.things:
            left, top, right, bottom = thing.box.whole_pixels()
            assert tuple(scene.image.pixels[top, left]) == KINDS[thing.kind]
            middle = scene.image.pixels[(top + bottom) // 2, (left + right) // 2]
            assert tuple(middle) == COLOURS[thing.colour]
        assert not any(a.box.common(b.box) for a, b in combinations(scene.things, 2))

    def test_things_are_small(self, scene: Scene) -> None:
        """Each is about 36 pixels wide, of 1536."""
        assert all(30 <= thing.box.width <= 42 for thing in scene.things)
        assert (scene.image.width, scene.image.height) == (1536, 1024)

    def test_questions_have_one_right_answer(self, scene: Scene) -> None:
        """The answer is among the choices once, and no thing asked for by itself has a double."""
        for asked in scene.questions:
            assert asked.question.choices.count(asked.answer) == 1
            assert len(set(asked.question.choices)) == len(asked.question.choices)
        kinds = [thing.kind for thing in scene.things]
        assert [kinds.count(kind) for kind in kinds[:2]] == [1, 1]

    def test_answers_are_true(self, scene: Scene) -> None:
        """Colour, side and number are those of the things."""
        attribute, relation, count = scene.questions
        first, second, third = scene.things[:3]
        assert attribute.answer == first.colour
        assert (relation.answer == "left") == (first.box.centre < second.box.centre)
        same = tuple(thing.box for thing in scene.things if thing.kind == third.kind)
        assert (count.answer, count.boxes) == (str(len(same)), same)


class TestDraw:
    """Making a scene."""

    def test_same_seed_same_scene(self) -> None:
        """A scene is its seed's; another seed's is another."""
        assert Scene.draw(5).image == Scene.draw(5).image
        assert Scene.draw(5).questions == Scene.draw(5).questions
        assert Scene.draw(5).image != Scene.draw(6).image

    def test_size_is_given(self) -> None:
        """Image and things are as large as asked for."""
        scene = Scene.draw(0, width=700, height=500, side=60)
        assert scene.image.pixels.shape == (500, 700, 3)
        assert np.mean([thing.box.width for thing in scene.things]) == pytest.approx(60, abs=6)
