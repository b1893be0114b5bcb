"""Runs a study, and runs it to its end however often it is broken off."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import attrs

from ..errors import EvaluationError, PluginError
from ..executors.base import Executor
from ..executors.local import Local
from ..plugin.registry import Registry
from ..record import Record
from .manifest import manifest
from .resume import Asked, Report, Tasks, begun
from .run_folder import Store
from .selection import Selection
from .study import Study
from .worker import Asker, failed, writable

Watch = Callable[[Record], object]


def evaluate(  # noqa: PLR0913 - all but the first two are options
    study: Study,
    folder: Path,
    *,
    selection: Selection = Selection(),  # noqa: B008 - a frozen value
    executor: Executor = Local(),  # noqa: B008 - as above
    watch: Watch = lambda record: None,
    forced: bool = False,
) -> Store:
    """
    Ask what *folder* does not hold answers to yet, and write each answer down at once.

    The same call goes on where the last one was broken off. *watch* is told of every new record.
    *forced*, it goes on although the model or a picture is another, and the manifest says so.
    """
    registry = Registry.load()
    dataset = study.open_dataset(registry)
    told = manifest(study, registry, dataset)  # nothing is begun if a spec is wrong
    with begun(folder, study, told, selection.shard, forced=forced) as (store, shard):
        settled, asked = store.settled(selection.shard), Asked()
        report = Report(store, selection.shard, settled, asked)
        tasks = Tasks(study, store, settled, forced=forced)
        wanted = tasks.of(dataset, selection, asked)
        for record in executor.run(partial(Asker.open, study), wanted):
            report.begin()  # until there is nothing new
            kept = _kept(record, study)
            shard.append(kept)
            settled.count(kept)
            watch(kept)
        report.end()
    if not asked.questions and selection.shard[1] == 1:
        lack = selection.lack(dataset, asked.named)
        raise EvaluationError(f"The dataset {study.dataset!r} has {lack}.")
    return store


def _kept(record: Record, study: Study) -> Record:
    """The record as it is written down: of this study, and an error if it cannot be."""
    if record.variant not in study.variants:
        raise PluginError(f"The executor answered for a variant {record.variant!r}, of no study.")
    own = attrs.evolve(record, study=study.digest)
    try:
        return writable(own)
    except EvaluationError as exc:
        return failed({"id": own.id, "variant": own.variant, "study": own.study}, exc)
