"""Findings pasted side by side."""

from __future__ import annotations

from tests.support.saying import saying
from visualcrop import Answer, Box, Finding, Target, View
from visualcrop.answer.canvas import Canvas
from visualcrop.answer.collage import Collage
from visualcrop.testing import Bench

_ONE, _OVER = Box(0, 0, 100, 100), Box(50, 50, 150, 150)


def _answer(boxes: list[Box], *, every: bool) -> Answer:
    model, _ = saying("red")
    findings = [Finding(Target("mug", every), box) for box in boxes]
    return Canvas(cell=60).compose(Bench.set_up().asked.question, findings, model)


class TestCanvas:
    """What the model is shown."""

    def test_nothing_found(self) -> None:
        """The whole image is shown."""
        assert _answer([], every=False).shown == (Bench.set_up().whole,)

    def test_even_one_is_pasted(self) -> None:
        """One finding is the whole canvas, a cell long."""
        (view,) = _answer([_ONE], every=False).shown
        assert (view.image.width, view.image.height) == (60, 60)

    def test_joins_many_of_a_kind_only(self) -> None:
        """Overlapping instances are joined; overlapping targets each have a cell."""
        image = Bench.set_up().scene.image
        (joined,) = _answer([_ONE, _OVER], every=True).shown
        assert joined == View.whole(Collage([Box(0, 0, 150, 150)], 60).of(image))
        (apart,) = _answer([_ONE, _OVER], every=False).shown
        assert apart == View.whole(Collage([_ONE, _OVER], 60).of(image))
