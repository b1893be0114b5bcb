"""SEAL's questions put to any model: no search model, and nothing trained."""

from __future__ import annotations

import attrs
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

from .describing import ASK, place_of
from .heat import peaked
from .locator import TargetLocator
from .search import Sighting


@attrs.frozen
class Internal(TargetLocator):
    """Heat from a model's own internals, boxes from existence checks. 1 + checks passes a look."""

    name = "internal"

    relevance: RelevanceSource = option(Vv(), help="where the heat comes from")
    proposals: ProposalGenerator = option(Anchors(), help="which boxes the heat suggests")
    verification: Verifier = option(Existence(), help="how sure the model is of a box")
    checks: int = option(1, help="boxes to verify in each part", validator=ge(1))
    instances: int = option(
        8, help="boxes to verify where all things of a name are wanted", validator=ge(1)
    )
    max_new_tokens: int = option(100, help="longest description of a place", validator=ge(1))

    def detect(self, view: View, target: Target, model: BudgetedModel) -> Sighting:
        heat = self.relevance.map(view, target, model)
        boxes = [proposal.box for proposal in self.proposals.propose(heat)] or [view.box]
        boxes = boxes[: self.instances if target.every else self.checks]
        boxes = boxes[: max(1, model.affordable(len(boxes)))]
        views = [View(view.image, box) for box in boxes]
        confidences = self.verification.verify(views, target, model)
        found = (Proposal(b, self._score(c)) for b, c in zip(boxes, confidences, strict=True))
        return Sighting(tuple(found), peaked(heat))

    def _score(self, confidence: float | None) -> float:
        """From 0 to 1. The search goes on from it, and so needs one."""
        if confidence is None:
            raise errors.SpecError(
                f"SEAL goes on from how sure the model is, which {self.verification.name!r} does "
                "not ask; take another verification, such as existence."
            )
        return (confidence + 1) / 2

    def describe(self, view: View, target: Target, model: BudgetedModel) -> str:
        prompt = Prompt.fill(view, ASK, target=target.text)
        (reply,) = model.generate([prompt], max_new_tokens=self.max_new_tokens)
        return place_of(reply.text, target.text)

    def context(self, view: View, place: str, model: BudgetedModel) -> RelevanceMap:
        return peaked(self.relevance.map(view, Target(place), model))
