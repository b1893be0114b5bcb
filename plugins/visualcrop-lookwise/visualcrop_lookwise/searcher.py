"""LookWise: a direct answer that is sure is kept; else the model is shown where it looked."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import attrs

from visualcrop import (
    Answer,
    BudgetedModel,
    Evidence,
    Finding,
    Question,
    RelevanceMap,
    Target,
    View,
    errors,
)
from visualcrop.plugin import (
    ANSWER,
    AnswerComposer,
    RelevanceSource,
    Searcher,
    TargetExtractor,
    at_least,
    between,
    option,
    targets_option,
)

from .maps import LayerAtt
from .regions import FocusRegion
from .windows import pick_box, pick_boxes


@attrs.frozen
class LookWise(Searcher):
    """Answer directly if sure; else crop where a layer attends, too. 1 or 3 + T passes."""

    name = "lookwise"

    gate: float = option(
        1.0,
        help="mean probability of the direct answer's tokens from which it is kept",
        validator=between(0, 1),
    )
    targets: TargetExtractor = targets_option()
    relevance: RelevanceSource = option(LayerAtt(), help="where to look")
    answer: AnswerComposer = option(FocusRegion(), help="what to say")
    box: int = option(448, help="least side of a window in pixels", validator=at_least(1))
    share: float = option(
        0.7,
        help="of the highest sum: windows from which on are shown, where all instances are wanted",
        validator=between(0, 1),
    )
    overlap: float = option(
        0.2,
        help="intersection over union from which on a window is left out for a higher one there",
        validator=between(0, 1),
    )

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        try:
            first = self.answer.compose(question, (), model.at("original"))
        except errors.BudgetExceededError:
            answer = self.answer.compose(question, (), model.at(ANSWER))
            return answer.with_search(exhausted=True)
        sure = mean_token_probability(first)
        if sure is not None and sure >= self.gate:
            return first
        seen: list[Evidence] = []
        exhausted = False
        try:
            for evidence in self._locate(question, model):
                seen.append(evidence)  # one by one: kept when the budget ends the loop
                model.show(evidence)
        except errors.BudgetExceededError:
            exhausted = True
        findings = [finding for evidence in seen for finding in evidence.findings]
        if not findings:
            return first.with_search(exhausted=exhausted)
        answer = self.answer.compose(question, findings, model.at(ANSWER))
        return answer.with_search(seen, exhausted=exhausted)

    def _locate(self, question: Question, model: BudgetedModel) -> Iterator[Evidence]:
        """The boxes of each target."""
        view, at_map = View.whole(question.image), model.at("relevance")
        targets = self.targets.extract(question, model.at("targets"))
        for target, relevance in self.relevance.map_affordable(view, targets, at_map):
            yield Evidence(target, self._find(target, relevance, question), relevance)

    def _find(
        self, target: Target, relevance: RelevanceMap, question: Question
    ) -> tuple[Finding, ...]:
        whole, score = question.image.box, float(relevance.scores.max())
        boxes = [pick_box(relevance, whole, self.box)]
        if target.every:
            boxes = pick_boxes(relevance, whole, self.box, self.share, self.overlap)
        return tuple(Finding(target, box, score) for box in boxes)


def mean_token_probability(answer: Answer) -> float | None:
    """
    How sure *answer* is, from 0 to 1: the mean over its tokens, the one that ended it included.

    Of an answer that was not generated it is that of its choice; none if neither is known.
    """
    known = answer.token_probabilities
    return fmean(known) if known else answer.confidence
