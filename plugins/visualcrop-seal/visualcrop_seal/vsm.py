"""V*'s own search model, as a locator."""

from __future__ import annotations

import os
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Literal

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

from .locator import LOCATION_PROMPT, TargetLocator, parse_location
from .search import Detections
from .vqa import CLIP_TOWER

if TYPE_CHECKING:
    from .networks.vsm_model import LocatedReply

_LOCATE_PROMPT = "Please locate the {target} in this image."
_loading = Lock()


def _replace_lock() -> None:
    """In a forked child: the thread of the parent that holds the lock is not there."""
    global _loading  # noqa: PLW0603
    _loading = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_replace_lock)


@attrs.frozen
class VsmFamily(ModelFamily):
    """Loads V*'s search model, which is billed beside the model that answers."""

    name = "vsm"

    checkpoint: str = ""
    revision: str | None = None
    vision_tower: str = CLIP_TOWER
    dtype: str = "auto"
    device: str = "auto"

    def open(self) -> Model:
        if not self.checkpoint:
            raise errors.ModelError(
                "The locator 'seal-vsm' needs a checkpoint: "
                "locator=seal-vsm(checkpoint=craigwu/seal_vsm_7b), or a folder."
            )
        with _loading:  # once, however many threads ask
            return _load(self)


@lru_cache(maxsize=1)  # the weights stay in memory for the next question
def _load(family: VsmFamily) -> Model:
    from .networks.vsm_model import load_vsm_model

    return load_vsm_model(family)


@attrs.frozen
class SealVsm(TargetLocator):
    """Ask V*'s own search model, on the same ledger as the model that answers. 1 pass a look."""

    name = "seal-vsm"

    checkpoint: str = option("", help="folder of the search model, or its name on the hub")
    revision: str | None = option(None, help="branch, tag or commit on the hub")
    vision_tower: str = option(CLIP_TOWER, help="its CLIP encoder: a folder, or a name on the hub")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="number format; auto is bfloat16, as published"
    )
    device: str = option("auto", help="cpu, cuda, cuda:1, ...; auto takes a GPU if there is one")
    max_new_tokens: int = option(100, help="longest reply", validator=ge(1))

    def detect(self, view: View, target: Target, model: BudgetedModel) -> Detections:
        reply = self._generate(view, _LOCATE_PROMPT, target.text, model)
        located = _located(reply)
        return Detections(located.proposals(view.box) if located else (), _heatmap(reply, view))

    def describe(self, view: View, target: Target, model: BudgetedModel) -> str:
        reply = self._generate(view, LOCATION_PROMPT, target.text, model)
        return parse_location(reply.text, target.text)

    def context(self, view: View, place: str, model: BudgetedModel) -> RelevanceMap:
        return _heatmap(self._generate(view, _LOCATE_PROMPT, place, model), view)

    def _generate(self, view: View, text: str, target: str, model: BudgetedModel) -> Reply:
        family = VsmFamily(
            self.checkpoint, self.revision, self.vision_tower, self.dtype, self.device
        )
        prompt = Prompt.fill(view, text, target=target)
        (reply,) = model.beside(family).generate([prompt], max_new_tokens=self.max_new_tokens)
        return reply


def _located(reply: Reply) -> LocatedReply | None:
    """The reply, if it has boxes and a mask."""
    from .networks.vsm_model import LocatedReply

    return reply if isinstance(reply, LocatedReply) else None


def _heatmap(reply: Reply, view: View) -> RelevanceMap:
    """A cell for each pixel of the view; without a location in the reply, a single cell of 0."""
    located = _located(reply)
    return located.heatmap(view) if located else RelevanceMap(Grid.even(1, 1, view.box), [[0.0]])
