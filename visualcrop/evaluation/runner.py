"""Runs a study, and runs it to its end however often it is broken off."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ..dataset import Dataset, Problem, Sample
from ..errors import EvaluationError
from ..executor import Executor, Task
from ..executors.local import Local
from ..record import Record
from ..registry import Registry
from .asker import Asker
from .manifest import manifest
from .selection import Selection
from .shard import Shard
from .store import ASKED, MANIFEST, Store, write_json
from .study import Study

Watch = Callable[[Record], object]
_NAMED = 200  # broken rows that are named; all are counted


@attrs.define
class _Asked:
    """What the dataset held: how many questions, which, and rows that are none."""

    questions: int = 0
    broken: int = 0
    named: list[Problem] = attrs.field(factory=list)  # the first of those that are broken
    right: float = 0.0  # of all questions, if lots were drawn
    _digest: hashlib._Hash = attrs.field(factory=hashlib.sha256)

    def add(self, sample: Sample) -> None:
        self.questions += 1
        self.right += 1 / len(sample.choices) if sample.choices else 0
        self._digest.update(json.dumps((sample.id, sample.digest)).encode())

    def miss(self, problem: Problem) -> None:
        self.broken += 1
        if len(self.named) < _NAMED:
            self.named.append(problem)

    def as_json(self) -> dict[str, Any]:
        named = [attrs.asdict(problem) for problem in self.named]
        counts = {"questions": self.questions, "broken": self.broken, "named": named}
        chance = self.right / max(self.questions, 1)
        return {**counts, "chance": round(chance, 6), "sha256": self._digest.hexdigest()}


def evaluate(
    study: Study,
    folder: Path,
    *,
    selection: Selection = Selection(),  # noqa: B008 - a frozen value
    executor: Executor = Local(),  # noqa: B008 - as above
    watch: Watch = lambda record: None,
) -> Store:
    """
    Ask what *folder* does not hold answers to yet, and write each answer down at once.

    The same call goes on where the last one was broken off. *watch* is told of every new record.
    """
    registry = Registry.load()
    dataset = study.open_dataset(registry)
    told = manifest(study, registry, dataset)  # nothing is begun if a spec is wrong
    store = Store.begin(folder, study)
    if not (store.folder / MANIFEST).is_file():
        write_json(store.folder / MANIFEST, told)
    part, parts = selection.shard
    asked, worker = _Asked(), f"{part}of{parts}"
    ended = store.folder / ASKED.format(worker)
    with Shard(store.shard(worker)) as shard:
        tasks = _tasks(study, dataset, selection, store, asked)
        for record in executor.run(partial(Asker.open, study), tasks):
            ended.unlink(missing_ok=True)  # until there is nothing new
            shard.append(record)
            watch(record)
    write_json(ended, asked.as_json())
    if not asked.questions and parts == 1:
        lack = selection.lack(dataset, asked.named)
        raise EvaluationError(f"The dataset {study.dataset!r} has {lack}.")
    return store


def _tasks(
    study: Study, dataset: Dataset, selection: Selection, store: Store, asked: _Asked
) -> Iterator[Task]:
    """All variants of one question, then the next: they share what is known of its image."""
    settled, met = store.settled(), 0
    for sample in selection.of(dataset, asked.miss):
        asked.add(sample)
        put = study.put(sample)
        for variant in study.variants:
            if (variant, sample.id) not in settled:
                yield Task(variant, put)
            elif settled.same(variant, put):
                met += 1
            else:
                raise store.holds(f"other questions ({sample.id!r} has changed since)")
    if selection == Selection() and met < len(settled):
        raise store.holds("other questions (some have left the dataset since)")
