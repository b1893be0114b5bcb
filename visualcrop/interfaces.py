"""The method on one page: five stages in the order a question meets them, and the whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TypeVar

from .budget import BudgetedModel
from .errors import PluginError
from .strategy import Strategy
from .values import Answer, Finding, Proposal, Question, RelevanceMap, Target, View

T = TypeVar("T")


class TargetExtractor(Strategy):
    """Question -> the things to look for."""

    kind = "targets"

    @abstractmethod
    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]: ...


class RelevanceSource(Strategy):
    """View and target -> where the model's own internals point."""

    kind = "relevance"

    @abstractmethod
    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap: ...

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """The map of each target; sources that can ask for all at once do."""
        return (self.map(view, target, model) for target in targets)


class ProposalGenerator(Strategy):
    """Relevance map -> boxes worth a look, best first. Sees no model."""

    kind = "proposals"

    @abstractmethod
    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]: ...


class Verifier(Strategy):
    """Views and target -> how sure the model is, from -1 to 1, that each shows the target."""

    kind = "verification"

    @abstractmethod
    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float, ...]: ...


class AnswerComposer(Strategy):
    """Question and findings -> answer. With no findings, from the whole image."""

    kind = "answer"

    @abstractmethod
    def compose(
        self, question: Question, findings: Sequence[Finding], model: BudgetedModel
    ) -> Answer: ...


class Searcher(Strategy):
    """Question -> answer, by any means within the budget."""

    kind = "searcher"

    @abstractmethod
    def search(self, question: Question, model: BudgetedModel) -> Answer: ...


def returned(wanted: type[T], given: object, strategy: Strategy) -> T:
    """Give back what *strategy* returned, if it is what its interface promises."""
    if not isinstance(given, wanted):
        raise PluginError(
            f"The {strategy.kind} {strategy.name!r} returned a {type(given).__name__} instead of "
            f"a {wanted.__name__}; mend its plug-in."
        )
    return given
