"""HiDe's canvas: the found parts of an image, closed up where nothing was found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from itertools import accumulate

import attrs
import PIL.Image

from visualcrop import Answer, Box, BudgetedModel, Finding, Image, Question, View
from visualcrop.plugin import (
    AnswerComposer,
    DrawnImage,
    Inference,
    between,
    inference_option,
    max_new_tokens_option,
    merge_boxes,
    option,
    reply,
)


@attrs.frozen
class Compact(AnswerComposer):
    """Show the image, then a canvas of the findings without what is between (HiDe). One pass."""

    name = "compact"

    original: bool = option(True, help="show the whole image before the canvas")
    background: int = option(
        255, help="grey of the canvas where there is no finding", validator=between(0, 255)
    )
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        image, shown = question.image, []
        if findings:
            canvas = CompactCanvas.of([finding.box for finding in findings], image)
            if canvas.boxes != (image.box,):  # or else it would be the image again
                shown = [View.whole(canvas.draw(image, self.background))]
        if self.original or not shown:
            shown = [View.whole(image), *shown]
        return reply(question, shown, model, self.inference, self.max_new_tokens, findings=findings)


@attrs.frozen
class Strip:
    """Pixels [start, stop) of the image's width or height, at *at* on the canvas."""

    start: int
    stop: int
    at: int


@attrs.frozen
class CompactCanvas:
    """
    Boxes of an image, with every row and column of pixels taken out that none of them covers.

    Each box keeps its size, and the order from left to right and from top to bottom stays.
    """

    boxes: tuple[Box, ...]  # in whole pixels of the image; no two overlap or touch

    @classmethod
    def of(cls, boxes: Sequence[Box], image: Image) -> CompactCanvas:
        """A canvas of *boxes*, one at least; those that overlap or touch are joined."""
        # Half a pixel more on each side makes those overlap that touch.
        wider = [Box(*image.rectangle(box)).expanded(0.5) for box in boxes]
        merged = (box.expanded(-0.5).whole_pixels() for box in merge_boxes(wider))
        return cls(tuple(Box(*sides) for sides in sorted(merged)))

    @cached_property
    def columns(self) -> tuple[Strip, ...]:
        """Columns of pixels that are kept, from left to right."""
        return _close_gaps([(int(box.left), int(box.right)) for box in self.boxes])

    @cached_property
    def rows(self) -> tuple[Strip, ...]:
        """Rows of pixels that are kept, from top to bottom."""
        return _close_gaps([(int(box.top), int(box.bottom)) for box in self.boxes])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas."""
        across, down = self.columns[-1], self.rows[-1]
        return across.at + across.stop - across.start, down.at + down.stop - down.start

    def place(self, box: Box) -> Box:
        """Where *box*, one of `boxes` or a part of it, lies on the canvas."""
        left, top = _find_on_canvas(self.columns, box.left), _find_on_canvas(self.rows, box.top)
        return Box(left, top, left + box.width, top + box.height)

    def locate(self, x: int, y: int) -> tuple[int, int]:
        """The pixel of the image that lies at (*x*, *y*) of the canvas, be it shown or not."""
        return _find_in_image(self.columns, x), _find_in_image(self.rows, y)

    def draw(self, image: Image, background: int = 255) -> DrawnImage:
        """The canvas with the pixels of *image*."""
        canvas = PIL.Image.new("RGB", self.size, (background,) * 3)
        for box in self.boxes:
            left, top, _, _ = self.place(box).whole_pixels()
            canvas.paste(image.crop(box), (left, top))
        return DrawnImage(canvas, image, partial(self.draw, background=background))


def _close_gaps(spans: Sequence[tuple[int, int]]) -> tuple[Strip, ...]:
    """The union of *spans* in strips, one right after the other."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(stop, joined[-1][1])
        else:
            joined.append((start, stop))
    places = accumulate((stop - start for start, stop in joined), initial=0)
    return tuple(Strip(*span, at) for span, at in zip(joined, places, strict=False))


def _find_on_canvas(strips: Sequence[Strip], pixel: float) -> float:
    strip = next(strip for strip in strips if strip.start <= pixel < strip.stop)
    return strip.at + pixel - strip.start


def _find_in_image(strips: Sequence[Strip], pixel: int) -> int:
    strip = next(strip for strip in reversed(strips) if strip.at <= pixel)
    return strip.start + pixel - strip.at
