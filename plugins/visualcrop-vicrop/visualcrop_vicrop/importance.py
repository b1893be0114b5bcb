"""What the three maps share: whatever is asked, in the same words."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import attrs

from visualcrop import BudgetedModel, Prompt, RelevanceMap, Target, View
from visualcrop.plugin import RelevanceSource, option


@attrs.frozen
class Importance(RelevanceSource):
    """A map of what matters to a question."""

    price: ClassVar[int]  # passes

    prompt: str = option("Where is the {target}?", help="question about a target of FOCUS")
    wording: str = option(
        "{question} Answer the question using a single word or phrase.",
        help="text shown with the view, for any question",
    )

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        return self.of(view, self.prompt.replace("{target}", target.text), model)

    @abstractmethod
    def of(self, view: View, question: str, model: BudgetedModel) -> RelevanceMap:
        """What matters to *question*."""

    def asked(self, view: View, question: str) -> Prompt:
        return Prompt((view, self.wording.replace("{question}", question)))


@attrs.frozen
class Relative(Importance):
    """A map that is divided by that of a question about nothing in particular."""

    price = 2

    general: str = option(
        "Write a general description of the image.", help="the question to divide by"
    )

    def pair(self, view: View, question: str) -> list[Prompt]:
        return [self.asked(view, question), self.asked(view, self.general)]
