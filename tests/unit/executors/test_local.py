"""Questions asked in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import attrs
import pytest

from tests.support.waiting import PATIENCE
from visualcrop import Record
from visualcrop.errors import SpecError
from visualcrop.executors.local import Local
from visualcrop.plugin import Executor, Registry, Task, Worker
from visualcrop.testing import ExecutorSuite
from visualcrop.testing.evaluation_suites import make_tasks


class TestOneByOne(ExecutorSuite):
    """One question after the other."""

    strategy = Local


class TestThreeAtOnce(ExecutorSuite):
    """Three threads."""

    strategy = Local

    def executor(self) -> Executor:
        """Three questions at once."""
        return Local(concurrency=3)


@attrs.frozen
class Meeting(Worker):
    """Answers only when three have come together."""

    barrier: threading.Barrier
    shares: bool = False

    def answer(self, task: Task) -> Record:
        assert self.shares, "it has to be told that threads share it"
        self.barrier.wait(PATIENCE)
        return Record(task.sample.id, task.variant, "ok")

    def shared(self) -> Meeting:
        return attrs.evolve(self, shares=True)


def test_so_many_are_asked_at_once() -> None:
    """Three threads meet in the worker, again and again."""
    meeting = Meeting(threading.Barrier(3))
    assert len([*Local(concurrency=3).run(lambda: meeting, make_tasks(6))]) == 12


def test_a_failing_dataset_stops_it() -> None:
    """What cannot be read is raised, once what is under way has ended."""

    def broken() -> Iterator[Task]:
        yield from make_tasks(2)
        raise OSError("The disk is gone.")

    meeting = Meeting(threading.Barrier(1))
    with pytest.raises(OSError, match="The disk is gone"):
        list(Local(concurrency=2).run(lambda: meeting, broken()))


def test_options_are_checked(registry: Registry) -> None:
    """No question at once is none too few."""
    assert registry.build(Executor, "local(concurrency=4)") == Local(concurrency=4)
    with pytest.raises(SpecError, match="concurrency must be at least 1"):
        registry.build(Executor, "local(concurrency=0)")
