"""Answer from the whole image and one crop over all findings."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import AnswerComposer
from ..protocol import Inference
from ..values import Answer, Finding, Question, View
from .collage import cell_option
from .crop import crop_to_findings, t_obj_dist_option
from .reply import inference_option, max_new_tokens_option, reply


@attrs.frozen
class WholeAndCrop(AnswerComposer):
    """Show the whole image as it is, then the crop that `crop` shows alone. One pass."""

    name = "whole-and-crop"

    t_obj_dist: float = t_obj_dist_option()
    cell: int = cell_option()
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        views = [View.whole(question.image)]
        if findings:
            views.append(crop_to_findings(question.image, findings, self.t_obj_dist, self.cell))
        return reply(question, views, model, self.inference, self.max_new_tokens, findings=findings)
