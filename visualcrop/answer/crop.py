"""Answer from one crop over all findings: the paper's way for models with one view."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import attrs

from ..budget import BudgetedModel
from ..geometry import Box
from ..image import Image
from ..interfaces import AnswerComposer
from ..protocol import Inference
from ..strategy.base import at_least, option
from ..values import Answer, Finding, Question, View
from .collage import Collage, cell_option, merge_boxes
from .reply import inference_option, max_new_tokens_option, reply


def t_obj_dist_option() -> Any:
    """The option of a composer that is passed to `crop_to_findings` as *t_obj_dist*."""
    return option(
        1200.0,
        help="pixels between two findings' centres beyond which a canvas is used",
        validator=at_least(0),
    )


@attrs.frozen
class Crop(AnswerComposer):
    """Show one crop over the findings; far apart or of many instances, a canvas. One pass."""

    name = "crop"

    t_obj_dist: float = t_obj_dist_option()
    cell: int = cell_option()
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        view = crop_to_findings(question.image, findings, self.t_obj_dist, self.cell)
        return reply(
            question, [view], model, self.inference, self.max_new_tokens, findings=findings
        )


def crop_to_findings(
    image: Image, findings: Sequence[Finding], t_obj_dist: float, cell: int
) -> View:
    """
    One view of all *findings*: a crop over them, a canvas, or with none the whole image.

    Args:
        image: The image in which they lie.
        findings: Far apart, or instances of a target with *every*, they are put on a canvas.
        t_obj_dist: Pixels between two centres beyond which findings are far apart.
        cell: Pixels on a side of a canvas's cell.
    """
    boxes = [finding.box for finding in findings]
    if not boxes:
        return View.whole(image)
    if any(finding.target.every for finding in findings):
        boxes = merge_boxes(boxes)
    elif not any(a.distance(b) > t_obj_dist for a, b in combinations(boxes, 2)):
        boxes = [Box.union(boxes)]
    if len(boxes) == 1:
        return View(image, boxes[0])
    return View.whole(Collage(boxes, cell).of(image))
