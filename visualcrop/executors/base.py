"""Executors run the tasks of a study: in this process, in others, or on other machines."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Protocol, Self, TypeAlias

import attrs

from ..data.base import Sample
from ..data.record import Record
from ..strategy.base import Strategy


@attrs.frozen
class Task:
    """One question under one variant: a small value that is sent to workers."""

    variant: str  # label of the searcher
    sample: Sample  # its image is not opened yet


class Worker(Protocol):
    """A model and its searchers, ready for questions."""

    def answer(self, task: Task) -> Record:
        """Ask one question; an error becomes the record's, and is not raised."""

    def shared(self) -> Self:
        """The same worker for several threads: prompts that wait together run as one batch."""


WorkerFactory: TypeAlias = Callable[[], Worker]  # loads the model; it can be pickled


class Executor(Strategy):
    """Worker and tasks -> a record of each task, in any order."""

    kind = "executor"

    @abstractmethod
    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        """Yield a record of each task; take tasks only as fast as they are asked."""
