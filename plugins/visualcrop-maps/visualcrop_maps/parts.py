"""Parts of what a pass kept: single layers, single heads, all but some tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import BudgetedModel, Capture, Internals, RelevanceMap, Target, View
from visualcrop.models import ModelInfo
from visualcrop.plugin import OnePassSource

if TYPE_CHECKING:
    from torch import Tensor

_KEPT = ("values", "keys", "attention", "gradients")  # what is kept by layer


def captured_layers(capture: Capture) -> tuple[int, ...]:
    """Decoder layers of which anything is kept."""
    return tuple(sorted({layer for name in _KEPT for layer in getattr(capture, name)}))


def capture_every_layer(capture: Capture, info: ModelInfo) -> Capture:
    """What is kept of some layers, of every layer that has it."""
    return attrs.evolve(
        capture,
        values=info.kv_layers if capture.values else (),
        keys=info.kv_layers if capture.keys else (),
        attention=info.attention_layers if capture.attention else (),
        gradients=info.attention_layers if capture.gradients else (),
    )


def take_layer(internals: Internals, layer: int) -> Internals:
    """What was kept of one layer."""
    return _change(internals, lambda at, kept: kept if at == layer else None)


def map_layers(
    source: OnePassSource, view: View, targets: Iterable[Target], model: BudgetedModel
) -> list[dict[int, RelevanceMap]]:
    """Of each target, the source's map of every decoder layer by itself, from one pass."""
    capture = capture_every_layer(source.capture(model.info), model.info)
    prompts = [source.fill_prompt(view, target) for target in targets]
    kept = [set(layers) for name in _KEPT if (layers := getattr(capture, name))]
    layers = sorted(set.intersection(*kept))  # a layer may attend, and have no values of its own
    return [
        {layer: source.read(take_layer(seen, layer)) for layer in layers}
        for seen in model.forward(prompts, capture)
    ]


def take_heads(
    internals: Internals, heads: Mapping[int, Sequence[int]], count: Mapping[int, int]
) -> Internals:
    """
    What was kept of some *heads* of each layer; of a layer without any, nothing.

    Heads are counted as the values' are, *count* in a layer: the query heads of a group are one.
    """

    def take(layer: int, kept: Tensor) -> Tensor | None:
        if not heads.get(layer):
            return None
        by_group = kept.reshape(count[layer], -1, *kept.shape[1:])
        return by_group[list(heads[layer])].flatten(0, 1)

    return _change(internals, take)


def mask_tokens(internals: Internals, tokens: npt.NDArray[np.intp]) -> Internals:
    """What was kept, with zeros at *tokens*: they resemble nothing, and nothing attends to them."""

    def mask(_: int, kept: Tensor) -> Tensor:
        masked = kept.clone()
        if masked.ndim == 2:  # heads x tokens
            masked[:, tokens] = 0
        else:  # heads x tokens x width
            masked[:, tokens, :] = 0
        return masked

    return _change(internals, mask)


def _change(internals: Internals, change: Callable[[int, Tensor], Tensor | None]) -> Internals:
    """Every tensor as *change* makes it of a layer and what was kept of it; none is left out."""
    changed: dict[str, Any] = {
        name: {
            layer: after
            for layer, kept in getattr(internals, name).items()
            if (after := change(layer, kept)) is not None
        }
        for name in _KEPT
    }
    return attrs.evolve(internals, **changed)
