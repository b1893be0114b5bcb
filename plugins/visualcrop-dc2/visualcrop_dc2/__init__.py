"""Divide, Conquer and Combine: the image in words, patch by patch, before the question is read."""

from __future__ import annotations

from visualcrop.plugin import Searcher, hookimpl

from .dc2 import Dc2

__all__ = ["Dc2"]


@hookimpl
def visualcrop_strategies() -> list[type[Searcher]]:
    return [Dc2]
