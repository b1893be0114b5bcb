"""Where the keys of the image resemble those of the target's words, positions left out."""

from __future__ import annotations

from typing import Literal

import attrs

from visualcrop import BudgetedModel, Capture, Prompt, RelevanceMap, Target, View
from visualcrop.plugin import RelevanceSource, option, similarity_map


@attrs.frozen
class KkNorope(RelevanceSource):
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

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        capture = Capture(keys=model.info.span(self.layers), rotary=False)
        (seen,) = model.forward([Prompt.fill(view, self.prompt, target=target.singular)], capture)
        return similarity_map(
            seen,
            seen.keys,
            normalise=self.normalise,
            clip=self.clip,
            sigma=self.sigma,
            pool=self.pool,
        )
