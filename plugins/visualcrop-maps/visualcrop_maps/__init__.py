"""Relevance sources around another one: their maps are made of its maps."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .contrast import Contrast
from .windows import Windows

__all__ = ["Contrast", "Windows"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [Contrast, Windows]
