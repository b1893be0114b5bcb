"""Questions are asked by actors of a Ray cluster, each with a model of its own."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import attrs

from visualcrop import Record, errors
from visualcrop.plugin import Executor, Task, WorkerFactory, at_least, option

from .cluster import Pulse, briefly, reaped
from .crew import Crew, Limits

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent to anybody
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # or it prints beside our own output, JSON too
    "RAY_raylet_start_wait_time_s": "180",  # a busy machine takes more than Ray's 30 s
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # as Ray will do by itself; it warns until then
}
_STORE = 128 << 20  # bytes for what is sent: questions and answers are small


@attrs.frozen
class Ray(Executor):
    """Ask by actors of a Ray cluster, each with a model of its own; lost work is asked again."""

    name = "ray"

    workers: int = option(2, help="how many actors", validator=at_least(1))
    address: str = option("", help="of a cluster, or auto; without one it is started here")
    cpus: float = option(1.0, help="cores of each worker", validator=at_least(0))
    gpus: float = option(0.0, help="GPUs of each worker", validator=at_least(0))
    ahead: int = option(2, help="tasks that a worker holds at once", validator=at_least(1))
    tries: int = option(3, help="how many workers a task may lose", validator=at_least(1))
    patience: float = option(
        3600.0,
        help="seconds without an answer until a worker is replaced, loading included; 0: never",
        validator=at_least(0),
    )
    placing: float = option(
        300.0, help="seconds until workers without a place are told of", validator=at_least(0)
    )

    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        ray = _imported()
        limits = Limits(self.ahead, self.tries, self.patience, self.placing)
        needs = {"num_cpus": self.cpus, "num_gpus": self.gpus}
        with self._cluster(ray):
            crew = Crew(ray, open_worker, self.workers, limits, needs, Pulse(ray))
            try:
                yield from crew.answers(tasks)
            finally:
                briefly(crew.dismiss)

    @contextmanager
    def _cluster(self, ray: Any) -> Iterator[None]:
        """The one that is connected already, the one at the address, or one of our own."""
        if ray.is_initialized():
            yield
            return
        try:
            ray.init(**self._where(), log_to_driver=False, logging_level="ERROR")
        except Exception as exc:  # it raises all sorts
            reason = str(exc).partition("\n")[0]
            raise errors.EvaluationError(
                f"Ray cannot be reached at {self.address or 'this machine'!r}: {reason}"
            ) from exc
        own = (
            nullcontext() if self.address else reaped(ray.get_runtime_context().get_session_name())
        )
        with own:
            try:
                yield
            finally:
                briefly(ray.shutdown)

    def _where(self) -> dict[str, Any]:
        if self.address:
            return {"address": self.address}
        here = {"num_cpus": math.ceil(self.workers * self.cpus) or 1, "include_dashboard": False}
        gpus = {"num_gpus": math.ceil(self.workers * self.gpus)} if self.gpus else {}
        return here | gpus | {"object_store_memory": _STORE}


def _imported() -> Any:
    os.environ.update({name: value for name, value in QUIET.items() if name not in os.environ})
    try:
        import ray
    except ImportError as exc:
        raise errors.EvaluationError(
            "The executor 'ray' needs the package ray; install it with pip install ray."
        ) from exc
    return ray
