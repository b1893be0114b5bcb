"""Answer how many there are, from the boxes that show one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from ..budget import BudgetedModel
from ..interfaces import AnswerComposer
from ..prompt import Prompt
from ..strategy.base import between, option
from ..values import Answer, Evidence, Finding, Question, View
from .crop import Crop

if TYPE_CHECKING:
    from .counting import Group


@attrs.frozen
class Count(AnswerComposer):
    """How many: add up the boxes that show one each. A pass for each group that is unclear."""

    name = "count"

    otherwise: AnswerComposer = option(
        Crop(), help="who answers every other question, and where nothing can be counted"
    )
    sure: float = option(
        0.9,
        help="probability from which a group of overlapping boxes is not shown to the model",
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
        from .counting import find_instances, group_instances, weigh_numbers  # for no start-up
        from .weighing import say_likeliest

        instances = find_instances(question, findings, evidence)
        groups = self._ask(question, group_instances(instances), model)
        weighed = weigh_numbers(question, groups) if instances else None
        if weighed is None:
            return self.otherwise.compose_with_evidence(question, findings, model, evidence)
        counted = [instance.finding for instance in instances if instance.counts]
        shown = [group.box for group in groups]
        return say_likeliest(question, *weighed, findings=counted, shown=shown)

    def _ask(
        self, question: Question, groups: Sequence[Group], model: BudgetedModel
    ) -> Sequence[Group]:
        """The groups, those that are unclear by themselves as the model sees them in one crop."""
        unsure = [group for group in groups if group.is_unsure(self.sure)]
        if not unsure:
            return groups
        prompts = [Prompt((View(question.image, g.box), question.text)) for g in unsure]
        numbers = max((group.numbers for group in unsure), key=len)
        said = model.choose(prompts, [*map(str, numbers)])
        asked = {
            group.box: group.reconcile(choice.probabilities[: len(group.numbers)])
            for group, choice in zip(unsure, said, strict=True)
        }
        return [asked.get(group.box, group) for group in groups]
