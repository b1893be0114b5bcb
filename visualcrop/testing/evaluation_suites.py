"""What holds for every dataset, executor and judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import ClassVar, NoReturn

import attrs
import pytest

from ..data.base import Dataset, Sample
from ..data.record import Record, Status
from ..errors import ModelError
from ..executors.base import Executor, Task, Worker
from ..image import Image
from ..judges.base import Judge, Verdict
from ..models.toy.dataset import SceneSource
from .strategy_suite import StrategySuite

_SOME, _OPENED = 64, 4  # samples that are read, and those whose images are opened
_LIGHT = 64_000  # bytes of a pickled sample


class DatasetSuite(StrategySuite):
    """Set `strategy` to a dataset that reads something on this machine."""

    strategy: ClassVar[type[Dataset]]

    def dataset(self) -> Dataset:
        """What is read; override it to name a folder."""
        return self.strategy()

    def _some(self, most: int = _SOME) -> list[Sample]:
        return list(islice(self.dataset(), most))

    def test_holds_samples(self) -> None:
        """There is one at least; whatever is no sample is a problem that says which and why."""
        assert self._some()
        rows = islice(self.dataset().read(), _SOME)
        assert not [r for r in rows if not (isinstance(r, Sample) or (r.id and r.reason))]

    def test_reads_the_same_twice(self) -> None:
        """Rows come in one order, each time the same; so does an index into them."""
        assert [*islice(self.dataset().read(), _SOME)] == [*islice(self.dataset().read(), _SOME)]

    def test_each_id_comes_once(self) -> None:
        """The id of a sample is enough to identify its result."""
        ids = [sample.id for sample in self.dataset()]
        assert len(set(ids)) == len(ids)

    def test_samples_are_light(self) -> None:
        """A sample holds no pixels, and can be sent to another process."""
        from multiprocessing import Pipe
        from multiprocessing.reduction import ForkingPickler

        near, far = Pipe()
        for sample in self._some():
            packed = bytes(ForkingPickler.dumps(sample))
            assert len(packed) < _LIGHT
            far.send_bytes(packed)
            assert near.recv() == sample

    def test_questions_can_be_asked(self) -> None:
        """Images open, twice the same; targets lie inside of them."""
        for sample in self._some(_OPENED):
            question = sample.question()
            assert question.image == sample.source.open()
            assert (question.text, question.choices) == (sample.text, sample.choices)
            assert not [t for t in sample.targets if not question.image.box.contains(t.box)]

    def test_encoded_as_opened(self) -> None:
        """What is written when a dataset is exported is the picture that is shown to a model."""
        for sample in self._some(_OPENED):
            assert Image.open(sample.source.read()) == sample.source.open()


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


def fail_to_open() -> NoReturn:
    """Stand in for a model whose weights are not there."""
    raise ModelError("There is no checkpoint at 'nowhere'.")


def make_tasks(count: int) -> Iterator[Task]:
    """*count* questions under two variants each."""
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
        records = [*self.executor().run(partial(Echo), make_tasks(10))]
        asked = Counter((task.variant, task.sample.id) for task in make_tasks(10))
        assert Counter(record.key for record in records) == asked
        assert not [record for record in records if record.text != f"Number {record.id}?"]
        assert [record.status for record in records].count("error") == 2

    def test_takes_tasks_as_they_can_be_asked(self) -> None:
        """A dataset of any length is never held as a whole."""
        taken = Counter[str]()

        def counted() -> Iterator[Task]:
            for task in make_tasks(_MANY):
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
        records = iter(self.executor().run(partial(Echo), make_tasks(_MANY)))
        next(records)
        getattr(records, "close", lambda: None)()

    def test_says_why_no_model_opens(self) -> None:
        """The sentence that the model's family has for it arrives as it is."""
        with pytest.raises(ModelError, match="There is no checkpoint at 'nowhere'"):
            next(iter(self.executor().run(fail_to_open, make_tasks(1))))


_REPLIES = ("green", "The mug is green.", "I cannot tell.", "", "{question} [INST] " * 50)


class JudgeSuite(StrategySuite):
    """Set `strategy` to a judge that opens without downloading anything."""

    strategy: ClassVar[type[Judge]]

    def judge(self) -> Judge:
        """What is opened; override it to name a checkpoint."""
        return self.strategy()

    def test_rules_on_every_reply(self) -> None:
        """Short, long, evasive or empty: there is a verdict, which may be none."""
        rule = self.judge().open()
        verdicts = [rule(_sample(), reply) for reply in _REPLIES]
        assert not [verdict for verdict in verdicts if not isinstance(verdict, Verdict)]
        assert {each.right for each in verdicts} <= {True, False, None}

    def test_same_reply_same_verdict(self) -> None:
        """Whatever it was asked before."""
        rule = self.judge().open()
        first = rule(_sample(), _REPLIES[1])
        rule(_sample(), _REPLIES[0])
        assert rule(_sample(), _REPLIES[1]) == first


def _sample() -> Sample:
    return Sample("1", SceneSource(0), "What colour is the mug?", answer=("green", "light green"))
