"""FOCUS: five stages, read top to bottom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ..answer.crop import Crop
from ..budget import ANSWER, BudgetedModel
from ..errors import BudgetExceededError
from ..image import Image
from ..interfaces import (
    AnswerComposer,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    SequentialVerifier,
    TargetExtractor,
    Verifier,
)
from ..proposals.anchors import Anchors
from ..relevance.vv import Vv
from ..strategy.base import at_least, between, option
from ..targets.in_context import targets_option
from ..values import Answer, Evidence, Finding, Question, Target, View
from ..verification.existence import Existence


@attrs.frozen
class Focus(Searcher):
    """Look where the model's own cache points, check, then answer. 2 + T (1 + steps) passes."""

    name = "focus"

    targets: TargetExtractor = targets_option()
    relevance: RelevanceSource = option(Vv(), help="where to look")
    proposals: ProposalGenerator = option(Anchors(), help="which boxes")
    verification: Verifier = option(Existence(), help="whether it is there")
    answer: AnswerComposer = option(Crop(), help="what to say")
    steps: int = option(8, help="boxes to verify for each target", validator=at_least(1))
    overrun: bool = option(True, help="while none says yes, go on down the list")
    t_type1: float = option(
        -1.0,
        help="least confidence of a box that may be shown; -1 takes the best in any case",
        validator=between(-1, 1),
    )
    t_type2: float = option(
        0.6,
        help="confidence above which an instance counts, where all are wanted",
        validator=between(-1, 1),
    )

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        seen: dict[Target, Evidence] = {}
        exhausted = False
        try:
            targets = self.targets.extract(question, model.at("targets"))
            for found in self._look(question.image, targets, model):
                seen[found.target] = found
        except BudgetExceededError:
            exhausted = True
        chosen = [
            finding
            for evidence in seen.values()
            for finding in self._choose_findings(evidence, finished=not exhausted)
        ]
        seen_all = tuple(seen.values())
        answer = self.answer.compose_with_evidence(question, chosen, model.at(ANSWER), seen_all)
        return answer.with_search(seen_all, exhausted=exhausted)

    def detect(self, image: Image, target: Target, model: BudgetedModel) -> Evidence:
        """
        As in a search, without targets to extract and without an answer.

        Of all instances, boxes that show the same one are left out, as `count` does. Boxes to which
        the model says no are no find.
        """
        seen, exhausted = Evidence(target), False
        try:
            for found in self._look(image, [target], model):
                seen = found
        except BudgetExceededError:
            exhausted = True
        chosen = self._choose_detected(seen, finished=not exhausted)
        return attrs.evolve(seen, findings=chosen, exhausted=exhausted)

    def _choose_detected(self, seen: Evidence, *, finished: bool) -> list[Finding]:
        if seen.target.every:
            from ..answer.instances import separate_instances  # which no start-up needs

            checked = [f for f in seen.findings if f.confidence is not None]
            boxes = checked or (seen.findings if finished else [])
            found = [each.finding for each in separate_instances(boxes) if each.counts]
        else:
            found = self._choose_findings(seen, finished=finished)
        believed = [finding for finding in found if finding.probability >= 0.5]
        return sorted(believed, key=lambda finding: -finding.probability)

    def _look(
        self, image: Image, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterator[Evidence]:
        """The evidence of each target, whenever there is more: located, then verified."""
        located: list[Evidence] = []
        for found in self._locate(image, targets, model.at("relevance")):
            model.show(found)
            located.append(found)
            yield found
        for found in self._verify(image, located, model.at("verification")):
            model.show(found)
            yield found

    def _locate(
        self, image: Image, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterator[Evidence]:
        """Proposals for each target."""
        view = View.whole(image)
        for target, relevance in self.relevance.map_affordable(view, targets, model):
            proposals = self.proposals.propose(relevance)
            findings = tuple(Finding(target, p.box, p.score) for p in proposals)
            yield Evidence(target, findings, relevance)

    def _verify(
        self, image: Image, located: Sequence[Evidence], model: BudgetedModel
    ) -> Iterator[Evidence]:
        """The evidence of each target after each step: the end of a budget loses nothing."""
        # Nothing to choose between. In Table 10 each later step costs a check for each of 1.39
        # targets on V*Bench, and the first cannot have cost one, at 1.47 passes in all.
        alone = self.steps == 1 and not self.overrun
        wanted = [found for found in located if found.target.every or not alone]
        first = [self._count_next(found.target, found.findings, 0) for found in wanted]
        model.expect(model.affordable(sum(first)))
        for found in wanted:
            yield from self._verify_target(image, found, model)

    def _verify_target(
        self, image: Image, found: Evidence, model: BudgetedModel
    ) -> Iterator[Evidence]:
        target, findings, relevance = found.target, found.findings, found.relevance
        first = len(findings) if target.every else self.steps
        at = 0
        while size := self._count_next(target, findings, at):
            if at:
                model.expect(model.affordable(size))
            done = self._verify_batch(image, findings[at : at + size], model)
            findings = (*findings[:at], *done, *findings[at + len(done) :])
            yield Evidence(target, findings, relevance)
            at += len(done)
            if at >= first and done[-1].confidence is None:
                return  # the verifier asks no model: more steps add nothing

    def _count_next(self, target: Target, findings: tuple[Finding, ...], at: int) -> int:
        """How many boxes to verify next: all of the steps, then one by one; 0 ends it."""
        every, verifier = target.every, self.verification
        first = min(len(findings), len(findings) if every else self.steps)
        if isinstance(verifier, SequentialVerifier):
            confidences = [finding.confidence for finding in findings[:at]]
            most = len(findings) if self.overrun else first
            return verifier.count_next(confidences, target, most)
        if at < first:
            return first - at
        return int(self.overrun and at < len(findings) and not _is_confirmed(findings))

    def _verify_batch(
        self, image: Image, findings: tuple[Finding, ...], model: BudgetedModel
    ) -> tuple[Finding, ...]:
        """Verify as many as the budget allows; one at least, which the ledger then refuses."""
        some = findings[: max(1, model.affordable(len(findings)))]
        verifier = self.verification
        ask = verifier.ask if isinstance(verifier, SequentialVerifier) else verifier.verify
        with model.expecting(len(some)):
            views = [View(image, finding.box) for finding in some]
            confidences = ask(views, some[0].target, model)
        pairs = zip(some, confidences, strict=True)
        return tuple(attrs.evolve(finding, confidence=c) for finding, c in pairs)

    def _choose_findings(self, evidence: Evidence, *, finished: bool) -> list[Finding]:
        """
        The finding with the highest confidence, or every instance above `t_type2`.

        Where none has a confidence, although the search *finished*, the relevance map decides.
        """
        checked = [(f.confidence, f) for f in evidence.findings if f.confidence is not None]
        if evidence.target.every and (checked or not finished):
            return [finding for confidence, finding in checked if confidence > self.t_type2]
        if not checked:
            return list(evidence.findings if evidence.target.every else evidence.findings[:1])
        confidence, best = max(checked, key=lambda pair: pair[0])
        return [best] if confidence >= self.t_type1 else []


def _is_confirmed(findings: tuple[Finding, ...]) -> bool:
    return any(f.confidence is not None and f.confidence >= 0 for f in findings)
