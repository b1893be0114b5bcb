"""Runs a study, and runs it to its end however often it is broken off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import attrs

from ..dataset import Dataset, Problem
from ..executor import Executor, Task
from ..executors.local import Local
from ..record import Record
from ..registry import Registry
from .asker import Asker
from .manifest import manifest
from .selection import Selection
from .shard import Shard
from .store import MANIFEST, PROBLEMS, Store, write_json
from .study import Study

Watch = Callable[[Record], object]
_NAMED = 200  # broken rows that are named; all are counted


@attrs.define
class _Broken:
    """Rows of the dataset that are no questions."""

    count: int = 0
    named: list[Problem] = attrs.field(factory=list)

    def add(self, problem: Problem) -> None:
        self.count += 1
        if len(self.named) < _NAMED:
            self.named.append(problem)


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
    store = Store.begin(folder, study)
    if not (store.folder / MANIFEST).is_file():
        write_json(store.folder / MANIFEST, manifest(study, registry, dataset))
    part, parts = selection.shard
    broken = _Broken()
    with Shard(store.shard(f"{part}of{parts}")) as shard:
        tasks = _tasks(study, dataset, selection, store, broken)
        for record in executor.run(partial(Asker.open, study), tasks):
            shard.append(record)
            watch(record)
    named = [attrs.asdict(problem) for problem in broken.named]
    write_json(store.folder / PROBLEMS, {"count": broken.count, "named": named})
    return store


def _tasks(
    study: Study, dataset: Dataset, selection: Selection, store: Store, broken: _Broken
) -> Iterator[Task]:
    """All variants of one question, then the next: they share what is known of its image."""
    settled = store.settled()
    for sample in selection.of(dataset, broken.add):
        for variant in study.variants:
            if (variant, sample.id) not in settled:
                yield Task(variant, sample)
