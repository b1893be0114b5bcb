"""Confidences of a model about nodes, from the odds of Yes against No."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import BudgetedModel, Prompt

from .prompts import QuestionKind, fill_question
from .tree import Node
from .views import NodeRenderer, Rendered


@attrs.frozen(eq=False)
class ModelScorer:
    """
    Confidences from -1 to 1 about nodes of one image. Each question is one pass.

    Questions about one node show the same images, to the pixel, and differ in their last words
    alone: a model with a prefix cache reads the images of a node once.
    """

    model: BudgetedModel
    renderer: NodeRenderer
    target: str  # what is looked for
    question: str  # what is to be answered

    def score_answering(self, node: Node) -> float:
        shown = self.renderer.render(node)
        (confidence,) = self._score("verification", [(shown, "answering", self.question)])
        return confidence

    def score_existence(self, node: Node) -> float:
        shown = self.renderer.render(node)
        (confidence,) = self._score("verification", [(shown, "existence", self.target)])
        return confidence

    def score_children(
        self, nodes: Sequence[Node], *, latent: bool
    ) -> Sequence[tuple[float, float]]:
        """Both questions about each node in one call, so that they are run as one batch."""
        kinds: tuple[QuestionKind, ...] = ("existence", "latent") if latent else ("existence",)
        wanted = [
            (self.renderer.render(node), kind, self.target) for node in nodes for kind in kinds
        ]
        scores = self._score("ranking", wanted)
        if not latent:
            return [(existence, 0.0) for existence in scores]
        return list(zip(scores[::2], scores[1::2], strict=True))

    def score_thumbnail(self) -> float:
        shown = self.renderer.thumbnail
        (confidence,) = self._score("filter", [(shown, "answering", self.question)])
        return confidence

    def _score(
        self, stage: str, wanted: Sequence[tuple[Rendered, QuestionKind, str]]
    ) -> list[float]:
        prompts = [
            Prompt((*shown.parts, fill_question(kind, shown.tag, subject)))
            for shown, kind, subject in wanted
        ]
        model = self.model.at(stage)
        model.expect(len(prompts))
        choices = model.choose(prompts, ("Yes", "No"))
        return [2 * (choice.probabilities[0] - 0.5) for choice in choices]
