"""Several processes with one thread each, which average their gradients at every step."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs


@attrs.frozen
class Team:
    """The processes of a run; one alone has nobody to wait for."""

    rank: int = 0
    size: int = 1

    def average(self, parameters: list[Any], number: float) -> float:
        """Average the gradients, and *number*, over the team."""
        import torch

        if self.size == 1:
            return number
        grown = [weights for weights in parameters if weights.grad is not None]
        told = torch.tensor([number], device=grown[0].device)
        flat = torch.cat([*(weights.grad.flatten() for weights in grown), told])
        torch.distributed.all_reduce(flat)
        flat /= self.size
        start = 0
        for weights in grown:
            weights.grad.copy_(flat[start : start + weights.numel()].view_as(weights))
            start += weights.numel()
        return float(flat[-1])


def together(size: int, job: Callable[..., None], *arguments: object) -> None:
    """Run *job* with a team and *arguments* in each of *size* processes, or just here."""
    if size == 1:
        job(Team(), *arguments)
        return
    from torch.multiprocessing.spawn import spawn

    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        spawn(_joined, (size, meeting, job, *arguments), size)


def _joined(
    rank: int, size: int, meeting: str, job: Callable[..., None], *arguments: object
) -> None:
    import torch

    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=size)
    job(Team(rank, size), *arguments)
    torch.distributed.destroy_process_group()
