"""How far a run has come: its log, and the checkpoint that it is taken up from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

from visualcrop import errors
from visualcrop.plugin import say

_CHECKPOINT = "checkpoint.pt"


@attrs.define
class Progress:
    """How far a run has come."""

    stage: int = 0
    step: int = 0  # of the stage
    seconds: float = 0.0  # of the stage
    total: float = 0.0  # seconds of all stages
    means: dict[str, float] = attrs.field(factory=dict)  # of late

    def add(self, told: dict[str, float], seconds: float) -> None:
        """One more step, after so many seconds of the stage."""
        self.step += 1
        self.total += seconds - self.seconds
        self.seconds = seconds
        for key, value in told.items():
            self.means[key] = 0.95 * self.means.get(key, value) + 0.05 * value

    def log(self, out: Path, stage: str, rate: float) -> None:
        """A line on the screen and in `log.jsonl`."""
        line: dict[str, Any] = {
            "stage": stage,
            "step": self.step,
            "seconds": round(self.seconds),
            "rate": round(rate, 6),
        } | {key: round(value, 4) for key, value in self.means.items()}
        with (out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        say("  ".join(f"{key} {value}" for key, value in line.items()))


def keep(out: Path, trainee: Any, progress: Progress, tools: list[Any]) -> None:
    """Write the checkpoint beside the last one, then put it in its place."""
    import torch

    state = {
        "network": trainee.network.state_dict(),
        "placing": trainee.placing.state_dict(),
        "tools": [tool.state_dict() for tool in tools],
        "progress": attrs.asdict(progress),
        "config": trainee.config.lasting(),
    }
    new = out / "checkpoint.new"
    torch.save(state, new)
    new.replace(out / _CHECKPOINT)


def restored(out: Path, trainee: Any) -> tuple[Progress, list[Any]]:
    """
    The progress that the checkpoint has, and its optimisers' states; fresh if there is none.

    A checkpoint of another run than the trainee's is refused.
    """
    import torch

    path = out / _CHECKPOINT
    if not path.is_file():
        return Progress(), []
    state = torch.load(path, map_location=trainee.device, weights_only=True)
    if told := _difference(state["config"], trainee.config.lasting()):
        raise errors.SpecError(
            f"The run in {out} was begun with {told}; choose another folder with --out, or the "
            "same settings."
        )
    trainee.network.load_state_dict(state["network"])
    trainee.placing.load_state_dict(state["placing"])
    return Progress(**state["progress"]), state["tools"] or []


def _difference(old: dict[str, Any], new: dict[str, Any], before: str = "") -> str:
    """The first setting that is not the same."""
    for name, was in old.items():
        now = new.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            if told := _difference(was, now, f"{before}{name}."):
                return told
        elif was != now:
            return f"{before}{name} = {was!r}, not {now!r}"
    return ""
