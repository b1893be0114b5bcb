"""The answer from the whole image with the region framed, and from the region."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import PIL.Image

from visualcrop import Answer, Box, BudgetedModel, Finding, Image, Question, Target, View
from visualcrop.plugin import (
    AnswerComposer,
    Inference,
    between,
    draw_outlines,
    inference_option,
    max_new_tokens_option,
    option,
    reply,
)

_MAIN = "This is the main image, and the section enclosed by the red rectangle is the focus region."
_ZOOMED = "This is the zoomed-in view of the focus region."


@attrs.frozen
class FocusRegion(AnswerComposer):
    """Show the whole image with each target framed, then one crop over all. One pass."""

    name = "focus-region"

    side: int | None = option(
        1344,
        help="pixels to which the crop's longer side is resized; none leaves it",
        validator=between(8, 8192),
    )
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        parts: list[str | View] = [View.whole(question.image)]
        if findings:
            frames = list(join_boxes(findings).values())
            framed = draw_outlines(question.image, frames, "red")
            crop = self._resize(View(question.image, Box.union(frames)))
            parts = [View.whole(framed), _MAIN, crop, _ZOOMED]
        return reply(question, parts, model, self.inference, self.max_new_tokens, findings=findings)

    def _resize(self, view: View) -> View:
        width, height = view.size
        if self.side is None or self.side == max(width, height):
            return view
        scale = self.side / max(width, height)
        size = max(1, int(width * scale)), max(1, int(height * scale))
        picture = view.picture.resize(size, PIL.Image.Resampling.BICUBIC)
        return View.whole(Image(picture))


def join_boxes(findings: Sequence[Finding]) -> dict[Target, Box]:
    """One box around the findings of each target."""
    boxes: dict[Target, Box] = {}
    for finding in findings:
        known = boxes.get(finding.target, finding.box)
        boxes[finding.target] = Box.union([known, finding.box])
    return boxes
