"""The progress of a run, its log, and the checkpoint that it is resumed from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import torch
from torch.optim import Optimizer

from visualcrop import errors
from visualcrop.plugin import say

from .layouts import Module

_CHECKPOINT, _NEW_CHECKPOINT, LOG = "checkpoint.pt", "checkpoint.new", "log.jsonl"


@attrs.define
class TrainingProgress:
    """How far a run has come."""

    stage: int = 0  # index in `Config.stages`
    step: int = 0  # of the stage
    seconds: float = 0.0  # of the stage
    total_seconds: float = 0.0  # of all stages
    means: dict[str, float] = attrs.field(factory=dict)  # running means of the metrics

    def update(self, metrics: dict[str, float], seconds: float) -> None:
        """Count a step, after which the stage has taken so many *seconds*."""
        self.step += 1
        self.total_seconds += seconds - self.seconds
        self.seconds = seconds
        for key, value in metrics.items():
            self.means[key] = 0.95 * self.means.get(key, value) + 0.05 * value

    def log(self, out: Path, stage: str, learning_rate: float) -> None:
        """Print a line, and append it to the log in *out*."""
        line: dict[str, Any] = {
            "stage": stage,
            "step": self.step,
            "seconds": round(self.seconds),
            "rate": round(learning_rate, 6),
        } | {key: round(value, 4) for key, value in self.means.items()}
        with (out / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        say("  ".join(f"{key} {value}" for key, value in line.items()))


def save_checkpoint(
    out: Path,
    module: Module,
    progress: TrainingProgress,
    optimizers: list[Optimizer],
) -> None:
    """Write a checkpoint under another name, then rename it: there is always a whole one."""
    state = {
        "module": module.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "progress": attrs.asdict(progress),
        "config": module.config.reproducible(),
    }
    new = out / _NEW_CHECKPOINT
    torch.save(state, new)
    new.replace(out / _CHECKPOINT)


def load_checkpoint(out: Path, module: Module) -> tuple[TrainingProgress, list[dict[str, Any]]]:
    """
    Load the weights of the checkpoint in *out* into *module*, if there is one.

    A checkpoint with another config is refused.

    Returns:
        Its progress, and the states of its optimizers, of which there are none between stages.
    """
    path = out / _CHECKPOINT
    if not path.is_file():
        return TrainingProgress(), []
    state = torch.load(path, map_location=module.device, weights_only=True)
    if difference := _find_difference(state["config"], module.config.reproducible()):
        raise errors.SpecError(
            f"The run in {out} was begun with {difference}; choose another folder with --out, or "
            "the same settings."
        )
    module.load_state_dict(state["module"])
    return TrainingProgress(**state["progress"]), state["optimizers"]


def _find_difference(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> str:
    """The first setting that differs, with both values."""
    for name, before in old.items():
        now = new.get(name)
        if isinstance(before, dict) and isinstance(now, dict):
            if difference := _find_difference(before, now, f"{prefix}{name}."):
                return difference
        elif before != now:
            return f"{prefix}{name} = {before!r}, not {now!r}"
    return ""
