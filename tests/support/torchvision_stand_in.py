"""
Image processors of transformers that need torchvision, run on a stand-in for the little they use.

What they decide on (tiles, sizes, the order of pictures) is theirs; only the pixels are resized by
PyTorch itself.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from transformers import image_processing_backends as backends

_MODES = {2: "bilinear", 3: "bicubic"}  # PIL's numbers


def _resize(image: Tensor, size: Any, interpolation: str, antialias: bool = True) -> Tensor:
    batch = image if image.dim() == 4 else image[None]
    resized = torch.nn.functional.interpolate(
        batch, tuple(size), mode=interpolation, antialias=antialias
    )
    return resized.reshape(*image.shape[:-2], *size)


def _pad(image: Tensor, padding: Any, fill: Any = 0, **_: Any) -> Tensor:
    left, top, right, bottom = padding
    assert not any(fill if isinstance(fill, list) else [fill])
    return torch.nn.functional.pad(image, (left, right, top, bottom))


def _normalize(image: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    mean, std = (torch.as_tensor(n, dtype=image.dtype)[:, None, None] for n in (mean, std))
    normalized: Tensor = (image - mean) / std
    return normalized


@cache
def their_module(family: str) -> Any:
    """The module of transformers that has the image processor of *family*."""
    functional: Any = ModuleType("functional")
    functional.InterpolationMode = SimpleNamespace(LANCZOS="lanczos", BILINEAR="bilinear")
    functional.resize, functional.pad, functional.normalize = _resize, _pad, _normalize
    names = ("torchvision", "torchvision.transforms", "torchvision.transforms.v2")
    modules: Any = {name: ModuleType(name) for name in names}
    modules[names[-1]].functional = functional
    with patch.dict(sys.modules, modules):
        found = import_module(f"transformers.models.{family}.image_processing_{family}")
    for name, value in (("tvF", functional), ("pil_torch_interpolation_mapping", _MODES)):
        setattr(backends, name, value)
    return found
