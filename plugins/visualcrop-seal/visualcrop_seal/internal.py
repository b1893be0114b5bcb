"""A locator for any model: its relevance maps and existence checks replace V*'s search model."""

from __future__ import annotations

import attrs
import numpy as np
from attrs.validators import ge

from visualcrop import (
    Anchors,
    BudgetedModel,
    Existence,
    Prompt,
    Proposal,
    RelevanceMap,
    Target,
    View,
    Vv,
    errors,
)
from visualcrop.plugin import ProposalGenerator, RelevanceSource, Verifier, option

from .locator import LOCATION_PROMPT, TargetLocator, parse_location
from .search import Detections


@attrs.frozen
class Internal(TargetLocator):
    """Take heatmaps from a model's internals, and check boxes. 1 + checks passes a look."""

    name = "internal"

    relevance: RelevanceSource = option(Vv(), help="source of the heatmap")
    proposals: ProposalGenerator = option(Anchors(), help="generator of boxes from the heatmap")
    verification: Verifier = option(Existence(), help="verifier of the boxes")
    checks: int = option(1, help="boxes to verify in each part", validator=ge(1))
    instances: int = option(
        8, help="boxes to verify if all things of a name are wanted", validator=ge(1)
    )
    max_new_tokens: int = option(100, help="longest description of a place", validator=ge(1))

    def detect(self, view: View, target: Target, model: BudgetedModel) -> Detections:
        heatmap = self.relevance.map(view, target, model)
        boxes = [proposal.box for proposal in self.proposals.propose(heatmap)] or [view.box]
        boxes = boxes[: self.instances if target.every else self.checks]
        boxes = boxes[: max(1, model.affordable(len(boxes)))]
        views = [View(view.image, box) for box in boxes]
        confidences = self.verification.verify(views, target, model)
        asked = zip(boxes, confidences, strict=True)  # as far as the verifier asked
        found = tuple(Proposal(box, (c + 1) / 2) for box, c in asked if c is not None)
        if not found:
            raise errors.SpecError(
                f"SEAL needs a confidence for each box, which {self.verification.name!r} does "
                "not give; take another verification, such as existence."
            )
        return Detections(found, standardize(heatmap))

    def describe(self, view: View, target: Target, model: BudgetedModel) -> str:
        prompt = Prompt.fill(view, LOCATION_PROMPT, target=target.text)
        (reply,) = model.generate([prompt], max_new_tokens=self.max_new_tokens)
        return parse_location(reply.text, target.text)

    def map_place(self, view: View, place: str, model: BudgetedModel) -> RelevanceMap:
        return standardize(self.relevance.map(view, Target(place), model))


def standardize(heatmap: RelevanceMap) -> RelevanceMap:
    """Scores in standard deviations above the mean, negative ones as 0: comparable over sources."""
    scores = heatmap.scores.astype(np.float64)
    deviation = scores.std()
    is_constant = deviation <= 1e-6 * np.abs(scores).max()
    z = np.zeros_like(scores) if is_constant else (scores - scores.mean()) / deviation
    return attrs.evolve(heatmap, scores=z.clip(min=0))
