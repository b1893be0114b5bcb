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
    from .counting import Cluster


@attrs.frozen
class Count(AnswerComposer):
    """How many: add up the boxes that show one each. A pass for each cluster that is unclear."""

    name = "count"

    otherwise: AnswerComposer = option(
        Crop(), help="who answers every other question, and where nothing can be counted"
    )
    sure: float = option(
        0.9,
        help="probability from which a cluster of overlapping boxes is not shown to the model",
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
        from .counting import cluster_instances, find_instances, weigh_numbers  # for no start-up
        from .weighing import say_likeliest

        if question.needs_words:
            return self.otherwise.compose_with_evidence(question, findings, model, evidence)
        instances = find_instances(question, findings, evidence)
        clusters = self._ask(question, cluster_instances(instances), model)
        weighed = weigh_numbers(question, clusters) if instances else None
        if weighed is None:
            return self.otherwise.compose_with_evidence(question, findings, model, evidence)
        counted = [instance.finding for instance in instances if instance.counts]
        shown = [cluster.box for cluster in clusters]
        return say_likeliest(question, *weighed, findings=counted, shown=shown)

    def _ask(
        self, question: Question, clusters: Sequence[Cluster], model: BudgetedModel
    ) -> Sequence[Cluster]:
        """
        The clusters, those that are unclear by themselves as the model sees them in one crop.

        That is verification: the budget limits it, as the answer's own pass it does not.
        """
        model = model.at("verification")
        unsure = [cluster for cluster in clusters if cluster.is_unsure(self.sure)]
        unsure = unsure[: model.affordable(len(unsure))]
        if not unsure:
            return clusters
        prompts = [Prompt((View(question.image, g.box), question.text)) for g in unsure]
        numbers = max((cluster.numbers for cluster in unsure), key=len)
        model.expect(len(prompts))
        choices = model.choose(prompts, [*map(str, numbers)])
        asked = {
            cluster.box: cluster.reconcile(choice.probabilities[: len(cluster.numbers)])
            for cluster, choice in zip(unsure, choices, strict=True)
        }
        return [asked.get(cluster.box, cluster) for cluster in clusters]
