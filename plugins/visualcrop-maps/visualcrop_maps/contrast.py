"""What a map has for its target alone: less what it has for anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from visualcrop import BudgetedModel, RelevanceMap, Target, View, Vv
from visualcrop.plugin import RelevanceSource, option

from .scores import normalise


@attrs.frozen
class Contrast(RelevanceSource):
    """
    The map of another source less its map of a null target. One pass more for all targets.

    Both maps are divided by their sums first. Where the budget has no pass for the null target,
    and for the null target itself, the map is that of the other source.
    """

    name = "contrast"

    relevance: RelevanceSource = option(Vv(), help="source of both maps")
    null: str = option("object", help="what any thing is called: its map is taken away")
    clip: bool = option(True, help="count as zero where the null target is likelier")

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        (found,) = self.maps(view, [target], model)
        return found

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """The null target is one of the prompts: a source that batches reads the view once."""
        if model.affordable(len(targets) + 1) <= len(targets):
            return self.relevance.maps(view, targets, model)
        null = Target(self.null)
        *found, nothing = self.relevance.maps(view, [*targets, null], model)
        pairs = zip(targets, found, strict=True)
        return [m if t.singular == self.null else self._subtract(m, nothing) for t, m in pairs]

    def _subtract(self, found: RelevanceMap, nothing: RelevanceMap) -> RelevanceMap:
        left = normalise(found.scores) - normalise(nothing.scores)
        if self.clip:
            left = left.clip(min=0)
        # Two maps that agree leave nothing to order boxes by; the one that was asked for does.
        return attrs.evolve(found, scores=left) if left.any() else found
