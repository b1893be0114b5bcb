"""Boxes drawn on a copy of the image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.support.drawn import boxes
from visualcrop import Box, Image
from visualcrop.answer.interleaved import choose_outline_colour, draw_outlines

_DARK = Image.open(np.zeros((100, 120, 3), np.uint8))


class TestOutlined:
    """The frame."""

    def test_lies_along_the_box(self) -> None:
        """Two pixels wide, within the box's own, and nothing inside it is painted."""
        found = draw_outlines(_DARK, [Box(10, 20, 40, 60)], "red").pixels
        red = (found == (255, 0, 0)).all(axis=2)
        expected = np.zeros((100, 120), bool)
        expected[20:60, 10:40] = True
        expected[22:58, 12:38] = False
        assert np.array_equal(red, expected)

    def test_grows_with_the_image(self) -> None:
        """On 4000 pixels a frame is 20 wide, so that it survives being shrunk."""
        large = Image.open(np.zeros((10, 4000), np.uint8))
        found = draw_outlines(large, [Box(0, 0, 4000, 10)], "red").pixels[..., 0]
        assert (found == 255).all()

    @given(boxes(within=99))
    def test_survives_any_box(self, box: Box) -> None:
        """Of a pixel, or over the border: there is a frame, and the image keeps its size."""
        found = draw_outlines(_DARK, [box], "lime")
        assert (found.width, found.height) == (120, 100)
        assert (found.pixels[..., 1] == 255).any()


class TestOutlineColour:
    """Red, unless the question has taken it."""

    @pytest.mark.parametrize(
        "question",
        ["What is in the red box?", "in the RED bounding box", "the red  frames", "red outline"],
    )
    def test_is_blue_if_red_is_taken(self, question: str) -> None:
        """A red box, rectangle, frame or outline, in any case."""
        assert choose_outline_colour(question) == "blue"

    @pytest.mark.parametrize(
        "question", ["What colour is it?", "the blue box", "Is the mug red?", "red mug on a box"]
    )
    def test_is_red_else(self, question: str) -> None:
        """Red things and boxes of other colours are no reason."""
        assert choose_outline_colour(question) == "red"

    def test_goes_on_to_the_next(self) -> None:
        """The first colour that nobody speaks of; with all of them taken, red."""
        assert choose_outline_colour("red box or blue frame or lime box") == "yellow"
        every = "red box, blue box, lime box, yellow box, magenta box"
        assert choose_outline_colour(every) == "red"
