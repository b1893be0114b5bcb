"""Who SEAL's search asks: a kind of its own, so that every plug-in may bring another."""

from __future__ import annotations

from abc import abstractmethod

import attrs

from visualcrop import Box, BudgetedModel, Image, RelevanceMap, Target, View
from visualcrop.plugin import Strategy

from .search import Sighting


class TargetLocator(Strategy):
    """View and target -> boxes that may hold it, its heat, and the heat of where it is likely."""

    kind = "locator"

    @abstractmethod
    def detect(self, view: View, target: Target, model: BudgetedModel) -> Sighting:
        """Boxes with a score from 0 to 1, in pixels of the image, and the target's own heat."""

    @abstractmethod
    def describe(self, view: View, target: Target, model: BudgetedModel) -> str:
        """A phrase for the place where the target is most likely to be."""

    @abstractmethod
    def context(self, view: View, place: str, model: BudgetedModel) -> RelevanceMap:
        """The heat of that place."""


@attrs.frozen
class Looking:
    """A locator at work on one image and target; each of its passes is charged to its question."""

    locator: TargetLocator
    image: Image
    target: Target
    model: BudgetedModel

    def detect(self, box: Box) -> Sighting:
        """The target's boxes and its heat."""
        return self.locator.detect(View(self.image, box), self.target, self.model.at("detect"))

    def describe(self, box: Box) -> str:
        """Words for the place where the target is most likely to be."""
        return self.locator.describe(View(self.image, box), self.target, self.model.at("describe"))

    def context(self, box: Box, place: str) -> RelevanceMap:
        """The heat of that place."""
        return self.locator.context(View(self.image, box), place, self.model.at("context"))
