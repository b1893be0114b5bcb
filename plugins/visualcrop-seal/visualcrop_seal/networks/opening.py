"""Where a checkpoint is to run, and in which numbers."""

from __future__ import annotations

import torch

from visualcrop import errors


def place(device: str) -> torch.device:
    """As asked; auto takes a GPU if there is one."""
    has_gpu = torch.cuda.is_available()
    if device.startswith("cuda") and not has_gpu:
        raise errors.ModelError("There is no CUDA GPU that torch can use here; set device=cpu.")
    try:
        return torch.device(("cuda" if has_gpu else "cpu") if device == "auto" else device)
    except RuntimeError:
        raise errors.ModelError(f"{device!r} is no device; give cpu, cuda or cuda:1.") from None


def numbers(dtype: str, published: torch.dtype, device: torch.device) -> torch.dtype:
    """As asked; auto is what was published, but never the float16 that CPUs are slow with."""
    if dtype != "auto":
        chosen: torch.dtype = getattr(torch, dtype)
        return chosen
    slow = device.type == "cpu" and published == torch.float16
    return torch.bfloat16 if slow else published
