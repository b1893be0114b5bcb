"""Muon for matrices, AdamW for the rest, with one schedule of the learning rate."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.optim import Optimizer

from .config import StageConfig

_VISION_RATE = {
    "pretrain": 1.0,
    "words": 1.0,
    "finetune": 0.6,
    "onevision": 0.6,
}  # times the learning rate


def build_optimizers(module: torch.nn.Module, name: str, stage: StageConfig) -> list[Optimizer]:
    """The optimizers of the stage *name*; its vision tower may have a lower learning rate."""
    groups: dict[tuple[bool, bool], list[Any]] = {}
    for path, weights in module.named_parameters():
        is_matrix = path.startswith("network.") and weights.ndim == 2 and "embed" not in path
        groups.setdefault((is_matrix, "vision_tower" in path), []).append(weights)
    scaled = {
        matrices: [
            {"params": params, "scale": _VISION_RATE[name] if in_vision else 1.0}
            for (is_matrix, in_vision), params in groups.items()
            if is_matrix == matrices
        ]
        for matrices in (True, False)
    }
    muon = torch.optim.Muon(
        scaled[True],
        lr=stage.learning_rate,
        weight_decay=stage.weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )
    adamw = torch.optim.AdamW(
        scaled[False], lr=stage.learning_rate, betas=(0.9, 0.98), weight_decay=0.0
    )
    return [muon, adamw]


def set_learning_rate(
    optimizers: list[Optimizer], stage: StageConfig, step: int, progress: float
) -> float:
    """
    Set the learning rate: linear warmup, cosine decay to a fiftieth.

    Not one of torch's schedulers, which count steps: *progress*, from 0 to 1, is a fraction of the
    time if the stage has a limit of minutes.
    """
    warmup = min(1.0, (step + 1) / stage.warmup_steps)
    rate = stage.learning_rate * warmup * (0.98 * (1 + math.cos(math.pi * progress)) / 2 + 0.02)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate * group["scale"]
    return rate
