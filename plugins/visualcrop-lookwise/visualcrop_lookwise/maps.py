"""Where a target is, by the attention of one decoder layer."""

from __future__ import annotations

import attrs

from visualcrop import BudgetedModel, Capture, Prompt, RelevanceMap, Target, View, errors
from visualcrop.models import ModelInfo
from visualcrop.plugin import RelevanceSource, option


def _names_target(_: object, __: object, text: str) -> None:
    if "{target}" not in text:
        raise errors.SpecError(
            f"The prompt of layer-att is {text!r}; write {{target}} where the target's name goes."
        )


@attrs.frozen
class LayerAtt(RelevanceSource):
    """A layer's attention from the target's last token, the heads' mean (LookWise). One pass."""

    name = "layer-att"

    layer: int | None = option(
        None, help="decoder layer, counted from 0; none is 11/16 of the way down: 22 of 32"
    )
    prompt: str = option(
        "where is the {target} Answer the question using a single word or phrase.",
        help="text shown with the view; it names the {target}",
        validator=_names_target,
    )

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        layer = pick_layer(self.layer, model.info)
        prompt = Prompt.fill(view, self.prompt, target=target.singular)
        (internals,) = model.forward([prompt], Capture(span_attention=(layer,)))
        (patches,) = internals.patches
        return patches.map(internals.attention_of("target", layer)[:, -1].float().mean(0))


def pick_layer(layer: int | None, info: ModelInfo) -> int:
    """*layer*, or the layer with attention that is nearest to 11/16 of the model's depth."""
    if layer is None:
        return info.nearest_attention_layer(info.layers * 11 // 16)
    if not 0 <= layer < info.layers:
        raise errors.SpecError(
            f"There is no layer {layer} in a model of {info.layers} layers; "
            f"give one from 0 to {info.layers - 1}."
        )
    return layer
