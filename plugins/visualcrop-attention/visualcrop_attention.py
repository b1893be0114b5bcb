"""Relevance from raw attention: what the last token of the prompt looks at."""

from __future__ import annotations

import attrs

from visualcrop import BudgetedModel, Capture, Prompt, RelevanceMap, Target, View
from visualcrop.plugin import RelevanceSource, hookimpl, option


@attrs.frozen
class Attention(RelevanceSource):
    """Attention from the last token to each patch, averaged over heads and layers. One pass."""

    name = "attention"

    layers: tuple[int, int] | None = option(None, help="first decoder layer, and where to stop")
    prompt: str = option("Where is the {target}?", help="text shown with the view")

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        prompt = Prompt.fill(view, self.prompt, target=target.singular)
        capture = Capture(attention=model.info.attention_span(self.layers))
        (seen,) = model.forward([prompt], capture)
        heads = sum(rows.float().mean(0) for rows in seen.attention.values())
        (patches,) = seen.patches
        return patches.map(heads)


@hookimpl
def visualcrop_strategies() -> list[type[RelevanceSource]]:
    return [Attention]
