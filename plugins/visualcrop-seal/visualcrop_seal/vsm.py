"""V*'s own search model, as a locator."""

from __future__ import annotations

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
from visualcrop.plugin import after_fork_in_child, option

from .locator import LOCATION_PROMPT, TargetLocator, parse_location
from .search import Detections
from .vqa import CLIP_TOWER

if TYPE_CHECKING:
    from .networks.vsm_model import LocatedReply

_LOCATE_PROMPT = "Please locate the {target} in this image."
_loading = Lock()


def _renew_lock() -> None:
    """Make a new lock in a forked child, which lacks the thread that holds this one."""
    global _loading  # noqa: PLW0603
    _loading = Lock()


after_fork_in_child(_renew_lock)


@attrs.frozen
class VsmFamily(ModelFamily):
    """Loads V*'s search model, whose usage is added to that of the answering model."""

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
        with _loading:  # several threads load it once
            return _load(self)


@lru_cache(maxsize=1)  # the weights stay in memory for the next question
def _load(family: VsmFamily) -> Model:
    from .networks.vsm_model import load_vsm_model

    return load_vsm_model(family)


@attrs.frozen
class SealVsm(TargetLocator):
    """Ask V*'s own search model, on the answering model's ledger. 1 pass a look."""

    name = "seal-vsm"

    checkpoint: str = option("", help="folder of the search model, or its name on the hub")
    revision: str | None = option(None, help="branch, tag or commit on the hub")
    vision_tower: str = option(CLIP_TOWER, help="CLIP encoder: a folder, or its name on the hub")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option(
        "auto", help="number format; auto is bfloat16, as published"
    )
    device: str = option("auto", help="cpu, cuda, cuda:1, ...; auto takes a GPU if there is one")
    max_new_tokens: int = option(100, help="longest reply", validator=ge(1))

    def detect(self, view: View, target: Target, model: BudgetedModel) -> Detections:
        reply = self._generate(view, _LOCATE_PROMPT, target.text, model)
        located = _as_located(reply)
        return Detections(located.proposals(view.box) if located else (), _to_heatmap(reply, view))

    def describe(self, view: View, target: Target, model: BudgetedModel) -> str:
        reply = self._generate(view, LOCATION_PROMPT, target.text, model)
        return parse_location(reply.text, target.text)

    def map_place(self, view: View, place: str, model: BudgetedModel) -> RelevanceMap:
        return _to_heatmap(self._generate(view, _LOCATE_PROMPT, place, model), view)

    def _generate(self, view: View, text: str, target: str, model: BudgetedModel) -> Reply:
        family = VsmFamily(
            self.checkpoint, self.revision, self.vision_tower, self.dtype, self.device
        )
        prompt = Prompt.fill(view, text, target=target)
        (reply,) = model.beside(family).generate([prompt], max_new_tokens=self.max_new_tokens)
        return reply


def _as_located(reply: Reply) -> LocatedReply | None:
    """The reply if it has boxes and a mask, else None."""
    from .networks.vsm_model import LocatedReply

    return reply if isinstance(reply, LocatedReply) else None


def _to_heatmap(reply: Reply, view: View) -> RelevanceMap:
    """A heatmap with a cell for each pixel of the view; without a mask, a single cell of 0."""
    located = _as_located(reply)
    return located.heatmap(view) if located else RelevanceMap(Grid.even(1, 1, view.box), [[0.0]])
