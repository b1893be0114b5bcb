"""The compact canvas, pixel by pixel, against loops that know nothing of strips."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.refusals import refused
from visualcrop import Box, Finding, Image, Question, Target, errors
from visualcrop.testing import Bench
from visualcrop_hide import Compact, CompactCanvas

WIDTH, HEIGHT = 23, 17
PIXELS = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
IMAGE = Image.open(PIXELS)
GREY = 255  # which no pixel of the image is


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """A box in the image, whose edges may lie within pixels."""
    left, top = draw(st.floats(0, WIDTH - 1)), draw(st.floats(0, HEIGHT - 1))
    right, bottom = draw(st.floats(left + 0.1, WIDTH)), draw(st.floats(top + 0.1, HEIGHT))
    return Box(left, top, right, bottom)


few = settings(max_examples=40)
SOME = st.lists(boxes(), min_size=1, max_size=6)


def joined(given: list[Box]) -> list[tuple[int, int, int, int]]:
    """Rectangles of whole pixels; two that overlap or touch become one, until none do."""
    found = [box.whole_pixels() for box in given]
    for one in found:
        for other in found:
            apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
            if one is not other and not apart:
                both = (*map(min, one[:2], other[:2]), *map(max, one[2:], other[2:]))
                rest = [box for box in found if box is not one and box is not other]
                return joined([Box(*sides) for sides in (*rest, both)])
    return sorted(found)


@few
@given(SOME)
def test_canvas_is_the_image_without_what_nothing_covers(given: list[Box]) -> None:
    """Rows and columns of pixels that are in no box are deleted; other pixels outside are grey."""
    inside = np.zeros((HEIGHT, WIDTH), bool)
    for left, top, right, bottom in joined(given):
        inside[top:bottom, left:right] = True
    shown = np.where(inside[..., None], PIXELS, GREY)
    kept = shown[inside.any(1)][:, inside.any(0)]

    canvas = CompactCanvas.of(given, IMAGE)
    assert np.array_equal(canvas.draw(IMAGE).pixels, kept)
    assert canvas.size == (kept.shape[1], kept.shape[0])


@few
@given(SOME)
def test_boxes_are_joined_as_by_hand(given: list[Box]) -> None:
    """None overlaps or touches another, and each that was given lies in one."""
    canvas = CompactCanvas.of(given, IMAGE)
    assert [box.whole_pixels() for box in canvas.boxes] == joined(given)
    assert all(any(box.contains(each) for box in canvas.boxes) for each in given)


@few
@given(SOME)
def test_each_pixel_of_the_canvas_is_found_in_the_image(given: list[Box]) -> None:
    """What is shown there is what the image shows here; grey is outside of all boxes."""
    canvas = CompactCanvas.of(given, IMAGE)
    drawn = canvas.draw(IMAGE).pixels
    for y, x in np.ndindex(drawn.shape[:2]):
        across, down = canvas.locate(x, y)
        pixel = Box(across, down, across + 1, down + 1)
        if (drawn[y, x] == GREY).all():
            assert not any(box.common(pixel) for box in canvas.boxes)
        else:
            assert np.array_equal(drawn[y, x], PIXELS[down, across])


@few
@given(SOME)
def test_order_and_sizes_stay(given: list[Box]) -> None:
    """Boxes do not overlap on the canvas, and what was left of another or above it still is."""
    canvas = CompactCanvas.of(given, IMAGE)
    pairs = [(box, canvas.place(box)) for box in canvas.boxes]
    for box, place in pairs:
        assert (place.width, place.height) == (box.width, box.height)
        assert canvas.locate(int(place.left), int(place.top)) == (box.left, box.top)
        for other, beside in pairs:
            assert other == box or not place.common(beside)
            assert (box.right <= other.left) == (place.right <= beside.left)
            assert (box.bottom <= other.top) == (place.bottom <= beside.top)


def test_canvas_is_drawn_again_from_the_image() -> None:
    """Elsewhere too: what was shown is made from the image when it is looked at, not kept."""
    canvas = CompactCanvas.of([Box(1, 1, 5, 5), Box(10, 10, 12, 12)], IMAGE)
    drawn = canvas.draw(IMAGE, 9)
    again = pickle.loads(pickle.dumps(drawn.draw))
    assert drawn.base is IMAGE
    assert again(Image.open(PIXELS)) == drawn


class TestComposer:
    """What the model is shown."""

    def shown(self, compact: Compact, *found: Box) -> list[tuple[int, int]]:
        """The sizes of the pictures, in their order."""
        bench = Bench.set_up()
        question = Question("What is there?", IMAGE)
        findings = [Finding(Target("mug"), box) for box in found]
        answer = compact.compose(question, findings, bench.model)
        assert list(answer.findings) == findings
        return [view.size for view in answer.shown]

    def test_is_the_image_and_then_the_canvas(self) -> None:
        """With `original` off it is the canvas alone."""
        some = Box(1, 1, 5, 5), Box(10, 10, 12, 12)
        assert self.shown(Compact(), *some) == [(WIDTH, HEIGHT), (6, 6)]
        assert self.shown(Compact(original=False), *some) == [(6, 6)]

    def test_of_everything_is_the_image_once(self) -> None:
        """And so it is where nothing was found."""
        for compact in (Compact(), Compact(original=False)):
            assert self.shown(compact, IMAGE.box) == [(WIDTH, HEIGHT)]
            assert self.shown(compact) == [(WIDTH, HEIGHT)]

    def test_a_box_outside_the_image_is_refused(self) -> None:
        """One sentence says which."""
        outside = Box(50, 50, 60, 60)
        assert "lies outside" in refused(errors.ImageError, CompactCanvas.of, [outside], IMAGE)


@pytest.mark.parametrize("grey", [-1, 256])
def test_grey_is_a_byte(grey: int) -> None:
    """Another one is refused."""
    with pytest.raises(errors.SpecError, match="background must be from 0 to 255"):
        Compact(background=grey)
