"""Where the keys of the image resemble those of the target's words, positions left out."""

from __future__ import annotations

from typing import Literal

import attrs

from visualcrop import Capture, Internals, Prompt, RelevanceMap, Target, View
from visualcrop.models import ModelInfo
from visualcrop.plugin import OnePassSource, option, similarity_map


@attrs.frozen
class KkNorope(OnePassSource):
    """The map of `vv` from keys, before positions are rotated in (Table 3). One pass."""

    name = "kk-norope"

    layers: tuple[int, int] | None = option(
        None, help="first decoder layer and the one to stop before; none is the last half"
    )
    normalise: Literal["target", "token"] = option("target", help="whose row sum to divide by")
    clip: bool = option(True, help="count negative cosines as zero")
    sigma: float = option(1.0, help="Gaussian over local grids, in cells")
    pool: int = option(2, help="cells of a local grid joined into one, on a side")
    prompt: str = option("Is there a {target} in the image?", help="text shown with the view")

    def fill_prompt(self, view: View, target: Target) -> Prompt:
        return Prompt.fill(view, self.prompt, target=target.singular)

    def capture(self, info: ModelInfo) -> Capture:
        return Capture(keys=info.span(self.layers), rotary=False)

    def read(self, internals: Internals) -> RelevanceMap:
        return similarity_map(
            internals,
            internals.keys,
            normalise=self.normalise,
            clip=self.clip,
            sigma=self.sigma,
            pool=self.pool,
        )
