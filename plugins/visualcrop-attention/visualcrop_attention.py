"""Relevance from raw attention: what the last token of the prompt looks at."""

from __future__ import annotations

import attrs

from visualcrop import Capture, Internals, Prompt, RelevanceMap, Target, View
from visualcrop.models import ModelInfo
from visualcrop.plugin import OnePassSource, RelevanceSource, hookimpl, option


@attrs.frozen
class Attention(OnePassSource):
    """Attention from the last token to each patch, averaged over heads and layers. One pass."""

    name = "attention"

    layers: tuple[int, int] | None = option(None, help="first decoder layer, and where to stop")
    prompt: str = option("Where is the {target}?", help="text shown with the view")

    def fill_prompt(self, view: View, target: Target) -> Prompt:
        return Prompt.fill(view, self.prompt, target=target.singular)

    def capture(self, info: ModelInfo) -> Capture:
        return Capture(attention=info.attention_span(self.layers))

    def read(self, internals: Internals) -> RelevanceMap:
        heads = sum(rows.float().mean(0) for rows in internals.attention.values())
        (patches,) = internals.patches
        return patches.map(heads)


@hookimpl
def visualcrop_strategies() -> list[type[RelevanceSource]]:
    return [Attention]
