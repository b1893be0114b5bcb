"""What is trained in each layout, and what it is trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from .config import Config, DataConfig
from .crop_dataset import CropDataset, render_crops
from .modules import LlavaModule, OnevisionModule
from .native_dataset import NativeDataset, render_native
from .prompt_dataset import load_prompts, render_prompts
from .qwen import QwenModule

Module: TypeAlias = LlavaModule | OnevisionModule


@attrs.frozen
class Layout:
    """How a layout's dataset is written and read, and its network with its losses."""

    render: Callable[[Path, DataConfig], Any]  # into a folder
    open: Callable[[Path], Any]
    module: Callable[[Config, Any, str], Module]


LAYOUTS = {
    "llava": Layout(render_crops, CropDataset.open, LlavaModule),
    "onevision": Layout(render_prompts, load_prompts, OnevisionModule),
    "qwen": Layout(render_native, NativeDataset.open, QwenModule),
}


def build_module(config: Config, dataset: Any, device: str) -> Module:
    """The module that the config trains; without a dataset its weights can only be loaded."""
    return LAYOUTS[config.layout].module(config, dataset, device)
