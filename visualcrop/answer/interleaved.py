"""Answer from the whole image with outlines, and a crop of each finding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import attrs

from ..budget import BudgetedModel
from ..geometry import Box
from ..image import DrawnImage, Image
from ..interfaces import AnswerComposer
from ..prompt import Part
from ..protocol import Inference
from ..values import Answer, Finding, Question, View
from .reply import inference_option, max_new_tokens_option, reply

_COLOURS = ("red", "blue", "lime", "yellow", "magenta")
_SHAPES = ("box", "rectangle", "frame", "outline")


@attrs.frozen
class Interleaved(AnswerComposer):
    """Show the whole image with every finding outlined, then each finding. One pass."""

    name = "interleaved"

    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        parts: list[Part] = [View.whole(question.image)]
        if findings:
            colour = choose_outline_colour(question.text)
            image = draw_outlines(question.image, [finding.box for finding in findings], colour)
            parts = [f"The whole image, with {colour} outlines:", View.whole(image)]
        for finding in findings:
            parts += [
                f"The outlined part with the {finding.target.text}:",
                View(question.image, finding.box),
            ]
        return reply(question, parts, model, self.inference, self.max_new_tokens, findings=findings)


def draw_outlines(image: Image, boxes: Sequence[Box], colour: str) -> Image:
    """A copy of *image* with a frame just inside each box."""
    from PIL import ImageDraw  # with fonts, which no start-up needs

    again = partial(draw_outlines, boxes=tuple(boxes), colour=colour)
    copy = image.picture.copy()
    draw, width = ImageDraw.Draw(copy), max(2, max(copy.size) // 200)
    for box in boxes:
        left, top, right, bottom = box.whole_pixels()
        draw.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=width)
    return DrawnImage(copy, image, again)


def choose_outline_colour(question: str) -> str:
    """Red, unless the question itself speaks of a red box, rectangle or frame."""
    words = [word for word in question.lower().split() if word != "bounding"]
    taken = {_last_word_part(one) for one, after in pairwise(words) if after.startswith(_SHAPES)}
    return next((colour for colour in _COLOURS if colour not in taken), _COLOURS[0])


def _last_word_part(word: str) -> str:
    """The last part of a compound: "red" of "dark-red"."""
    return "".join(c if c.isalnum() else " " for c in word).rpartition(" ")[2]
