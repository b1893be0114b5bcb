"""
A model without weights, whose world is pictures of small framed things.

It looks at every view through an eye of 144 x 144 pixels. What is small in the view is smeared
out there: too faint to name, but not too faint to leave a trace in the features of its cell.
So searching pays off for the reason it does with real models, and in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ...strategy.base import option
from ..base import Model, ModelFamily


@attrs.frozen
class Toy(ModelFamily):
    """A model that needs no weights and knows only the toy scenes of `visualcrop demo`."""

    name = "toy"
    home = "toy(scenes=1, seed=43)"  # on which asking directly fails three times

    local: bool = option(False, help="see the image a second time in finer local cells")

    def open(self) -> Model:
        from .model import ToyModel

        return ToyModel(local=self.local)

    def settings(self) -> Mapping[str, object]:
        return {"focus": {"answer": "text-boxes", "t_type2": 0.5}} if self.local else {}
