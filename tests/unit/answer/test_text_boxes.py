"""Places said in words."""

from __future__ import annotations

import pytest

from tests.support.mangled import picture
from tests.support.saying import saying
from visualcrop import Box, Finding, Image, Question, Target, View
from visualcrop.answer.text_boxes import TextBoxes, format_box

_IMAGE = Image.open(picture(200, 100))


class TestTextBoxes:
    """What the model is shown, in which order."""

    def test_untouched_image_then_parts(self) -> None:
        """The first view is the image itself, so that its prefix can be reused; boxes are text."""
        model, toy = saying("red")
        box = Box(50, 10, 80, 22)
        found = [Finding(Target("mug"), box)]
        answer = TextBoxes().compose(Question("What colour?", _IMAGE), found, model)
        assert toy.asked[0].parts == (
            View.whole(_IMAGE),
            "The part at [0.25, 0.10, 0.40, 0.22] with the mug:",
            View(_IMAGE, box),
            "What colour?",
        )
        assert answer.findings == tuple(found)

    def test_nothing_found(self) -> None:
        """The whole image alone."""
        model, toy = saying("red")
        TextBoxes().compose(Question("What colour?", _IMAGE), [], model)
        assert toy.asked[0].parts == (View.whole(_IMAGE), "What colour?")


class TestInWords:
    """A box as parts of the image's sides."""

    @pytest.mark.parametrize(
        ("box", "words"),
        [
            (Box(0, 0, 200, 100), "[0.00, 0.00, 1.00, 1.00]"),
            (Box(1, 1, 3, 3), "[0.01, 0.01, 0.01, 0.03]"),
            (Box(100, 25, 150, 50), "[0.50, 0.25, 0.75, 0.50]"),
        ],
    )
    def test_left_top_right_bottom(self, box: Box, words: str) -> None:
        """In that order, to a hundredth, whatever the image's shape."""
        assert format_box(box, _IMAGE) == words
