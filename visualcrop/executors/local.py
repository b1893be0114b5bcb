"""Runs a study on this machine: in this process, or in several."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Literal

import attrs

from ..data.record import Record
from ..strategy.base import at_least, between, option
from .base import Executor, Task, WorkerFactory

MOST_WORKERS = 256  # each is a process of its own, with its model


@attrs.frozen
class Local(Executor):
    """Ask in this process; of several questions at once, waiting prompts run as one batch."""

    name = "local"

    concurrency: int = option(1, help="questions asked at once", validator=at_least(1))

    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        worker = open_worker()
        if self.concurrency == 1:
            yield from map(worker.answer, tasks)
            return
        worker = worker.shared()
        waiting: deque[Future[Record]] = deque()
        with ThreadPoolExecutor(self.concurrency) as pool:
            try:
                for task in tasks:
                    waiting.append(pool.submit(worker.answer, task))
                    if len(waiting) > self.concurrency:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


@attrs.frozen
class Processes(Executor):
    """Ask in several processes of this machine, each with its own model."""

    name = "processes"

    workers: int | Literal["auto"] = option(
        "auto",
        help="how many; auto: as many as cores may be used",
        validator=between(1, MOST_WORKERS),
    )
    tries: int = option(
        2, help="workers lost with a task until it is recorded as an error", validator=at_least(1)
    )
    least: int = option(
        1,
        help="tasks for which workers are started; fewer are asked in this process",
        validator=at_least(1),
    )

    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        first = list(islice(tasks, self.least))
        tasks = chain(first, tasks)
        if len(first) < self.least:
            return Local().run(open_worker, tasks)
        from .process_pool import ProcessPool

        return ProcessPool(open_worker, self.count_workers(), self.tries).run(tasks)

    def count_workers(self) -> int:
        from ..utils.cores import usable_cores

        return usable_cores() if self.workers == "auto" else self.workers
