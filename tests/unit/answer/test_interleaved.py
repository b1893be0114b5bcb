"""The whole image with outlines, then each finding."""

from __future__ import annotations

import numpy as np

from tests.support.saying import saying
from visualcrop import Box, Finding, Question, Target, View
from visualcrop.answer.interleaved import Interleaved, draw_outlines
from visualcrop.testing import Bench

_ONE, _OTHER = Box(100, 100, 200, 200), Box(400, 300, 500, 420)
_FINDINGS = [Finding(Target("red mug"), _ONE), Finding(Target("key"), _OTHER)]


class TestInterleaved:
    """What the model is shown, in which order."""

    def test_whole_then_parts(self) -> None:
        """Text and views take turns; the parts are cut from the untouched image."""
        model, toy = saying("red")
        image = Bench.set_up().scene.image
        Interleaved().compose(Question("What colour?", image), _FINDINGS, model)
        assert toy.asked[0].parts == (
            "The whole image, with red outlines:",
            View.whole(draw_outlines(image, [_ONE, _OTHER], "red")),
            "The outlined part with the red mug:",
            View(image, _ONE),
            "The outlined part with the key:",
            View(image, _OTHER),
            "What colour?",
        )

    def test_another_colour_if_red_is_taken(self) -> None:
        """Where the question speaks of a red box, outlines are blue, and said to be."""
        model, toy = saying("yes")
        image = Bench.set_up().scene.image
        Interleaved().compose(Question("Is it in the red box?", image), _FINDINGS, model)
        said, view, *_ = toy.asked[0].parts
        assert said == "The whole image, with blue outlines:"
        assert view == View.whole(draw_outlines(image, [_ONE, _OTHER], "blue"))

    def test_nothing_found(self) -> None:
        """The whole image is shown, without outlines and without talk of them."""
        model, toy = saying("red")
        bench = Bench.set_up()
        Interleaved().compose(Question("What colour?", bench.scene.image), [], model)
        assert toy.asked[0].parts == (bench.whole, "What colour?")

    def test_the_image_is_left_as_it_is(self) -> None:
        """Outlines are drawn on a copy."""
        image = Bench.set_up().scene.image
        before = np.asarray(image.picture).copy()
        Interleaved().compose(Question("What colour?", image), _FINDINGS, saying("red")[0])
        assert np.array_equal(np.asarray(image.picture), before)
