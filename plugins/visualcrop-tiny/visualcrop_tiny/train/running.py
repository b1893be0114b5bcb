"""Runs the stages, keeps a log and checkpoints, and takes up again where it was stopped."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from ..views import GRID, Store, render
from .network import fresh
from .optimising import optimisers, set_rate
from .steps import Trainee
from .together import Team, together

if TYPE_CHECKING:
    from .config import Config, Stage

_STAGES = ("look", "talk")
_EYE = {"look": 1.0, "talk": 0.6}  # of the learning rate
_EVERY = 50  # steps between two lines of the log


@attrs.define
class Progress:
    """How far a run has come."""

    stage: int = 0
    step: int = 0  # of the stage
    seconds: float = 0.0  # of the stage
    total: float = 0.0  # seconds of all stages
    means: dict[str, float] = attrs.field(factory=dict)


def run(config: Config, out: Path, data: Path) -> None:
    """Train to the end, or on from the last checkpoint in *out*."""
    out.mkdir(parents=True, exist_ok=True)
    _store(config, data)
    together(config.processes, _train, config, out, data)


def _train(
    team: Team, config: Config, out: Path, data: Path
) -> None:
    import torch

    device = config.device if config.device != "auto" else _device()
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    store = Store.open(data)
    placing = torch.nn.Linear(config.sizes.width, 2 * GRID)
    trainee = Trainee(config, store, fresh(config.sizes).to(device), placing.to(device), device)
    progress, held = Progress(), None
    if (last := out / "checkpoint.pt").is_file():
        progress, held = _restored(last, trainee, device)
    while progress.stage < len(_STAGES):
        _stage(trainee, team, progress, held, out)
        progress = Progress(progress.stage + 1, total=progress.total)
        held = None
        if team.rank == 0:
            _keep(out / "checkpoint.pt", trainee, progress, None)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _store(config: Config, data: Path) -> Store:
    """The views of this run, rendered unless they lie there already."""
    done, wanted = data / "done.json", attrs.asdict(config.data)
    del wanted["processes"]
    if done.is_file() and json.loads(done.read_text("utf-8")) == wanted:
        return Store.open(data)
    say(f"rendering {config.data.scenes} scenes")
    store = render(data, config.data.scenes, config.data.seed, config.data.processes)
    done.write_text(json.dumps(wanted), "utf-8")
    return store


def _stage(
    trainee: Trainee,
    team: Team,
    progress: Progress,
    held: Any,
    out: Path,
) -> None:
    import torch

    name = _STAGES[progress.stage]
    stage: Stage = getattr(trainee.config, name)
    step: Any = getattr(trainee, name)
    tools = optimisers(trainee, stage, _EYE[name])
    for tool, state in zip(tools, held or [], strict=False):
        tool.load_state_dict(state)
    trainee.network.train()
    if trainee.config.compile and name == "talk":
        trainee.compile()
    start, before, saved = time.monotonic(), progress.seconds, time.monotonic()
    while (done := _done(progress, stage)) < 1:
        rate = set_rate(tools, stage, progress.step, done)
        place = (progress.stage, progress.step, team.rank)
        rng = np.random.default_rng([trainee.config.seed, *place])
        torch.manual_seed(int(rng.integers(1 << 40)))
        chosen = np.sort(rng.choice(len(trainee.store), stage.batch // team.size, replace=False))
        with torch.autocast(trainee.device, torch.bfloat16):
            loss, told = step(chosen, stage, Random(int(rng.integers(1 << 40))))
        now = time.monotonic()
        told["gradient"], seconds = _stepped(trainee, team, tools, loss, before + now - start)
        progress.step += 1
        progress.total += seconds - progress.seconds
        progress.seconds = seconds
        for key, value in told.items():
            progress.means[key] = 0.95 * progress.means.get(key, value) + 0.05 * value
        if team.rank:
            continue
        if progress.step % _EVERY == 0 or _done(progress, stage) >= 1:
            _log(out, name, progress, rate)
        if now - saved > trainee.config.save:
            _keep(out / "checkpoint.pt", trainee, progress, tools)
            saved = now


def _done(progress: Progress, stage: Stage) -> float:
    """From 0 to 1: by steps, or by time if there is a limit to it."""
    timed = progress.seconds / (60 * stage.minutes) if stage.minutes else 0.0
    return max(progress.step / stage.steps, timed)


def _stepped(
    trainee: Trainee, team: Team, tools: list[Any], loss: Any, seconds: float
) -> tuple[float, float]:
    """Length of the gradient, and the seconds that the team agrees on."""
    import torch

    for tool in tools:
        tool.zero_grad(set_to_none=True)
    loss.backward()
    seconds = team.average(trainee.parameters(), seconds)
    norm = torch.nn.utils.clip_grad_norm_(trainee.parameters(), 1.0)
    for tool in tools:
        tool.step()
    return float(norm), seconds


def _log(out: Path, stage: str, progress: Progress, rate: float) -> None:
    line: dict[str, Any] = {
        "stage": stage,
        "step": progress.step,
        "seconds": round(progress.seconds),
        "rate": round(rate, 6),
    } | {key: round(value, 4) for key, value in progress.means.items()}
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    say("  ".join(f"{key} {value}" for key, value in line.items()))


def _keep(path: Path, trainee: Trainee, progress: Progress, tools: list[Any] | None) -> None:
    """Write the checkpoint beside the last one, then put it in its place."""
    import torch

    state = {
        "network": trainee.network.state_dict(),
        "placing": trainee.placing.state_dict(),
        "tools": [tool.state_dict() for tool in tools] if tools else None,
        "progress": attrs.asdict(progress),
    }
    fresh_path = path.with_suffix(".new")
    torch.save(state, fresh_path)
    os.replace(fresh_path, path)


def _restored(path: Path, trainee: Trainee, device: str) -> tuple[Progress, Any]:
    import torch

    state = torch.load(path, map_location=device)
    trainee.network.load_state_dict(state["network"])
    trainee.placing.load_state_dict(state["placing"])
    return Progress(**state["progress"]), state["tools"]


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
