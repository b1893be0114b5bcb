"""What a check ran on: machine, packages and model, without names of hosts and users."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import torch

from ..utils.cores import name_processor

PACKAGES = (
    *("visualcrop", "torch", "torchvision", "transformers", "tokenizers", "safetensors"),
    *("huggingface_hub", "pillow", "numpy", "accelerate", "bitsandbytes", "flash-attn", "peft"),
)


def describe_machine() -> dict[str, Any]:
    """System, processor, memory and GPUs."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": name_processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_bytes": _memory(),
        "cuda": torch.version.cuda,
        "gpus": list(_gpus()),
    }


def list_packages() -> dict[str, str]:
    """Versions of the packages that answers may depend on, and of those that bring plug-ins."""
    hooked = {
        point.dist.name: point.dist.version
        for point in metadata.entry_points(group="visualcrop")
        if point.dist is not None
    }
    found = ((name, _version(name)) for name in PACKAGES)
    return {name: version for name, version in found if version} | dict(sorted(hooked.items()))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _memory() -> int | None:
    """Bytes of main memory; none if the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _gpus() -> Iterator[dict[str, Any]]:
    for index in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(index)
        yield {
            "name": device.name,
            "memory_bytes": device.total_memory,
            "capability": f"{device.major}.{device.minor}",
        }
