"""The executor `ray`: actors of a Ray cluster answer tasks, each with its own model."""

from __future__ import annotations

import math
from collections.abc import Iterator

import attrs

from visualcrop import Record
from visualcrop.plugin import Executor, Task, WorkerFactory, at_least, option

from .cluster import ClusterMonitor, connect, import_ray, run_with_timeout
from .worker_pool import PoolLimits, WorkerPool

_OBJECT_STORE = 128 << 20  # bytes for messages: questions and answers are small


@attrs.frozen
class Ray(Executor):
    """Ask on actors of a Ray cluster, each with its own model; retry the tasks of lost ones."""

    name = "ray"

    workers: int = option(2, help="how many actors", validator=at_least(1))
    address: str = option("", help="of a cluster, or auto; empty: a cluster is started here")
    cpus: float = option(1.0, help="cores of each worker", validator=at_least(0))
    gpus: float = option(0.0, help="GPUs of each worker", validator=at_least(0))
    ahead: int = option(2, help="tasks that a worker holds at once", validator=at_least(1))
    tries: int = option(
        3, help="workers lost with a task until it is recorded as an error", validator=at_least(1)
    )
    patience: float = option(
        3600.0,
        help="seconds without an answer until a worker is replaced, loading included; 0: never",
        validator=at_least(0),
    )
    placing: float = option(
        300.0,
        help="seconds until a warning that the cluster has no room for a worker",
        validator=at_least(0),
    )

    def run(self, open_worker: WorkerFactory, tasks: Iterator[Task]) -> Iterator[Record]:
        ray = import_ray()
        limits = PoolLimits(self.ahead, self.tries, self.patience, self.placing)
        each = {"num_cpus": self.cpus, "num_gpus": self.gpus}
        with connect(ray, self.address, self._cluster_resources()):
            monitor = ClusterMonitor(ray)
            pool = WorkerPool(ray, open_worker, self.workers, limits, each, monitor)
            try:
                yield from pool.run(tasks)
            finally:
                run_with_timeout(pool.shutdown)

    def _cluster_resources(self) -> dict[str, int]:
        """The resources of a cluster that is started on this machine."""
        cpus = {"num_cpus": math.ceil(self.workers * self.cpus) or 1}
        gpus = {"num_gpus": math.ceil(self.workers * self.gpus)} if self.gpus else {}
        return cpus | gpus | {"object_store_memory": _OBJECT_STORE}
