"""One crop over all that was found, or a canvas."""

from __future__ import annotations

import attrs
import numpy as np

from tests.support.saying import saying
from visualcrop import Answer, Box, Finding, Image, Question, Target, View
from visualcrop.answer.collage import Collage
from visualcrop.answer.crop import Crop

_IMAGE = Image.open(np.random.default_rng(0).integers(0, 255, (600, 2000, 3), np.uint8))
_ONE, _NEAR, _FAR = Box(0, 0, 100, 100), Box(300, 400, 400, 500), Box(1300, 0, 1400, 100)


def _answer(boxes: list[Box], crop: Crop = Crop(), *, every: bool = False) -> Answer:  # noqa: B008
    model, _ = saying("red")
    findings = [Finding(Target(f"mug {i}", every), box) for i, box in enumerate(boxes)]
    return crop.compose(Question("What colour?", _IMAGE), findings, model)


def _shown(boxes: list[Box], crop: Crop = Crop(), *, every: bool = False) -> View:  # noqa: B008
    (view,) = _answer(boxes, crop, every=every).shown
    return view


class TestOneEach:
    """Targets of which there is one."""

    def test_nothing_found(self) -> None:
        """The whole image is shown."""
        assert _shown([]) == View.whole(_IMAGE)

    def test_one(self) -> None:
        """Its box is shown."""
        assert _shown([_ONE]) == View(_IMAGE, _ONE)

    def test_several_near(self) -> None:
        """The smallest box around all of them is shown."""
        assert _shown([_NEAR, _ONE]) == View(_IMAGE, Box(0, 0, 400, 500))

    def test_any_two_far_apart(self) -> None:
        """A canvas is shown as soon as two centres are farther apart than the limit."""
        canvas = View.whole(Collage([_ONE, _NEAR, _FAR], 336).of(_IMAGE))
        assert _shown([_ONE, _NEAR, _FAR]) == canvas

    def test_exactly_at_the_limit(self) -> None:
        """Centres at the distance itself are near; a pixel less of limit, and they are far."""
        assert _shown([_ONE, _NEAR], Crop(t_obj_dist=500)).image == _IMAGE
        assert _shown([_ONE, _NEAR], Crop(t_obj_dist=499)).image != _IMAGE

    def test_the_cell_is_an_option(self) -> None:
        """The canvas is made of cells of that size."""
        assert _shown([_ONE, _FAR], Crop(cell=50)).box == Box(0, 0, 100, 50)


class TestEvery:
    """Targets of which there may be many."""

    def test_overlapping_ones_become_one(self) -> None:
        """Boxes that overlap are joined, and if one is left it is shown as it is."""
        view = _shown([_ONE, Box(50, 50, 150, 150)], every=True)
        assert view == View(_IMAGE, Box(0, 0, 150, 150))

    def test_others_share_a_canvas(self) -> None:
        """Boxes apart are pasted, however near, after those that overlap are joined."""
        view = _shown([_ONE, Box(50, 50, 150, 150), _NEAR], every=True)
        assert view == View.whole(Collage([Box(0, 0, 150, 150), _NEAR], 336).of(_IMAGE))


class TestBothTypes:
    """One thing, and all of another kind."""

    def test_go_as_many_do(self) -> None:
        """The one is joined with others that it overlaps, and pasted beside the rest."""
        one = Finding(Target("spoon"), _ONE)
        mugs = [Finding(Target("mugs", True), box) for box in (Box(50, 50, 150, 150), _NEAR)]
        (view,) = Crop().compose(Question("?", _IMAGE), [one, *mugs], saying("red")[0]).shown
        assert view == View.whole(Collage([Box(0, 0, 150, 150), _NEAR], 336).of(_IMAGE))


class TestAnswer:
    """What is said of it."""

    def test_keeps_its_findings(self) -> None:
        """All findings are in the answer, joined or not."""
        answer = _answer([_ONE, _NEAR])
        assert [finding.box for finding in answer.findings] == [_ONE, _NEAR]
        assert answer.text == "red"

    def test_costs_one_pass(self) -> None:
        """A single request, of a single view, with the question after it."""
        model, toy = saying("red")
        question = Question("What colour?", _IMAGE)
        attrs.evolve(Crop(), max_new_tokens=5).compose(question, [], model)
        assert (toy.passes, toy.most) == (1, [5])
        assert toy.asked[0].parts == (View.whole(_IMAGE), "What colour?")
