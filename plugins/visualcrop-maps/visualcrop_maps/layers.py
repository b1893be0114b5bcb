"""A map of the layers that point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import attrs
import numpy as np

from visualcrop import BudgetedModel, RelevanceMap, Target, View, Vv
from visualcrop.errors import SpecError
from visualcrop.plugin import OnePassSource, RelevanceSource, between, option

from .layer_weights import LayerWeights
from .parts import map_layers
from .scores import normalise


@attrs.frozen
class Layers(RelevanceSource):
    """
    A map of the layers that point, of all the model has. One pass; by spread, and one per other.

    By spread, no labels are needed: a layer counts if its map of the target differs from its maps
    of *others*. The distance is the total variation of maps with a sum of one; the map is the
    highest of those of the layers that count. By ridge, the map is a weighted sum, whose weights
    `fit_layer_weights` learns. Where the budget has no passes for the others, the map is that of
    the other source.
    """

    name = "layers"

    relevance: OnePassSource = option(Vv(), help="source of each layer's map")
    by: Literal["spread", "ridge"] = option("spread", help="how layers are weighed")
    others: tuple[str, ...] = option(
        ("object",), help="by spread: other targets, each a pass for all targets together"
    )
    keep: float = option(
        0.5,
        help="by spread: the part of the largest distance that a layer needs to count",
        validator=between(0, 1),
    )
    weights: str = option("", help="by ridge: the file of weights")

    def __attrs_post_init__(self) -> None:
        if self.by == "spread" and not self.others:
            raise SpecError("layers needs others by spread, such as others=[object].")
        if self.by == "ridge" and not self.weights:
            raise SpecError(
                "layers needs weights by ridge; name a file that python -m visualcrop_maps wrote."
            )

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        (found,) = self.maps(view, [target], model)
        return found

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """All targets and others are prompts of one call: the view is read once."""
        if self.by == "ridge":
            learned = LayerWeights.read(Path(self.weights))
            learned.check_for(self.relevance, model)
            found = map_layers(self.relevance, view, targets, model)
            return [_weigh(by_layer, learned.weights) for by_layer in found]
        others = [Target(name) for name in self.others]
        if model.affordable(len(targets) + len(others)) < len(targets) + len(others):
            return self.relevance.maps(view, targets, model)
        found = map_layers(self.relevance, view, [*targets, *others], model)
        return [self._join(found[i], found[len(targets) :]) for i in range(len(targets))]

    def _join(
        self, own: Mapping[int, RelevanceMap], others: Sequence[Mapping[int, RelevanceMap]]
    ) -> RelevanceMap:
        """The highest scores of the layers whose map is not that of any target."""
        maps = {layer: normalise(found.scores) for layer, found in own.items()}
        distances = {
            layer: sum(
                float(np.abs(scores - normalise(other[layer].scores)).sum()) / 2 for other in others
            )
            for layer, scores in maps.items()
        }
        least = self.keep * max(distances.values())
        kept = [scores for layer, scores in maps.items() if distances[layer] >= least]
        return attrs.evolve(next(iter(own.values())), scores=np.max(kept, axis=0))


def _weigh(by_layer: Mapping[int, RelevanceMap], weights: Mapping[int, float]) -> RelevanceMap:
    """The weighted sum of maps with a sum of one; less than nothing counts as nothing."""
    if not by_layer.keys() >= weights.keys():
        raise SpecError(
            "The layer weights are of layers that the model lacks; learn others with "
            "fit_layer_weights."
        )
    total = sum(weight * normalise(by_layer[layer].scores) for layer, weight in weights.items())
    return attrs.evolve(next(iter(by_layer.values())), scores=np.clip(total, 0, None))
