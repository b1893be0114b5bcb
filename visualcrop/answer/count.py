"""Answer how many there are, from the boxes that show one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from ..budget import BudgetedModel
from ..interfaces import AnswerComposer, RelevanceSource
from ..prompt import Prompt
from ..strategy.base import between, option
from ..values import Answer, Evidence, Finding, Question, View
from .crop import Crop

if TYPE_CHECKING:
    from .counting import Cluster
    from .instances import Instance


@attrs.frozen
class Count(AnswerComposer):
    """How many: add up the boxes that show one each. Up to a pass for each cluster of boxes."""

    name = "count"

    otherwise: AnswerComposer = option(
        Crop(), help="who answers every other question, and where nothing can be counted"
    )
    sure: float = option(
        0.9,
        help="probability from which a cluster of overlapping boxes is not shown to the model",
        validator=between(0, 2),
    )
    regions: RelevanceSource | None = option(
        None,
        help="map of each cluster whose separate regions are counted, a pass each; none asks the "
        "model about those that are unclear",
    )
    missed: float = option(
        0.0,
        help="probability that the search missed one; of each more, as much again. Where no choice "
        "is the number found, the next higher one is likelier than a lower one",
        validator=between(0, 0.5),
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
        from .counting import find_instances, weigh_numbers  # which no start-up needs
        from .weighing import say_likeliest

        if question.needs_words:
            return self.otherwise.compose_with_evidence(question, findings, model, evidence)
        instances = find_instances(question, findings, evidence)
        clusters = self._look(question, instances, model.at("verification"))
        weighed = weigh_numbers(question, clusters, self.missed) if instances else None
        if weighed is None:
            return self.otherwise.compose_with_evidence(question, findings, model, evidence)
        counted = [instance.finding for instance in instances if instance.counts]
        shown = [cluster.box for cluster in clusters]
        return say_likeliest(question, *weighed, findings=counted, shown=shown)

    def _look(
        self, question: Question, instances: Sequence[Instance], model: BudgetedModel
    ) -> Sequence[Cluster]:
        """
        The clusters, as the model sees them closer.

        That is verification: the budget limits it, as the answer's own pass it does not.
        """
        from .counting import cluster_instances

        clusters = cluster_instances(instances)
        if self.regions is None:
            return self._ask(question, clusters, model)
        return _count_regions(question, instances, clusters, self.regions, model)

    def _ask(
        self, question: Question, clusters: Sequence[Cluster], model: BudgetedModel
    ) -> Sequence[Cluster]:
        """The clusters, those that are unclear by themselves as the model reads one crop of all."""
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


def _count_regions(
    question: Question,
    instances: Sequence[Instance],
    clusters: Sequence[Cluster],
    source: RelevanceSource,
    model: BudgetedModel,
) -> Sequence[Cluster]:
    """The clusters, as many as the budget allows by what stands out of a map of each."""
    from .regions import weigh_regions

    some = clusters[: model.affordable(len(clusters))]
    model.expect(len(some))
    maps = []
    for cluster in some:
        with model.expecting(1):
            view = View(question.image, cluster.box)
            maps.append(source.map(view, instances[0].finding.target, model))
    weighed = zip(some, weigh_regions(maps), strict=True)
    return [*(cluster.recount(odds) for cluster, odds in weighed), *clusters[len(some) :]]
