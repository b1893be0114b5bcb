"""Muon for matrices, AdamW for the rest, one learning rate for both."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import Stage
    from .steps import Trainee


def optimisers(trainee: Trainee, stage: Stage, eye: float) -> list[Any]:
    """Of a stage; *eye* scales the rate of the vision tower."""
    import torch

    groups: dict[tuple[bool, bool], list[Any]] = {}
    for name, weights in trainee.network.named_parameters():
        matrix = weights.ndim == 2 and "embed" not in name
        groups.setdefault((matrix, "vision_tower" in name), []).append(weights)
    groups.setdefault((False, False), []).extend(trainee.placing.parameters())
    scaled = {
        matrix: [
            {"params": params, "scale": eye if sees else 1.0}
            for (is_matrix, sees), params in groups.items()
            if is_matrix == matrix
        ]
        for matrix in (True, False)
    }
    muon = torch.optim.Muon(
        scaled[True], lr=stage.rate, weight_decay=stage.decay, adjust_lr_fn="match_rms_adamw"
    )
    adam = torch.optim.AdamW(scaled[False], lr=stage.rate, betas=(0.9, 0.98), weight_decay=0.0)
    return [muon, adam]


def set_rate(optimisers: list[Any], stage: Stage, step: int, progress: float) -> float:
    """Up in a line, down in a cosine to a fiftieth."""
    warm = min(1.0, (step + 1) / stage.warm)
    rate = stage.rate * warm * (0.98 * (1 + math.cos(math.pi * progress)) / 2 + 0.02)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate * group["scale"]
    return rate
