"""Answer from one place seen near, with what is around it, and from farther away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import attrs
import numpy as np

from ..budget import BudgetedModel
from ..geometry import Box
from ..interfaces import AnswerComposer
from ..prompt import Part
from ..protocol import Inference
from ..strategy.base import option
from ..values import Answer, Evidence, Finding, Question, RelevanceMap, View
from .canvas import Canvas
from .collage import Collage, cell_option
from .crop import Crop
from .reply import inference_option, max_new_tokens_option, reply

_UNKNOWN = 0.5  # entropy of a map that is not there
_CAPTIONS = ("near", "with what is around it", "from farther away")


@attrs.frozen
class Funnel(AnswerComposer):
    """Show the one thing found near, wider and wider still, the more the map spreads. One pass."""

    name = "funnel"

    otherwise: AnswerComposer = option(
        Crop(), help="who answers where not one thing was found, but none or several"
    )
    views: Literal["auto", "canvas", "sequence"] = option(
        "auto", help="on one canvas or one after another; auto: as many images as otherwise shows"
    )
    cell: int = cell_option()
    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

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
        if len(findings) != 1 or findings[0].target.every:
            return self.otherwise.compose_with_evidence(question, findings, model, evidence)
        (found,) = findings
        maps = (each.relevance for each in evidence if each.target == found.target)
        boxes = widen_box(found.box, question.image.box, measure_entropy(next(maps, None)))
        parts = self._show(question, found, boxes)
        return reply(question, parts, model, self.inference, self.max_new_tokens, findings=findings)

    def _show(self, question: Question, found: Finding, boxes: Sequence[Box]) -> list[Part]:
        one_image = isinstance(self.otherwise, Crop | Canvas)
        if self.views == "canvas" or (self.views == "auto" and one_image):
            return [View.whole(Collage(boxes, self.cell).of(question.image))]
        parts: list[Part] = [View.whole(question.image)]
        for box, caption in zip(boxes, _CAPTIONS, strict=False):
            parts += [f"The {found.target.text}, {caption}:", View(question.image, box)]
        return parts


def widen_box(box: Box, within: Box, entropy: float) -> tuple[Box, ...]:
    """
    The box, and the two wider ones of Visual Funnel about the same centre, each once.

    Their sides are 1.2 + 0.6 H and 1.6 + 1.2 H times those of *box*, where H is the map's
    *entropy*: of a map that points at one place, they keep close to it.
    """
    sides = 1.0, 1.2 + 0.6 * entropy, 1.6 + 1.2 * entropy
    return tuple(dict.fromkeys(box.scaled(side).clipped(within) for side in sides))


def measure_entropy(relevance: RelevanceMap | None) -> float:
    """Shannon's entropy of a map's positive scores, from 0, one cell, to 1, all alike."""
    if relevance is None:
        return _UNKNOWN
    scores = relevance.scores.astype(np.float64).clip(0).ravel()
    if scores.size == 1 or not scores.any():
        return 1.0
    shares = scores[scores > 0] / scores.sum()
    return float(-(shares * np.log(shares)).sum() / math.log(scores.size))
