"""A map that knows nothing."""

from __future__ import annotations

import hashlib

import attrs
import numpy as np

from visualcrop import BudgetedModel, Prompt, RelevanceMap, Target, View
from visualcrop.plugin import RelevanceSource, option, smooth_map


@attrs.frozen
class Random(RelevanceSource):
    """Scores drawn from a seed, over the grid that the model would use (Table 3). One pass."""

    name = "random"
    is_control = True

    seed: int = option(0, help="another seed, other scores")
    sigma: float = option(1.0, help="Gaussian over local grids, in cells")
    pool: int = option(2, help="cells of a local grid joined into one, on a side")
    prompt: str = option("Is there a {target} in the image?", help="text shown with the view")

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        (seen,) = model.forward([Prompt.fill(view, self.prompt, target=target.singular)])
        (patches,) = seen.patches
        key = f"{self.seed}/{view.image.digest}/{view.box}/{target.text}"
        seed = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "little")
        scores = np.random.default_rng(seed).random(patches.tokens.shape, np.float32)
        found = RelevanceMap(patches.grid, scores, patches.base)
        return smooth_map(found, self.sigma, self.pool) if patches.local else found
