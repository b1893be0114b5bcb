"""Evaluations on many processes and machines, with Ray."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .executor import Ray

__all__ = ["Ray"]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [Ray]
