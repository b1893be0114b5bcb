"""A map without the tokens that draw attention whatever they show."""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Capture, Internals, Prompt, RelevanceMap, Target, View, Vv
from visualcrop.models import ModelInfo, Patches
from visualcrop.plugin import OnePassSource, at_least, option

from .parts import captured_layers, mask_tokens


@attrs.frozen
class Sinks(OnePassSource):
    """
    The map of another source without the outer ring and tokens of odd norms. No pass more.

    Attention sinks are image tokens in the outer ring of the grid, and those whose values have an
    outlying norm; that of a token which draws attention whatever it shows is small. What lies under
    them has the score of a token that resembles nothing.
    """

    name = "sinks"

    relevance: OnePassSource = option(Vv(), help="source of the map")
    ring: int = option(1, help="tokens from each edge that are masked", validator=at_least(0))
    outliers: float = option(
        6.0,
        help="median distances from the median norm of values beyond which a token is masked; "
        "0: none is",
        validator=at_least(0),
    )
    side: Literal["below", "above", "both"] = option("below", help="where norms are outlying")

    def fill_prompt(self, view: View, target: Target) -> Prompt:
        return self.relevance.fill_prompt(view, target)

    def capture(self, info: ModelInfo) -> Capture:
        wanted = self.relevance.capture(info)
        if wanted.values or not self.outliers:
            return wanted
        among = set(captured_layers(wanted))
        return attrs.evolve(wanted, values=tuple(n for n in info.kv_layers if n in among))

    def read(self, internals: Internals) -> RelevanceMap:
        (patches,) = internals.patches
        sinks = _find_ring(patches, self.ring)
        if self.outliers and internals.values:
            sinks |= self._find_outliers(internals, patches)
        if sinks.all():  # nothing would be left
            return self.relevance.read(internals)
        return self.relevance.read(mask_tokens(internals, np.unique(patches.tokens[sinks])))

    def _find_outliers(self, internals: Internals, patches: Patches) -> npt.NDArray[np.bool_]:
        """Rows x columns: whether the norm of a token's values, mean over layers, is far off."""
        norms = np.zeros(patches.tokens.shape)
        for values in internals.values.values():  # heads x tokens x width
            of_token = values.float().pow(2).sum((0, 2)).sqrt().cpu().numpy().astype(np.float64)
            of_layer = of_token[patches.tokens]
            norms += of_layer / (np.median(of_layer) or 1.0)
        above = norms - np.median(norms)
        usual = float(np.median(np.abs(above)))
        signed = {"below": -above, "above": above, "both": np.abs(above)}[self.side]
        return np.asarray((signed > self.outliers * usual) & (usual > 0))


def _find_ring(patches: Patches, width: int) -> npt.NDArray[np.bool_]:
    """Rows x columns of the grid: those at its edge, unless that were all."""
    rows, columns = patches.grid.shape
    ring = np.ones((rows, columns), bool)
    if min(rows, columns) <= 2 * width:
        return np.zeros_like(ring)
    ring[width : rows - width, width : columns - width] = False
    return ring
