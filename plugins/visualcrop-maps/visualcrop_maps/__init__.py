"""Relevance sources around another one: their maps are made of its maps."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .contrast import Contrast
from .heads import Heads
from .layer_weights import LayerWeights, fit_layer_weights
from .layers import Layers
from .options_in_prompt import OptionsInPrompt
from .sinks import Sinks
from .windows import Windows

__all__ = [
    "Contrast",
    "Heads",
    "LayerWeights",
    "Layers",
    "OptionsInPrompt",
    "Sinks",
    "Windows",
    "fit_layer_weights",
]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [Contrast, Windows, Layers, Heads, Sinks, OptionsInPrompt]
