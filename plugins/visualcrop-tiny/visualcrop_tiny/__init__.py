"""Small trained models for drawn scenes, and the datasets of such scenes."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .models import Tiny, TinyOnevision, TinyShapes
from .needles import Needles
from .shapes import Shapes

__all__ = ["Needles", "Shapes", "Tiny", "TinyOnevision", "TinyShapes"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    trained = [model for model in (Tiny, TinyShapes, TinyOnevision) if model.is_shipped()]
    return [*trained, Needles, Shapes]
