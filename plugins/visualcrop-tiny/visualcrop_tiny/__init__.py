"""Small trained models for drawn scenes, and the dataset of these scenes."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .models import Tiny, TinyOnevision
from .needles import Needles

__all__ = ["Needles", "Tiny", "TinyOnevision"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    trained = [model for model in (Tiny, TinyOnevision) if model.is_shipped()]
    return [*trained, Needles]
