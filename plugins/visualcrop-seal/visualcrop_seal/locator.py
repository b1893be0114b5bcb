"""The strategy kind `locator`: it looks at a part of the image for SEAL's search."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from visualcrop import Box, BudgetedModel, Image, RelevanceMap, Target, View
from visualcrop.plugin import Strategy

from .search import Detections

LOCATION_PROMPT = (
    "According to the common sense knowledge and possible visual cues, "
    "what is the most likely location of the {target} in the image?"
)
_LEADING_WORDS = set(
    "a an the some any this that these those its his her their our my your "
    "above across against along amid among around at atop behind below beneath beside between "
    "by close far from hanging in inside into located lying mounted near next on onto outside over "
    "placed positioned seated sitting somewhere standing to toward towards under upon "
    "within".split()
)
_SEVERAL_THINGS = re.compile(r"[,;]|\b(?:and|or)\b")


class TargetLocator(Strategy):
    """View and target -> boxes that may show it, its heatmap, and that of its likely place."""

    kind = "locator"

    @abstractmethod
    def detect(self, view: View, target: Target, model: BudgetedModel) -> Detections:
        """Boxes with scores from 0 to 1, in pixels of the image, and the target's heatmap."""

    @abstractmethod
    def describe(self, view: View, target: Target, model: BudgetedModel) -> str:
        """A phrase for the place where the target is most likely to be."""

    @abstractmethod
    def map_place(self, view: View, place: str, model: BudgetedModel) -> RelevanceMap:
        """The heatmap of a place, as `describe` names it."""


@attrs.frozen
class BoundLocator:
    """A locator for one target in one image; its passes are charged to *model* by stage."""

    locator: TargetLocator
    image: Image
    target: Target
    model: BudgetedModel

    def detect(self, box: Box) -> Detections:
        """Boxes and heatmap of the target."""
        with self._looking("detect") as model:
            return self.locator.detect(View(self.image, box), self.target, model)

    def describe(self, box: Box) -> str:
        """A phrase for the place where the target is most likely to be."""
        with self._looking("describe") as model:
            return self.locator.describe(View(self.image, box), self.target, model)

    def map_place(self, box: Box, place: str) -> RelevanceMap:
        """The heatmap of a place, as `describe` names it."""
        with self._looking("context") as model:
            return self.locator.map_place(View(self.image, box), place, model)

    @contextmanager
    def _looking(self, stage: str) -> Iterator[BudgetedModel]:
        """The model at *stage*, of which progress expects one pass until more have been run."""
        model = self.model.at(stage)
        model.expect(model.affordable(1))
        with model.expecting(1):
            yield model


def parse_location(reply: str, target: str) -> str:
    """
    The phrase to search for next, from the reply to `LOCATION_PROMPT`.

    If the reply names one thing, that thing with its description; else a region.
    """
    tail = reply.rpartition("most likely to appear")[2].strip().removesuffix(".")
    tail = tail.rpartition(target)[2].strip()
    words = tail.split()
    while words and words[0].lower() in _LEADING_WORDS:
        words.pop(0)
    thing = " ".join(words)
    if not tail:
        return f"region around the {target}"
    return thing if thing and not _SEVERAL_THINGS.search(thing) else f"region {tail}"
