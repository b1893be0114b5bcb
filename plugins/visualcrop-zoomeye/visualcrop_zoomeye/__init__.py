"""ZoomEye: a search through a tree of parts of the image."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .zoomeye import ZoomEye

__all__ = ["ZoomEye"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [ZoomEye]
