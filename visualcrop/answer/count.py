"""Answer how many there are, from the boxes that show one."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import AnswerComposer
from ..strategy.base import between, option
from ..values import Answer, Evidence, Finding, Question
from .crop import Crop


@attrs.frozen
class Count(AnswerComposer):
    """How many: count the boxes that show one each; unsure, ask the model as well. 0-1 passes."""

    name = "count"

    otherwise: AnswerComposer = option(
        Crop(), help="who answers where the boxes do not decide, and every other question"
    )
    sure: float = option(
        0.8,
        help="probability from which the boxes decide alone; above 1 the model is always asked",
        validator=between(0, 2),
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
        from .counting import weigh_counts  # which no start-up needs
        from .weighing import reconcile, say_likeliest

        weighed = weigh_counts(question, findings, evidence)
        if weighed is not None and max(weighed.probabilities) >= self.sure:
            said = weighed.options, weighed.probabilities
            return say_likeliest(question, *said, weighed.findings)
        asked = self.otherwise.compose_with_evidence(question, findings, model, evidence)
        return asked if weighed is None else reconcile(question, asked, weighed.probabilities)
