"""Runs a study in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import attrs

from ..data.record import Record
from ..strategy.base import at_least, option
from .base import Executor, Task, WorkerFactory


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
