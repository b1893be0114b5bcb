"""Runs one stage: draws batches, takes steps, and keeps what it has."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from .network import compiled
from .optimising import optimisers, set_rate
from .progress import Progress, keep

if TYPE_CHECKING:
    from .config import Stage
    from .together import Team

_EYE = {"look": 1.0, "talk": 0.6, "sheets": 0.6}  # of the learning rate
_EVERY = 50  # steps between two lines of the log


def stage(trainee: Any, team: Team, progress: Progress, held: list[Any], out: Path) -> None:
    """The stage that *progress* has come to, with the optimisers' states that are *held*."""
    name = trainee.config.stages[progress.stage]
    plan: Stage = getattr(trainee.config, name)
    tools = optimisers(trainee, plan, _EYE[name])
    for tool, state in zip(tools, held, strict=False):
        tool.load_state_dict(state)
    trainee.network.train()
    if trainee.config.compile:
        compiled(trainee.network)
    start, saved = time.monotonic() - progress.seconds, time.monotonic()
    while (done := _done(progress, plan)) < 1:
        rate = set_rate(tools, plan, progress.step, done)
        loss, told = _drawn(trainee, team, progress, plan)
        told["gradient"], seconds = _stepped(trainee, team, tools, loss, start)
        progress.add(told, seconds)
        if team.rank:
            continue
        if progress.step % _EVERY == 0 or _done(progress, plan) >= 1:
            progress.log(out, name, rate)
        if time.monotonic() - saved > trainee.config.save:
            keep(out, trainee, progress, tools)
            saved = time.monotonic()


def _done(progress: Progress, plan: Stage) -> float:
    """From 0 to 1: by steps, or by time if there is a limit to it."""
    timed = progress.seconds / (60 * plan.minutes) if plan.minutes else 0.0
    return max(progress.step / plan.steps, timed)


def _drawn(
    trainee: Any, team: Team, progress: Progress, plan: Stage
) -> tuple[Any, dict[str, float]]:
    """The loss of this step's batch, which the seed and the step alone decide."""
    import torch

    place = (progress.stage, progress.step, team.rank)
    rng = np.random.default_rng([trainee.config.seed, *place])
    torch.manual_seed(int(rng.integers(1 << 40)))
    size = plan.batch // team.size
    chosen = rng.choice(len(trainee.store), size, replace=False, p=trainee.weights)
    step = getattr(trainee, trainee.config.stages[progress.stage])
    with torch.autocast(trainee.device, torch.bfloat16):
        loss, told = step(np.sort(chosen), plan, Random(int(rng.integers(1 << 40))))  # noqa: S311 - no secret
    return loss, told


def _stepped(
    trainee: Any, team: Team, tools: list[Any], loss: Any, start: float
) -> tuple[float, float]:
    """Length of the gradient, and the seconds that the team agrees on."""
    import torch

    for tool in tools:
        tool.zero_grad(set_to_none=True)
    loss.backward()
    seconds = team.average(trainee.parameters(), time.monotonic() - start)
    norm = torch.nn.utils.clip_grad_norm_(trainee.parameters(), 1.0)
    for tool in tools:
        tool.step()
    return float(norm), seconds
