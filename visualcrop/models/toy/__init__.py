"""
A model without weights for drawn scenes of small framed things.

It resizes every view to 144 x 144 pixels. A thing that is small in the view is blurred: too faint
to name, but not too faint to leave a trace in the features of its cell. So searching pays off for
the same reason as with real models, in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ...strategy.base import option
from ..base import Model, ModelFamily


@attrs.frozen
class Toy(ModelFamily):
    """A model without weights that knows only the toy scenes of `visualcrop demo`."""

    name = "toy"
    demo_dataset = "toy(scenes=1, seed=43)"  # `direct` fails on all three questions

    local: bool = option(False, help="see the image a second time in finer local cells")

    def open(self) -> Model:
        from .model import ToyModel

        return ToyModel(local=self.local)

    def settings(self) -> Mapping[str, object]:
        return {"focus": {"answer": "text-boxes", "t_type2": 0.5}} if self.local else {}
