"""Tasks: the questions of any dataset that visualcrop reads."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai import Task, task
from inspect_ai.scorer import choice

from .solving import ask_choices


@task
def questions(dataset: str | Sequence[object] = "needles", protocol: str = "paper") -> Task:
    """
    The multiple-choice questions of a dataset, asked and scored as `visualcrop evaluate` does.

    Args:
        dataset: A folder that `visualcrop data import` wrote, or a dataset's spec.
        protocol: How the questions are put: paper, zoomeye, hr-bench, lmms-eval or vlmevalkit.
    """
    from .dataset import read_samples
    from .names import join_spec

    name, samples = read_samples(join_spec(dataset) or "needles")
    return Task(samples, solver=ask_choices(protocol, name), scorer=choice())


@task
def needles(
    count: int = 100, seed: int = 0, split: str = "test", size: str = "2k", protocol: str = "paper"
) -> Task:
    """Small things in large drawn places, the benchmark of `tiny`."""
    return _drawn("needles", protocol, count=count, seed=seed, split=split, size=size)


@task
def shapes(
    count: int = 100, seed: int = 0, split: str = "test", size: str = "2k", protocol: str = "paper"
) -> Task:
    """Small shapes in plain scenes, the benchmark of `tiny-shapes`."""
    return _drawn("shapes", protocol, count=count, seed=seed, split=split, size=size)


def _drawn(name: str, protocol: str, **options: object) -> Task:
    """The questions of a dataset that draws its pictures, with these options."""
    given = ", ".join(f"{option}={value}" for option, value in options.items())
    return questions(f"{name}({given})", protocol)
