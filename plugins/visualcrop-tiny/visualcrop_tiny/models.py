"""The checkpoints that come with this package, as models."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import attrs

from visualcrop import Auto, option

_WEIGHTS = files(__package__) / "weights"
# Targets in its world are found by rule. A box is three cells of the map: as much as its eye reads.
_SEARCH: Mapping[str, object] = {"targets": "rules", "proposals.s_max": 3}


@attrs.frozen
class Tiny(Auto):
    """4.6 million parameters of LLaVA's layout, for the drawn scenes of `needles` and no other."""

    name = "tiny"

    checkpoint: str = option(str(_WEIGHTS / "tiny"), help="folder of the checkpoint")

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        """Two things far apart go on a canvas, where each is shown large enough."""
        return {"focus": {**_SEARCH, "answer": "crop", "answer.t_obj_dist": 500}}


@attrs.frozen
class TinyOnevision(Auto):
    """As `tiny`, of LLaVA-OneVision's layout: the whole image and four tiles, or several images."""

    name = "tiny-onevision"

    checkpoint: str = option(str(_WEIGHTS / "tiny-onevision"), help="folder of the checkpoint")

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        """What is found is shown beside the whole."""
        return {"focus": {**_SEARCH, "answer": "interleaved", "t_type2": 0.5}}
