"""Answer from the findings pasted on one canvas, without the space between them."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import AnswerComposer
from ..protocol import Inference
from ..values import Answer, Finding, Question, View
from .collage import Collage, cell_option, merge_boxes
from .reply import inference_option, max_new_tokens_option, reply


@attrs.frozen
class Canvas(AnswerComposer):
    """Paste each finding on one canvas, left-right and above-below kept. One pass."""

    name = "canvas"

    cell: int = cell_option()
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        boxes = [finding.box for finding in findings]
        if any(finding.target.every for finding in findings):
            boxes = merge_boxes(boxes)
        image = Collage(boxes, self.cell).of(question.image) if boxes else question.image
        return reply(
            question,
            [View.whole(image)],
            model,
            self.inference,
            self.max_new_tokens,
            findings=findings,
        )
