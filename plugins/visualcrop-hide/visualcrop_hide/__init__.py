"""HiDe, and the three parts that it is made of."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .compact import Compact, CompactCanvas
from .regions import Regions
from .searcher import HiDe
from .tad import Tad

__all__ = ["Compact", "CompactCanvas", "HiDe", "Regions", "Tad"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [Tad, Regions, Compact, HiDe]
