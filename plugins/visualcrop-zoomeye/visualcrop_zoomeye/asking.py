"""Confidences of a model, by the odds of its next word."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import BudgetedModel, Prompt

from .prompts import Kind, asked
from .showing import Look, Showing
from .tree import Node


@attrs.frozen(eq=False)
class Asker:
    """
    What a model makes of nodes. Each question is one pass.

    Questions about one node show the same, to the pixel, and differ in their last words alone: a
    model that remembers what it read reads the images of a node once.
    """

    model: BudgetedModel
    showing: Showing
    cue: str  # what is looked for
    question: str  # what is to be answered

    def answering(self, node: Node) -> float:
        (sure,) = self._sure("verification", [(self.showing.of(node), "answering", self.question)])
        return sure

    def existence(self, node: Node) -> float:
        (sure,) = self._sure("verification", [(self.showing.of(node), "existence", self.cue)])
        return sure

    def promise(self, nodes: Sequence[Node], *, latent: bool) -> Sequence[tuple[float, float]]:
        """Both questions about each node in one call, so that they can be read together."""
        kinds: tuple[Kind, ...] = ("existence", "latent") if latent else ("existence",)
        wanted = [(self.showing.of(node), kind, self.cue) for node in nodes for kind in kinds]
        sure = self._sure("ranking", wanted)
        return list(zip(sure[::2], sure[1::2], strict=True)) if latent else [(c, 0.0) for c in sure]

    def glance(self) -> float:
        """That the model can answer from the whole image as it sees it at once."""
        (sure,) = self._sure("filter", [(self.showing.glance, "answering", self.question)])
        return sure

    def _sure(self, stage: str, wanted: Sequence[tuple[Look, Kind, str]]) -> list[float]:
        prompts = [
            Prompt((*look.parts, asked(kind, look.tag, about))) for look, kind, about in wanted
        ]
        choices = self.model.at(stage).choose(prompts, ("Yes", "No"))
        return [2 * (choice.probabilities[0] - 0.5) for choice in choices]
