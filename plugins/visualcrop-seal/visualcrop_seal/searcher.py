"""SEAL as a whole: what is missing, the guided search for each of it, the answer."""

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
from .locator import Looking, TargetLocator
from .search import Rules, Visit, best_of, walk
from .working_memory import WorkingMemory


@attrs.frozen
class Seal(Searcher):
    """Search part by part, led by cues, then answer. A look and up to 2 more passes a part."""

    name = "seal"

    targets: TargetExtractor = targets_option()
    locator: TargetLocator = option(Internal(), help="who looks at a part of the image")
    answer: AnswerComposer = option(WorkingMemory(), help="what to say")
    high: float = option(0.5, help="score above which a target is found, from 0 to 1")
    low: float = option(0.0, help="least score of a box that is shown; 0.3 as in the authors' demo")
    cue: float = option(6.0, help="least peak of the target's heat that leads on, at first")
    decay: float = option(0.7, help="of that least peak, with each level down")
    cue_minimum: float = option(
        3.0, help="below which that peak never falls: 3 in the code, 4 by the FOCUS paper"
    )
    smallest: int = option(
        224, help="pixels on the shorter side of a part that is not cut", validator=ge(1)
    )
    smallest_scale: float = option(
        4.0, help="or this part of the image's shorter side, if that is more", validator=gt(0)
    )
    overlap: float = option(
        0.5,
        help="boxes of the first look that overlap a better one more are left out; 1 keeps all",
    )

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        seen: dict[Target, list[Visit]] = {}
        rules = self._rules(question.image)
        exhausted = False
        try:
            for target in self.targets.extract(question, model.at("targets")):
                visits = seen.setdefault(target, [])
                looking = Looking(self.locator, question.image, target, model)
                for visit in walk(question.image.box, looking, rules):
                    visits.append(visit)
        except errors.BudgetExceededError:
            exhausted = True
        shown = [
            finding
            for target, visits in seen.items()
            for finding in self._shown(target, visits, question.image, rules)
        ]
        counts = {"parts": sum(map(len, seen.values())), "seal-paper": model.ledger.passes}
        answer = self.answer.compose(question, shown, model.at(ANSWER))
        evidence = tuple(_evidence(t, visits, question.image) for t, visits in seen.items())
        return answer.with_search(evidence, exhausted=exhausted, counts=counts)

    def _rules(self, image: Image) -> Rules:
        side = math.ceil(min(image.width, image.height) / self.smallest_scale)
        smallest = max(side, self.smallest)
        return Rules(self.high, self.cue, self.decay, self.cue_minimum, smallest)

    def _shown(
        self, target: Target, visits: Sequence[Visit], image: Image, rules: Rules
    ) -> list[Finding]:
        best = best_of(visits, rules, self.overlap)
        return [_finding(target, p, image) for p in best if p.score >= self.low and p.score > 0]


def _evidence(target: Target, visits: Sequence[Visit], image: Image) -> Evidence:
    findings = tuple(_finding(target, visit.best, image) for visit in visits)
    return Evidence(target, findings, visits[0].seen.heat if visits else None)


def _finding(target: Target, found: Proposal, image: Image) -> Finding:
    """The box as far as it lies in the image: a search model may point outside."""
    box = found.box.common(image.box) or _nearest(found.box, image)
    return Finding(target, box, found.score, 2 * found.score - 1)


def _nearest(box: Box, image: Image) -> Box:
    """The pixel of the image that is nearest to a box outside."""
    x, y = (min(max(0.0, at), size - 1.0) for at, size in _sides(box, image))
    return Box(x, y, x + 1, y + 1)


def _sides(box: Box, image: Image) -> tuple[tuple[float, int], tuple[float, int]]:
    across, down = box.centre
    return (across, image.width), (down, image.height)
