"""Every family of Hugging Face models, by what a checkpoint's config calls it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from ...errors import ModelError, nearest
from .base import Family
from .gemma3 import Gemma3
from .instructblip import InstructBlip
from .internvl import InternVl
from .llava import Llava
from .llava_next import LlavaNext
from .llava_onevision import LlavaOnevision
from .pretrained import Pretrained
from .qwen2_5_vl import Qwen25Vl
from .qwen3_vl import Qwen3Vl

if TYPE_CHECKING:
    from ..base import Model

FAMILIES: tuple[type[Family], ...] = (
    *(Llava, LlavaNext, LlavaOnevision),
    *(Qwen25Vl, Qwen3Vl, Gemma3, InternVl, InstructBlip),
)


@attrs.frozen
class Auto(Pretrained):
    """
    The family that a checkpoint belongs to, by its config.

    A package that brings a checkpoint along inherits from it, with a name of its own and the
    folder as the default of `checkpoint`.
    """

    name = "auto"

    def open(self) -> Model:
        return self.family().open()

    def family(self) -> Family:
        """The family with these options."""
        kind = str(self.source.config().model_type)
        found = next((f for f in FAMILIES if f.model_type == kind), None)
        if found is None:
            known = nearest(kind, (f.model_type for f in FAMILIES), called="known")
            raise ModelError(
                f"{self.checkpoint!r} is a {kind} checkpoint, of no family here; {known}."
            )
        shared = (field.name for field in attrs.fields(Pretrained))
        return found(**{name: getattr(self, name) for name in shared})

    def settings(self) -> Mapping[str, object]:
        return self.family().settings() if self.checkpoint else {}
