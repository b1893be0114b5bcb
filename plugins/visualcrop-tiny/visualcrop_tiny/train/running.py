"""Runs the stages one after the other, and takes up again where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from visualcrop.plugin import say

from ..views import GRID, Store, gather, kept, render
from .config import folder_of
from .network import fresh, onevision
from .progress import Progress, keep, restored
from .sheets import SheetTrainee
from .staging import stage
from .steps import Trainee
from .together import Team, together

if TYPE_CHECKING:
    from .config import Config


def run(config: Config, out: Path, data: Path) -> None:
    """Train to the end, or on from the last checkpoint in *out*."""
    out.mkdir(parents=True, exist_ok=True)
    _prepare(config, data)
    config = attrs.evolve(config, device=_device(config))
    together(config.processes if config.device == "cpu" else 1, _train, config, out, data)


def trained(config: Config, out: Path) -> tuple[Any, Progress]:
    """The network of the last checkpoint in *out*, and how far it has come."""
    trainee = _trainee(config, None)
    progress, _ = restored(out, trainee)
    return trainee.network.eval(), progress


def _train(team: Team, config: Config, out: Path, data: Path) -> None:
    import torch

    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    trainee = _trainee(config, kept(data) if config.base else Store.open(data))
    progress, held = restored(out, trainee)
    while progress.stage < len(config.stages):
        stage(trainee, team, progress, held, out)
        progress, held = Progress(progress.stage + 1, total=progress.total), []
        if team.rank == 0:
            keep(out, trainee, progress, [])


def _trainee(config: Config, store: Any) -> Any:
    import torch

    device = _device(config)
    network: Any = onevision(folder_of(config.base)) if config.base else fresh(config.sizes)
    placing = torch.nn.Linear(network.config.text_config.hidden_size, 2 * GRID)
    kind = SheetTrainee if config.base else Trainee
    return kind(config, store, network.to(device), placing.to(device), device)


def _device(config: Config) -> str:
    import torch

    if config.device != "auto":
        return config.device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _prepare(config: Config, data: Path) -> None:
    """Render what this run learns from, unless it lies there already."""
    done, wanted = data / "done.json", attrs.asdict(config.data) | {"sheets": bool(config.base)}
    del wanted["processes"]
    if done.is_file() and json.loads(done.read_text("utf-8")) == wanted:
        return
    done.unlink(missing_ok=True)
    say(f"rendering {config.data.scenes} scenes")
    make = gather if config.base else render
    make(data, config.data.scenes, config.data.seed, config.data.processes)
    done.write_text(json.dumps(wanted), "utf-8")
