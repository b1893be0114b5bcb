"""Maps from one layer's attention: what the last token of the prompt looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from visualcrop import BudgetedModel, Capture, Internals, RelevanceMap, View, errors
from visualcrop.models import ModelInfo
from visualcrop.plugin import option

from .importance import Importance, Relative

if TYPE_CHECKING:
    from torch import Tensor

_LAYER = "decoder layer, counted from 0; none is 7/16 of the way down: 14 of 32"
_LEAST = 1e-6  # of the mean: what attention is taken to be where it is less, so as to divide by it


@attrs.frozen
class RelAtt(Relative):
    """Attention to each patch, relative to a general question's (ViCrop). Two passes."""

    name = "rel-att"

    layer: int | None = option(None, help=_LAYER)

    def of(self, view: View, question: str, model: BudgetedModel) -> RelevanceMap:
        layer = layer_of(self.layer, model.info)
        seen = model.forward(self.pair(view, question), Capture(attention=(layer,), relayed=True))
        (patches,) = seen[0].patches  # the view comes first: the general one's are the same
        special, general = (attended(reading, layer)[patches.tokens] for reading in seen)
        ratio = special / general.clamp_min(float(general.mean()) * _LEAST or 1.0)
        return RelevanceMap(patches.grid, ratio, patches.base)


@attrs.frozen
class GradAtt(Importance):
    """Attention to each patch where more would make the reply likelier (ViCrop). One pass."""

    name = "grad-att"
    price = 1

    layer: int | None = option(None, help=_LAYER)

    def of(self, view: View, question: str, model: BudgetedModel) -> RelevanceMap:
        layer = layer_of(self.layer, model.info)
        capture = Capture(attention=(layer,), gradients=(layer,), relayed=True)
        (seen,) = model.forward([self.asked(view, question)], capture)
        (patches,) = seen.patches
        return patches.map(attended(seen, layer))


def layer_of(layer: int | None, info: ModelInfo) -> int:
    """The layer to look at."""
    if layer is None:
        return info.layers * 7 // 16
    if not 0 <= layer < info.layers:
        raise errors.SpecError(
            f"There is no layer {layer} in a model of {info.layers} layers; "
            f"give one from 0 to {info.layers - 1}."
        )
    return layer


def attended(seen: Internals, layer: int) -> Tensor:
    """The last token's attention to each other, the heads' mean, by gradients if there are any."""
    row = _weighed(seen.attention[layer], seen.gradients.get(layer))
    if seen.relay is None:
        return row
    return row[seen.relay.tokens] @ _weighed(seen.relay.attention, seen.relay.gradients)


def _weighed(attention: Tensor, gradients: Tensor | None) -> Tensor:
    """The heads' mean; what a gradient would rather have less of does not count."""
    weighed = attention.float()
    if gradients is not None:
        weighed = weighed * gradients.float().clamp_min(0)
    return weighed.mean(0)
