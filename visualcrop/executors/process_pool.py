"""
A pool of processes on this machine that answer tasks; the tasks of lost ones are retried.

Its processes are started as programs of their own, and not by `multiprocessing`, which would run
the user's script again in each: most scripts are not written for that. Tasks go to them pickled,
records come back as lines of JSON. They end when the connection to this process closes, so none
outlives it, however it ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, NoReturn

import attrs

from .. import errors
from ..data.record import Record
from ..utils.cores import usable_cores
from .base import Task, WorkerFactory
from .process_worker import OPENED, RECORD

_CODE = (
    "import sys; sys.path[:] = {path!r}; from visualcrop.executors.process_worker import main; "
    "main({connection})"
)
_LOOK = 1.0  # seconds without a message until it is seen to that all processes are alive


@attrs.define(eq=False)
class _WorkerProcess:
    """A process that answers one question at a time, under several variants."""

    process: subprocess.Popen[bytes]
    connection: Connection
    opened: bool = False  # its model is loaded
    tasks: deque[Task] = attrs.field(factory=deque)  # to answer, the current one first

    @classmethod
    def start(cls, threads: int) -> _WorkerProcess:
        """Start a process whose libraries use so many *threads*, unless the user says how many."""
        ours, theirs = Pipe()
        with theirs:
            path = [each for each in sys.path if isinstance(each, str)]  # as `import` does
            code = _CODE.format(path=path, connection=theirs.fileno())
            process = subprocess.Popen(  # noqa: S603 - it is ours
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what is printed there must not get into our output, which may be JSON
                pass_fds=[theirs.fileno()],
                env={"OMP_NUM_THREADS": str(threads), **os.environ, "TQDM_DISABLE": "1"},
                process_group=0,  # Ctrl-C is for this process, which ends the others
            )
        return cls(process, ours)

    def send(self, value: Any) -> None:
        """Send it *value*; if it has ended, that is noticed when a record is received."""
        try:
            data = ForkingPickler.dumps(value)
        except Exception as exc:
            raise errors.EvaluationError(
                f"The study cannot be sent to another process ({exc}); give --executor local."
            ) from exc
        with suppress(OSError):
            self.connection.send_bytes(data)

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> int:
        """Kill it, and return its exit code; negative for a signal."""
        self.connection.close()
        self.process.kill()
        return self.process.wait()


@attrs.define(eq=False)
class ProcessPool:
    """
    Gives each process the next question, under all variants that are asked.

    So what the variants of a question share, such as passes and the decoded image, stays in one
    process.
    """

    open_worker: WorkerFactory
    count: int
    tries: int  # processes that may be lost with a task
    _workers: list[_WorkerProcess] = attrs.field(factory=list, init=False)
    _again: deque[deque[Task]] = attrs.field(factory=deque, init=False)  # of lost processes
    _losses: Counter[tuple[str, str]] = attrs.field(factory=Counter, init=False)  # by task

    def run(self, tasks: Iterator[Task]) -> Iterator[Record]:
        """Yield a record of each task, in the order in which they are done."""
        questions = (deque(group) for _, group in groupby(tasks, lambda task: task.sample.id))
        try:
            while self._feed(questions):
                ready = wait([worker.connection for worker in self._workers], _LOOK)
                for worker in [each for each in self._workers if each.connection in ready]:
                    yield from self._receive(worker)
                for worker in [] if ready else self._find_lost():
                    yield from self._replace(worker)
        finally:
            for worker in self._workers:
                worker.end()

    def _feed(self, questions: Iterator[deque[Task]]) -> bool:
        """Give each free process a question, start those that lack; whether any is at work."""
        while free := self._find_free():
            tasks = self._again.popleft() if self._again else next(questions, None)
            if tasks is None:
                break
            worker = free if isinstance(free, _WorkerProcess) else self._start()
            worker.tasks = tasks
            worker.send(tuple(tasks))
        return any(worker.tasks for worker in self._workers)

    def _find_free(self) -> _WorkerProcess | bool:
        """A process without tasks; else, whether another may be started."""
        idle = (worker for worker in self._workers if not worker.tasks)
        return next(idle, len(self._workers) < self.count)

    def _find_lost(self) -> list[_WorkerProcess]:
        """Processes that ended and sent no more, though their children hold the connection open."""
        return [each for each in self._workers if each.ended and not each.connection.poll()]

    def _start(self) -> _WorkerProcess:
        worker = _WorkerProcess.start(max(1, usable_cores() // self.count))
        self._workers.append(worker)
        worker.send(self.open_worker)
        return worker

    def _receive(self, worker: _WorkerProcess) -> Iterator[Record]:
        """Yield the record that *worker* sent, if it sent one; retry its tasks if it was lost."""
        try:
            message = worker.connection.recv_bytes()
        except (EOFError, OSError):
            yield from self._replace(worker)
            return
        kind, content = message[:1], message[1:]
        if kind == OPENED:
            worker.opened = True
        elif kind == RECORD:
            worker.tasks.popleft()
            yield Record.read(content)
        else:
            _raise(**json.loads(content))

    def _replace(self, worker: _WorkerProcess) -> Iterator[Record]:
        """Retry the tasks of a lost process; the first fails if it was lost with too many."""
        self._workers.remove(worker)
        ending = _describe(worker.end())
        if not worker.opened:
            raise errors.EvaluationError(
                f"A worker process ended as it loaded the model ({ending}); if memory is short, "
                "give fewer, as in --executor 'processes(workers=1)'."
            )
        if not worker.tasks:
            return
        task = worker.tasks[0]
        key = task.variant, task.sample.id
        self._losses[key] += 1
        if self._losses[key] >= self.tries:
            worker.tasks.popleft()
            yield _lost_record(task, self._losses.pop(key), ending)
        if worker.tasks:
            self._again.append(worker.tasks)


def _lost_record(task: Task, losses: int, ending: str) -> Record:
    sample, workers = task.sample, "1 process" if losses == 1 else f"{losses} processes"
    return Record(
        sample.id,
        task.variant,
        "error",
        answer=sample.answer,
        question=sample.digest,
        group=sample.group,
        category=sample.category,
        error=f"{workers} ended while it was asked, the last with {ending}",
    )


def _describe(code: int) -> str:
    """How a process ended, by its exit code."""
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def _raise(name: str, message: str) -> NoReturn:
    """Raise what stopped a process; of our errors, with their own class."""
    found = getattr(errors, name, None)
    if isinstance(found, type) and issubclass(found, errors.VisualcropError):
        raise found(message)
    why = f"{name}: {message}".rstrip(".")
    raise errors.EvaluationError(
        f"A worker process cannot go on ({why}); give --executor local, which needs none."
    )
