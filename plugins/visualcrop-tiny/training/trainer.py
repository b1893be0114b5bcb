"""Trains stage after stage, in one process or several, and resumes where it was stopped."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

import attrs
import numpy as np
import torch
from torch import distributed
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from visualcrop.plugin import say

from .checkpoint import TrainingProgress, load_checkpoint, save_checkpoint
from .config import Config, StageConfig
from .layouts import LAYOUTS, Module, build_module
from .model import tie_values
from .modules import LossAndMetrics
from .optimizer import build_optimizers, set_learning_rate

_LOG_STEPS = 50  # between two lines of the log
_MAX_GRADIENT_NORM = 1.0


def train(config: Config, out: Path, data: Path) -> None:
    """
    Train from the last checkpoint in *out* to the end.

    Args:
        config: Of the run.
        out: Folder of the checkpoint and the log.
        data: Folder of the rendered dataset; one that is there already is used again.
    """
    out.mkdir(parents=True, exist_ok=True)
    _render_data(config, data)
    config = attrs.evolve(config, device=_choose_device(config))
    processes = config.processes if config.device == "cpu" else 1
    if processes == 1:
        _train(config, out, data)
        return
    with tempfile.TemporaryDirectory() as folder:
        rendezvous = (Path(folder) / "rendezvous").as_uri()
        arguments = processes, rendezvous, (config, out, data)
        spawn(_train_in_group, arguments, processes)


def load_trained(config: Config, out: Path) -> tuple[Any, TrainingProgress]:
    """The network of the last checkpoint in *out*, in eval mode, and how far it has come."""
    module = build_module(config, None, _choose_device(config))
    progress, _ = load_checkpoint(out, module)
    return module.network.eval(), progress


def _train_in_group(
    rank: int, world_size: int, rendezvous: str, arguments: tuple[Config, Path, Path]
) -> None:
    """Train in one of several processes, which find each other by the file *rendezvous*."""
    distributed.init_process_group("gloo", init_method=rendezvous, rank=rank, world_size=world_size)
    _train(*arguments)
    distributed.destroy_process_group()


def _train(config: Config, out: Path, data: Path) -> None:
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)  # every process starts from the same weights
    dataset: Any = LAYOUTS[config.layout].open(data)
    module = build_module(config, dataset, config.device)
    progress, states = load_checkpoint(out, module)
    while progress.stage < len(config.stages):
        train_stage(module, progress, states, out)
        progress = TrainingProgress(progress.stage + 1, total_seconds=progress.total_seconds)
        states = []
        if _rank() == 0:
            save_checkpoint(out, module, progress, [])


def train_stage(
    module: Module,
    progress: TrainingProgress,
    states: list[dict[str, Any]],
    out: Path,
) -> None:
    """Take the remaining steps of the current stage; *states* are those of its optimizers."""
    config = module.config
    name = config.stages[progress.stage]
    stage = config.stage(name)
    module.prepare(name)
    if config.tied_values:
        tie_values(module.network)
    optimizers = build_optimizers(module, name, stage)
    for optimizer, state in zip(optimizers, states, strict=False):
        optimizer.load_state_dict(state)
    module.train()
    if config.compile:
        module.compile_layers()
    model = _wrap(module)
    start, saved = time.monotonic() - progress.seconds, time.monotonic()
    while (done := _fraction_done(progress, stage)) < 1:
        rate = set_learning_rate(optimizers, stage, progress.step, done)
        loss, metrics = compute_loss(model, module, progress, _rank(), _world_size())
        loss.backward()
        metrics["gradient"] = take_step(module, optimizers)
        if config.tied_values:
            tie_values(module.network)
        progress.update(metrics, _broadcast_from_rank_0(time.monotonic() - start))
        if _rank() != 0:
            continue
        if progress.step % _LOG_STEPS == 0 or _fraction_done(progress, stage) >= 1:
            progress.log(out, name, rate)
        if time.monotonic() - saved > config.checkpoint_seconds:
            save_checkpoint(out, module, progress, optimizers)
            saved = time.monotonic()


def compute_loss(
    model: torch.nn.Module,
    module: Module,
    progress: TrainingProgress,
    rank: int = 0,
    world_size: int = 1,
) -> LossAndMetrics:
    """
    The loss of one process for its part of the step's batch.

    The batch depends on seed, stage, step and rank alone, so that a resumed run sees the same
    batches as one that was not stopped. *model* is the module, or wraps it.
    """
    assert module.dataset is not None  # noqa: S101 - it is trained
    config = module.config
    name = config.stages[progress.stage]
    rng = np.random.default_rng([config.seed, progress.stage, progress.step, rank])
    torch.manual_seed(int(rng.integers(1 << 40)))
    size = config.stage(name).batch_size // world_size
    indices = rng.choice(len(module.dataset), size, replace=False, p=module.sampling_weights)
    chance = Random(int(rng.integers(1 << 40)))  # noqa: S311 - no secret
    with torch.autocast(module.device, torch.bfloat16):
        loss_and_metrics: LossAndMetrics = model(name, np.sort(indices), chance)
    return loss_and_metrics


def take_step(module: torch.nn.Module, optimizers: list[Optimizer]) -> float:
    """Clip the gradients, step along them, and clear them. Returns their norm before clipping."""
    norm = torch.nn.utils.clip_grad_norm_(module.parameters(), _MAX_GRADIENT_NORM)
    for optimizer in optimizers:
        optimizer.step()
    module.zero_grad(set_to_none=True)
    return float(norm)


def _wrap(module: torch.nn.Module) -> torch.nn.Module:
    """Average the gradients over the processes, if there are several."""
    if _world_size() == 1:
        return module
    # The first stage does not use the decoder, and not every batch uses all weights.
    return DistributedDataParallel(module, find_unused_parameters=True)


def _rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


def _world_size() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def _broadcast_from_rank_0(number: float) -> float:
    """The number of rank 0, so that all processes end a stage after the same step."""
    if _world_size() == 1:
        return number
    shared = torch.tensor(number, dtype=torch.float64)
    distributed.broadcast(shared, 0)
    return float(shared)


def _fraction_done(progress: TrainingProgress, stage: StageConfig) -> float:
    """From 0 to 1: by steps, or by time if there is a limit to it."""
    by_time = progress.seconds / (60 * stage.minutes) if stage.minutes else 0.0
    return max(progress.step / stage.steps, by_time)


def _choose_device(config: Config) -> str:
    if config.device != "auto":
        return config.device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _render_data(config: Config, data: Path) -> None:
    """Render the run's dataset, unless it is there already."""
    done = data / "done.json"
    wanted = attrs.asdict(config.data) | {"layout": config.layout}
    del wanted["workers"]
    if done.is_file() and json.loads(done.read_text("utf-8")) == wanted:
        return
    done.unlink(missing_ok=True)
    say(f"rendering {config.data.places} places")
    LAYOUTS[config.layout].render(data, config.data)
    done.write_text(json.dumps(wanted), "utf-8")
