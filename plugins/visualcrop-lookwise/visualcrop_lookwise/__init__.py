"""LookWise: answer directly where that is sure, and look closer where it is not."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .maps import LayerAtt
from .regions import FocusRegion
from .searcher import LookWise

__all__ = ["FocusRegion", "LayerAtt", "LookWise"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [LayerAtt, FocusRegion, LookWise]
