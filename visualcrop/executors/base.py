"""Where questions are asked: in this process, in others, or on other machines."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Protocol, Self, TypeAlias

import attrs

from ..data.base import Sample
from ..record import Record
from ..strategy.base import Strategy


@attrs.frozen
class Task:
    """One question under one variant. A light value that can be sent to another process."""

    variant: str
    sample: Sample


class Worker(Protocol):
    """A model and its searchers, ready for questions."""

    def answer(self, task: Task) -> Record:
        """Ask, and write down what happened, errors too."""

    def shared(self) -> Self:
        """The same, for several threads at once."""


WorkerFactory: TypeAlias = Callable[[], Worker]  # loads the model; can be sent to another process


class Executor(Strategy):
    """worker, tasks -> a record of each task, in any order."""

    kind = "executor"

    @abstractmethod
    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        """Ask; tasks are taken only as fast as they can be asked."""
