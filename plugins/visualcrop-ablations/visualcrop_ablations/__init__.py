"""What FOCUS is compared with when one part is taken out."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .kk_norope import KkNorope
from .random import Random

__all__ = ["KkNorope", "Random"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [KkNorope, Random]
