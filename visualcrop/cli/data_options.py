"""What the commands of `visualcrop data` share: a dataset by its spec, and its problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .options import console

if TYPE_CHECKING:
    from ..data.base import Dataset, Problem

DatasetSpec = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="Spec of a dataset, or a folder that holds a dataset.toml."
    ),
]
_SHOWN = 20  # problems on a terminal; JSON has them all


def opened(text: str, path: str | None = None) -> Dataset:
    """The dataset that *text* names, in the place that *path* names."""
    from ..data.base import Dataset
    from ..plugin.configure import read_dataset
    from ..plugin.registry import Registry

    registry = Registry.load()
    spec = read_dataset(registry, text)
    return registry.build(Dataset, spec.with_option("path", path) if path else spec)


def say_problems(problems: list[Problem] | tuple[Problem, ...]) -> None:
    """Count them by what became of their samples, and name the first ones."""
    out = console(stderr=True)
    for effect in ("lost", "kept", "excluded"):
        some = [problem for problem in problems if problem.effect == effect]
        if some:
            out.print(f"{len(some)} {effect}:")
        for problem in some[:_SHOWN]:
            out.print(f"  {problem.id}: {problem.reason}")
        if len(some) > _SHOWN:
            out.print(f"  and {len(some) - _SHOWN} more; --json names them all")
