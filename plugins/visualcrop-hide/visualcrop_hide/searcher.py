"""HiDe: where each entity is, all of these places closed up on a canvas, and the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from visualcrop import Answer, BudgetedModel, Evidence, Finding, Question, Target, View, errors
from visualcrop.plugin import (
    ANSWER,
    AnswerComposer,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    TargetExtractor,
    option,
    targets_option,
)

from .compact import Compact
from .regions import Regions
from .tad import Tad


@attrs.frozen
class HiDe(Searcher):
    """Close up what no target's map points at, and show that beside the image. 2 + T passes."""

    name = "hide"

    targets: TargetExtractor = targets_option()
    relevance: RelevanceSource = option(Tad(), help="where each target is")
    proposals: ProposalGenerator = option(Regions(), help="which boxes; all of them are shown")
    answer: AnswerComposer = option(Compact(), help="what to say")

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        seen: list[Evidence] = []
        exhausted = False
        try:
            # Where the question names nothing, all of its words are looked for, as in the original.
            targets = self.targets.extract(question, model.at("targets"))
            wanted = targets or (Target(question.text),)
            for evidence in self._locate(question, wanted, model.at("relevance")):
                seen.append(evidence)
                model.show(evidence)
        except errors.BudgetExceededError:
            exhausted = True
        findings = [finding for evidence in seen for finding in evidence.findings]
        answer = self.answer.compose(question, findings, model.at(ANSWER))
        return answer.with_search(seen, exhausted=exhausted)

    def _locate(
        self, question: Question, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterator[Evidence]:
        """The boxes of each target."""
        view = View.whole(question.image)
        for target, relevance in self.relevance.map_affordable(view, targets, model):
            proposals = self.proposals.propose(relevance)
            findings = tuple(Finding(target, p.box, p.score) for p in proposals)
            yield Evidence(target, findings, relevance)
