"""Cosine similarity of cached values between the image's tokens and those of the target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import RelevanceSource
from ..models.base import Capture, Internals
from ..prompt import Prompt
from ..strategy.base import at_least, option
from ..values import RelevanceMap, Target, View
from .similarity import Normalise, similarity_map


@attrs.frozen
class Vv(RelevanceSource):
    """Cosine of cached values, target words against image: FOCUS's own map. One pass."""

    name = "vv"

    layers: tuple[int, int] | None = option(
        None, help="first decoder layer and the one to stop before; none is the last half"
    )
    normalise: Normalise = option(
        "target",
        help="divide by the target token's row sum, or by each image token's as printed in Fig. 7",
    )
    clip: bool = option(True, help="count negative cosines as zero; false is the literal reading")
    sigma: float = option(1.0, help="Gaussian over local grids, in cells", validator=at_least(0))
    pool: int = option(
        2, help="cells of a local grid joined into one, on a side", validator=at_least(1)
    )
    prompt: str = option("Is there a {target} in the image?", help="text shown with the view")

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        (found,) = self.maps(view, [target], model)
        return found

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        """All in one call: with a prefix cache the model reads the view once."""
        capture = Capture(values=model.info.span(self.layers))
        prompts = [Prompt.fill(view, self.prompt, target=target.text) for target in targets]
        return [self._make_map(internals) for internals in model.forward(prompts, capture)]

    def _make_map(self, internals: Internals) -> RelevanceMap:
        return similarity_map(
            internals,
            internals.values,
            normalise=self.normalise,
            clip=self.clip,
            sigma=self.sigma,
            pool=self.pool,
        )
