"""Which executor runs a study for which none is named."""

from __future__ import annotations

import os

from ..errors import EvaluationError, VisualcropError
from ..executors.base import Executor
from ..executors.local import MOST_WORKERS, Local, Processes
from ..models.base import Model
from ..plugin.registry import Registry
from ..utils.cores import usable_cores
from .study import Study, StudyObjects

WORKERS = "VISUALCROP_WORKERS"  # environment variable: most processes, where no executor is named
MOST_UNASKED = 16  # each holds 0.4 GB besides its model
LEAST_TASKS = 40  # answers that take longer, in one process, than others take to start


def choose_executor(study: Study, objects: StudyObjects, concurrency: int = 1) -> Executor:
    """
    Processes, if the model computes on one core; else this process.

    It is this process, too, if it has something that others cannot have, such as an open model or
    a class in a notebook, or if a judge would be loaded by each process.
    """
    workers = default_workers()
    if (
        concurrency == 1
        and workers > 1
        and study.judge is None
        and _uses_one_core(study, objects)
        and _can_be_sent(objects)
    ):
        return Processes(workers=workers, least=LEAST_TASKS)
    return Local(concurrency=concurrency)


def default_workers() -> int:
    """Processes that `evaluate` starts at most; 1 means none but its own."""
    if os.name != "posix":
        return 1
    given = os.environ.get(WORKERS, "")
    if not given:
        return min(usable_cores(), MOST_UNASKED)
    if not given.isdecimal() or len(given) > 9 or not 1 <= int(given) <= MOST_WORKERS:
        raise EvaluationError(
            f"{WORKERS} is {given[:50]!r}; set it to a number of processes from 1 to "
            f"{MOST_WORKERS}."
        )
    return int(given)


def _uses_one_core(study: Study, objects: StudyObjects) -> bool:
    """Whether the model is opened by each process, and computes on one core there."""
    if isinstance(objects.model, Model):
        return False
    try:
        family = objects.model or study.build_family(Registry.load())
        return family.uses_one_core()
    except VisualcropError:  # it is raised where the model is needed
        return False


def _can_be_sent(objects: StudyObjects) -> bool:
    """Whether another process can have them: those of a script or a notebook it cannot import."""
    from multiprocessing.reduction import ForkingPickler

    try:
        return b"__main__" not in bytes(ForkingPickler.dumps(objects))
    except Exception:  # noqa: BLE001 - what cannot be pickled says so in its own ways
        return False
