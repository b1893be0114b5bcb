"""Whatever a strategy answers, or raises, is its question's alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from tests.support.studies import toy_study
from visualcrop import Answer, Budget, Record, VisualcropError
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.summary import summarize
from visualcrop.evaluation.worker import StudyWorker
from visualcrop.plugin import Executor, Registry, Task, WorkerFactory

_STUDY = toy_study("direct", scenes=1)


@attrs.frozen
class _Saying:
    """A searcher that answers once with what it was given, and as it should afterwards."""

    make: Callable[[], Any]
    asked: list[int] = attrs.field(factory=list)

    def run(self, question: object, model: object, ledger: object) -> Any:
        del question, model, ledger
        self.asked.append(1)
        return self.make() if len(self.asked) == 1 else Answer("A", 0)


def _saying(make: Callable[[], Any]) -> dict[str, Any]:
    return {"direct": _Saying(make)}


def _answer(**fields: Any) -> Answer:
    """An answer whose values nobody has checked."""
    answer = Answer("red")
    for name, value in fields.items():
        object.__setattr__(answer, name, value)
    return answer


def _raise(exc: BaseException) -> Any:
    raise exc


class _Mute(Exception):  # noqa: N818 - one of somebody else's
    def __str__(self) -> str:
        raise RuntimeError("not even this")


_DEEP: list[Any] = []
for _ in range(100_000):
    _DEEP = [_DEEP]

_BAD: dict[str, Callable[[], Any]] = {
    "a number of numpy's": lambda: _answer(choice=np.int64(0)),
    "bytes": lambda: _answer(text=b"red"),
    "no number": lambda: _answer(counts={"all": float("nan")}),
    "endless": lambda: _answer(counts={"all": 10**5000}),
    "a set": lambda: _answer(text={"red"}),
    "nested": lambda: _answer(text=_DEEP),
    "half a letter": lambda: _answer(text="\ud800"),
    "no answer": lambda: None,
    "SystemExit": lambda: _raise(SystemExit(3)),
    "GeneratorExit": lambda: _raise(GeneratorExit()),
    "an exception that cannot be told": lambda: _raise(_Mute()),
    "a message of half a letter": lambda: _raise(ValueError("\ud800")),
}


class _Here(Executor):
    """Asks a worker of the test's own."""

    name = "here"

    def __init__(self, worker: StudyWorker) -> None:
        object.__setattr__(self, "worker", worker)

    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        del open_worker
        yield from map(self.worker.answer, tasks)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", _BAD)
def test_is_an_error_of_that_question(tmp_path: Path, kind: str) -> None:
    """The others are answered, the run can be read, and the same command asks it again."""
    worker = attrs.evolve(StudyWorker.open(_STUDY), searchers=_saying(_BAD[kind]))
    store = run_study(_STUDY, tmp_path, executor=_Here(worker))
    (row,) = summarize(store)
    assert (row["n"], row["errors"]) == (2, 1)
    new: list[Record] = []
    run_study(_STUDY, tmp_path, watch=new.append)
    assert len(new) == 1
    assert summarize(Store.existing(tmp_path))[0]["errors"] == 0


def test_ctrl_c_is_not(tmp_path: Path) -> None:
    """It ends the run, as it should."""
    saying = _saying(lambda: _raise(KeyboardInterrupt()))
    worker = attrs.evolve(StudyWorker.open(_STUDY), searchers=saying)
    with pytest.raises(KeyboardInterrupt):
        run_study(_STUDY, tmp_path, executor=_Here(worker))


def test_an_executor_gives_what_it_likes(tmp_path: Path) -> None:
    """What cannot be written is an error; an answer to nothing that was asked is refused."""

    class _Own(_Here):
        def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
            del open_worker
            for task in tasks:
                yield Record(task.sample.id, task.variant, "ok", 1.0, answer={1, 2})

    worker = StudyWorker.open(_STUDY)
    (row,) = summarize(run_study(_STUDY, tmp_path, executor=_Own(worker)))
    assert row["errors"] == 3
    assert "cannot be written as JSON" in row["error"]


@pytest.mark.parametrize(
    "fields",
    [
        {"choice": True},
        {"confidence": 1.5},
        {"probabilities": (0.5, "x")},
        {"score": 1.5},
        {"seconds": float("inf")},
        {"work": {"flops": 10**31}},
        {"whole": {"size": [0, 1], "tokens": 1}},
        {"image": (1, 2, 3)},
        {"status": "fine"},
        {"category": "red"},
        {"passes": {"answer": -1}},
        {"evidence": (3,)},
    ],
)
def test_records_are_checked_as_they_are_made(fields: dict[str, Any]) -> None:
    """So no line is written that could not be read again."""
    told = {"id": "a", "variant": "direct", "status": "ok", **fields}
    with pytest.raises(VisualcropError, match=f"The {next(iter(fields))} of a record is"):
        Record(**told)


def test_a_line_is_read_as_it_was_written() -> None:
    """Every field of it."""
    worker, dataset = StudyWorker.open(_STUDY), _STUDY.build_dataset(Registry.load())
    record = worker.answer(Task("direct", next(iter(dataset))))
    assert Record.read(record.line()) == record
    assert record.alone
    assert Budget() == worker.budget
