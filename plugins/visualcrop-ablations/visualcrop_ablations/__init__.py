"""What FOCUS is compared with when one part is taken out, or its map is put together anew."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .contrast import Contrast
from .kk_norope import KkNorope
from .random import Random
from .windows import Windows

__all__ = ["Contrast", "KkNorope", "Random", "Windows"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [KkNorope, Random, Contrast, Windows]
