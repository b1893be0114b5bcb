"""The checkpoints that come with this package, as models."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import attrs

from visualcrop import Auto, option

_WEIGHTS = files(__package__) / "weights"
# An ROI is three cells of the map: one to two times what the eye sees at once, in a picture of 2K.
_SEARCH: Mapping[str, object] = {"targets": "rules", "proposals.s_max": 3}


@attrs.frozen
class Tiny(Auto):
    """4.6 million parameters of LLaVA's layout, for the drawn scenes of `needles` and no other."""

    name = "tiny"

    checkpoint: str = option(str(_WEIGHTS / "tiny"), help="folder of the checkpoint")

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        """Names in its world are found by rule, and two things far apart go on a canvas."""
        return {"focus": {**_SEARCH, "answer": "crop", "answer.t_obj_dist": 500}}
