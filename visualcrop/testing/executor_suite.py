"""What holds for every executor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import ClassVar, NoReturn

import attrs
import pytest

from ..data.base import Sample
from ..errors import ModelError
from ..executors.base import Executor, Task, Worker
from ..models.toy.dataset import SceneSource
from ..record import Record, Status
from .strategy_suite import StrategySuite

_MANY, _AHEAD = 300, 64  # tasks, and how many may be taken before they can be asked
_FAILING = "7"  # the question at which a worker fails


@attrs.frozen
class Echo(Worker):
    """Repeats what it is asked."""

    shares: bool = False

    def answer(self, task: Task) -> Record:
        status: Status = "error" if task.sample.id == _FAILING else "ok"
        return Record(task.sample.id, task.variant, status, text=task.sample.text)

    def shared(self) -> Echo:
        return Echo(shares=True)


def unopened() -> NoReturn:
    """Stand in for a model whose weights are not there."""
    raise ModelError("There is no checkpoint at 'nowhere'.")


def tasks(count: int) -> Iterator[Task]:
    """So many questions, under two variants each."""
    for number in range(count):
        sample = Sample(str(number), SceneSource(0), f"Number {number}?", answer=("yes",))
        yield from (Task(variant, sample) for variant in ("one", "other"))


class ExecutorSuite(StrategySuite):
    """Set `strategy` to an executor that runs on this machine."""

    strategy: ClassVar[type[Executor]]

    def executor(self) -> Executor:
        """What runs; override it to set how many at once."""
        return self.strategy()

    def test_answers_each_task_once(self) -> None:
        """A record of each task comes, in any order, errors too."""
        records = [*self.executor().run(partial(Echo), tasks(10))]
        asked = Counter((task.variant, task.sample.id) for task in tasks(10))
        assert Counter(record.key for record in records) == asked
        assert all(record.text == f"Number {record.id}?" for record in records)
        assert [record.status for record in records].count("error") == 2

    def test_takes_tasks_as_they_can_be_asked(self) -> None:
        """A dataset of any length is never held as a whole."""
        taken = Counter[str]()

        def counted() -> Iterator[Task]:
            for task in tasks(_MANY):
                taken["tasks"] += 1
                yield task

        records = self.executor().run(partial(Echo), counted())
        for answered, _ in enumerate(records, 1):
            assert taken["tasks"] <= answered + _AHEAD
        assert taken["tasks"] == 2 * _MANY

    def test_nothing_to_ask(self) -> None:
        """Without tasks there are no records."""
        assert not [*self.executor().run(partial(Echo), iter(()))]

    def test_can_be_broken_off(self) -> None:
        """Whoever has enough stops listening, and nothing hangs."""
        records = iter(self.executor().run(partial(Echo), tasks(_MANY)))
        next(records)
        getattr(records, "close", lambda: None)()

    def test_says_why_no_model_opens(self) -> None:
        """The sentence that the model's family has for it arrives as it is."""
        with pytest.raises(ModelError, match="There is no checkpoint at 'nowhere'"):
            next(iter(self.executor().run(unopened, tasks(1))))
