"""Answer where one thing lies as seen from another, from their boxes."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import AnswerComposer
from ..strategy.base import between, option
from ..values import Answer, Evidence, Finding, Question
from .crop import Crop


@attrs.frozen
class Relate(AnswerComposer):
    """Left or right, above or below: read it off the two boxes; unsure, ask as well. 0-1 passes."""

    name = "relate"

    otherwise: AnswerComposer = option(
        Crop(), help="who answers where the boxes do not decide, and every other question"
    )
    sure: float = option(
        0.9,
        help="probability from which the boxes decide alone; above 1 the model is always asked",
        validator=between(0.5, 2),
    )

    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer:
        return self.compose_with_evidence(question, findings, model, ())

    def compose_with_evidence(
        self,
        question: Question,
        findings: Sequence[Finding],
        model: BudgetedModel,
        evidence: Sequence[Evidence],
    ) -> Answer:
        from .relation import weigh_sides  # which no start-up needs
        from .weighing import reconcile, say_likeliest

        weighed = weigh_sides(question, findings)
        decided = weighed is not None and max(weighed[1]) >= self.sure
        if weighed is not None and decided and not question.needs_words:
            shown = [finding.box for finding in findings]
            return say_likeliest(question, *weighed, findings=findings, shown=shown)
        asked = self.otherwise.compose_with_evidence(question, findings, model, evidence)
        return asked if weighed is None else reconcile(question, asked, weighed[1])
