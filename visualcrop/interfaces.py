"""The method on one page: five stages in the order a question meets them, and the whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence

import attrs

from .budget import BudgetedModel, Ledger
from .models.base import Model
from .strategy.return_checks import (
    Stage,
    check_answer,
    check_confidences,
    check_map,
    check_maps,
    check_proposals,
    check_searched,
    check_targets,
)
from .values import Answer, Finding, Proposal, Question, RelevanceMap, Target, View


class TargetExtractor(Stage, extract=check_targets):
    """Question -> the things to look for."""

    kind = "targets"

    @abstractmethod
    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]: ...


class RelevanceSource(Stage, map=check_map, maps=check_maps):
    """View and target -> where the model's own internals point."""

    kind = "relevance"

    @abstractmethod
    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap: ...

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """The map of each target; sources that can ask for all at once do."""
        return (self.map(view, target, model) for target in targets)


class ProposalGenerator(Stage, propose=check_proposals):
    """Relevance map -> boxes worth a look, best first. Sees no model."""

    kind = "proposals"

    @abstractmethod
    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]: ...


class Verifier(Stage, verify=check_confidences):
    """
    Views and target -> how sure the model is, from -1 to 1, that each shows the target.

    None stands for a view about which nobody asked the model.
    """

    kind = "verification"

    @abstractmethod
    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float | None, ...]: ...


class AnswerComposer(Stage, compose=check_answer):
    """Question and findings -> answer. With no findings, from the whole image."""

    kind = "answer"

    @abstractmethod
    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer: ...


class Searcher(Stage, search=check_searched):
    """Question -> answer, by any means within the budget."""

    kind = "searcher"

    @abstractmethod
    def search(self, question: Question, model: BudgetedModel) -> Answer: ...

    def run(self, question: Question, model: Model, ledger: Ledger) -> Answer:
        """Search with *model* on *ledger*'s budget; the answer has the passes of each stage."""
        before = ledger.by_stage()
        with ledger.lend(model) as lent:
            answer = self.search(question, lent)
        spent = {stage: n - before.get(stage, 0) for stage, n in ledger.by_stage().items()}
        return attrs.evolve(answer, passes={stage: n for stage, n in spent.items() if n})
