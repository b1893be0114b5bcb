"""The map of the heads that look at the image."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Capture, Internals, Prompt, RelevanceMap, Target, View, Vv
from visualcrop.models import ModelInfo
from visualcrop.plugin import OnePassSource, between, option

from .parts import captured_layers, take_heads


@attrs.frozen
class Heads(OnePassSource):
    """
    The map of another source from the heads that attend to the image most. No pass more.

    A head's visual-attention ratio is the share of the last token's attention that goes to image
    tokens. Query heads that share their keys and values count as one, with their mean.
    """

    name = "heads"

    relevance: OnePassSource = option(Vv(), help="source of the map")
    share: float = option(
        0.1, help="of the heads of all its layers that are kept", validator=between(0, 1)
    )

    def fill_prompt(self, view: View, target: Target) -> Prompt:
        return self.relevance.fill_prompt(view, target)

    def capture(self, info: ModelInfo) -> Capture:
        wanted = self.relevance.capture(info)
        return attrs.evolve(wanted, attention=captured_layers(wanted))

    def read(self, internals: Internals) -> RelevanceMap:
        ratios = _find_ratios(internals)
        ranked = sorted(
            ((-ratio, layer, head) for layer, of in ratios.items() for head, ratio in enumerate(of))
        )
        heads: dict[int, list[int]] = defaultdict(list)
        # Rounded first: 0.1 x 30 heads are 3, not 3.0000000000000004.
        for _, layer, head in ranked[: max(1, math.ceil(round(self.share * len(ranked), 6)))]:
            heads[layer].append(head)
        kept = {layer: sorted(of) for layer, of in heads.items()}
        count = {layer: len(of) for layer, of in ratios.items()}
        return self.relevance.read(take_heads(internals, kept, count))


def _find_ratios(internals: Internals) -> Mapping[int, npt.NDArray[np.float64]]:
    """By layer, each head's share of attention to the image: as many as heads of values or keys."""
    (patches,) = internals.patches
    cells = np.unique(patches.tokens)
    ratios = {}
    for layer, rows in internals.attention.items():
        attention = rows.float().cpu().numpy().astype(np.float64)  # query heads x tokens
        ratio = attention[:, cells].sum(1) / attention.sum(1)
        cached = internals.values.get(layer, internals.keys.get(layer))
        groups = len(ratio) if cached is None else len(cached)
        ratios[layer] = ratio.reshape(groups, -1).mean(1)
    return ratios
