"""ViCrop, and the three maps that it is made of."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .maps import GradAtt, PureGrad, RelAtt
from .searcher import ViCrop

__all__ = ["GradAtt", "PureGrad", "RelAtt", "ViCrop"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [RelAtt, GradAtt, PureGrad, ViCrop]
