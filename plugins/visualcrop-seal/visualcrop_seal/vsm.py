"""SEAL's own search model, as a locator."""

from __future__ import annotations

import os
from functools import lru_cache
from threading import Lock
from typing import Literal

import attrs
from attrs.validators import ge

from visualcrop import (
    BudgetedModel,
    Grid,
    Model,
    ModelFamily,
    Prompt,
    RelevanceMap,
    Reply,
    Target,
    View,
    errors,
)
from visualcrop.plugin import option

from .describing import ASK, place_of
from .located import Located
from .locator import TargetLocator
from .recipe import TOWER
from .search import Sighting

_LOCATE = "Please locate the {target} in this image."
_opening = Lock()


def _unlock() -> None:
    """In a forked child, where whoever was opening the model is gone."""
    global _opening  # noqa: PLW0603
    _opening = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


@attrs.frozen
class Vsm(ModelFamily):
    """The recipe of V*'s search model, which answers as a model and is billed as one."""

    name = "vsm"

    checkpoint: str = ""
    revision: str | None = None
    vision_tower: str = TOWER
    dtype: str = "auto"
    device: str = "auto"

    def open(self) -> Model:
        if not self.checkpoint:
            raise errors.ModelError(
                "The locator 'seal-vsm' needs a checkpoint: "
                "locator=seal-vsm(checkpoint=craigwu/seal_vsm_7b), or a folder."
            )
        with _opening:  # the weights once, however many threads ask
            return _opened(self)


@lru_cache(maxsize=1)  # the weights stay for the next question
def _opened(family: Vsm) -> Model:
    from .networks.vsm_model import open_vsm

    return open_vsm(family)


@attrs.frozen
class SealVsm(TargetLocator):
    """Ask V*'s own search model, on the same ledger as the model that answers. 1 pass a look."""

    name = "seal-vsm"

    checkpoint: str = option("", help="folder of the search model, or its name on the hub")
    revision: str | None = option(None, help="branch, tag or commit on the hub")
    vision_tower: str = option(TOWER, help="its CLIP encoder: a folder, or a name on the hub")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="number format; auto is bfloat16, as published"
    )
    device: str = option("auto", help="cpu, cuda, cuda:1, ...; auto takes a GPU if there is one")
    max_new_tokens: int = option(100, help="longest reply", validator=ge(1))

    def detect(self, view: View, target: Target, model: BudgetedModel) -> Sighting:
        reply = self._ask(view, _LOCATE, target.text, model)
        boxes = reply.proposals(view.box) if isinstance(reply, Located) else ()
        return Sighting(boxes, _heat(reply, view))

    def describe(self, view: View, target: Target, model: BudgetedModel) -> str:
        return place_of(self._ask(view, ASK, target.text, model).text, target.text)

    def context(self, view: View, place: str, model: BudgetedModel) -> RelevanceMap:
        return _heat(self._ask(view, _LOCATE, place, model), view)

    def _ask(self, view: View, text: str, target: str, model: BudgetedModel) -> Reply:
        vsm = Vsm(self.checkpoint, self.revision, self.vision_tower, self.dtype, self.device)
        prompt = Prompt.fill(view, text, target=target)
        (reply,) = model.beside(vsm).generate([prompt], max_new_tokens=self.max_new_tokens)
        return reply


def _heat(reply: Reply, view: View) -> RelevanceMap:
    """A cell for each pixel of the view; without a place in the reply, one cell without heat."""
    box = view.box
    if not isinstance(reply, Located):
        return RelevanceMap(Grid.even(1, 1, box), [[0.0]])
    from .networks.vsm_model import heat

    rows, columns = view.picture.height, view.picture.width
    return RelevanceMap(Grid.even(rows, columns, box), heat(reply.logits, rows, columns))
