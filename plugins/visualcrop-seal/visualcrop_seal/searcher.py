"""The whole method: extract targets, search for each, answer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
from attrs.validators import ge, gt

from visualcrop import (
    Answer,
    Box,
    BudgetedModel,
    Evidence,
    Finding,
    Image,
    Proposal,
    Question,
    Target,
    errors,
)
from visualcrop.plugin import (
    ANSWER,
    AnswerComposer,
    Searcher,
    TargetExtractor,
    option,
    targets_option,
)

from .internal import Internal
from .locator import BoundLocator, TargetLocator
from .search import SearchThresholds, Visit, search_parts, select_boxes
from .working_memory import WorkingMemory


@attrs.frozen
class Seal(Searcher):
    """Search parts guided by heatmaps, then answer. A look and up to 2 more passes a part."""

    name = "seal"

    targets: TargetExtractor = targets_option()
    locator: TargetLocator = option(Internal(), help="finds boxes and heatmaps in a part")
    answer: AnswerComposer = option(WorkingMemory(), help="composes the answer's prompt")
    high: float = option(0.5, help="score above which a target is found, from 0 to 1")
    low: float = option(0.0, help="least score of a box that is shown; 0.3 as in the authors' demo")
    cue: float = option(
        6.0, help="least peak at which the target's heatmap guides the search, for the whole image"
    )
    decay: float = option(0.7, help="factor on `cue` for each level of smaller parts")
    cue_minimum: float = option(
        3.0, help="lower bound of `cue` times `decay`: 3 in V*'s code, 4 in the FOCUS paper"
    )
    smallest: int = option(
        224, help="pixels on the shorter side of a part that is not split", validator=ge(1)
    )
    smallest_scale: float = option(
        4.0, help="or the image's shorter side divided by this, if more", validator=gt(0)
    )
    overlap: float = option(
        0.5, help="most IoU of a box of the first look with a better one; 1 keeps all"
    )

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        visits: dict[Target, list[Visit]] = {}
        thresholds = self._thresholds(question.image)
        exhausted = False
        try:
            for target in self.targets.extract(question, model.at("targets")):
                of_target = visits.setdefault(target, [])
                locator = BoundLocator(self.locator, question.image, target, model)
                for visit in search_parts(question.image.box, locator, thresholds):
                    of_target.append(visit)  # one by one, since the budget may end the search
                    model.show(_make_evidence(target, of_target, question.image))
        except errors.BudgetExceededError:
            exhausted = True
        findings = [
            finding
            for target, of_target in visits.items()
            for finding in self._select_findings(target, of_target, question.image, thresholds)
        ]
        counts = {"parts": sum(map(len, visits.values())), "seal-paper": model.ledger.passes}
        answer = self.answer.compose(question, findings, model.at(ANSWER))
        evidence = tuple(_make_evidence(*item, question.image) for item in visits.items())
        return answer.with_search(evidence, exhausted=exhausted, counts=counts)

    def _thresholds(self, image: Image) -> SearchThresholds:
        side = math.ceil(min(image.width, image.height) / self.smallest_scale)
        smallest = max(side, self.smallest)
        return SearchThresholds(self.high, self.cue, self.decay, self.cue_minimum, smallest)

    def _select_findings(
        self,
        target: Target,
        visits: Sequence[Visit],
        image: Image,
        thresholds: SearchThresholds,
    ) -> list[Finding]:
        best = select_boxes(visits, thresholds, self.overlap)
        shown = [p for p in best if p.score >= self.low and p.score > 0]
        return [_make_finding(target, proposal, image) for proposal in shown]


def _make_evidence(target: Target, visits: Sequence[Visit], image: Image) -> Evidence:
    findings = tuple(_make_finding(target, visit.best, image) for visit in visits)
    return Evidence(target, findings, visits[0].detections.heatmap if visits else None)


def _make_finding(target: Target, found: Proposal, image: Image) -> Finding:
    """A finding of the box clipped to the image: V*'s search model may point outside."""
    box = found.box.common(image.box) or _find_nearest_pixel(found.box, image)
    return Finding(target, box, found.score, 2 * found.score - 1)


def _find_nearest_pixel(box: Box, image: Image) -> Box:
    """The pixel of the image that is nearest to the centre of a box outside."""
    sides = zip(box.centre, (image.width, image.height), strict=True)
    x, y = (min(max(0.0, at), side - 1.0) for at, side in sides)
    return Box(x, y, x + 1, y + 1)
