"""Answer from the whole image and one crop over all findings."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import AnswerComposer
from ..protocol import Inference
from ..strategy.base import at_least, between, option
from ..values import Answer, Finding, Question, View
from .crop import crop_to_findings
from .reply import inference_option, max_new_tokens_option, reply


@attrs.frozen
class WholeAndCrop(AnswerComposer):
    """Show the whole image as it is, then the crop that `crop` shows alone. One pass."""

    name = "whole-and-crop"

    t_obj_dist: float = option(
        1200.0,
        help="pixels between two findings' centres beyond which a canvas is used",
        validator=at_least(0),
    )
    cell: int = option(336, help="pixels on a side of a canvas's cell", validator=between(8, 4096))
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        views = [View.whole(question.image)]
        if findings:
            views.append(crop_to_findings(question.image, findings, self.t_obj_dist, self.cell))
        return reply(question, views, model, self.inference, self.max_new_tokens, findings=findings)
