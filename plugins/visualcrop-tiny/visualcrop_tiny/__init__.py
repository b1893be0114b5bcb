"""Small trained models for drawn scenes, and the datasets of such scenes."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .models import Tiny, TinyOnevision, TinyQwen, TinyShapes
from .needles import Needles
from .shapes import Shapes

__all__ = ["Needles", "Shapes", "Tiny", "TinyOnevision", "TinyQwen", "TinyShapes"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [Tiny, TinyOnevision, TinyQwen, TinyShapes, Needles, Shapes]
