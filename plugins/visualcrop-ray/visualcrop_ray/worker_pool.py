"""A pool of Ray actors that answer tasks; the tasks of lost actors are retried."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from visualcrop import Record, errors
from visualcrop.plugin import Task, Worker, WorkerFactory

from .cluster import ClusterMonitor

_CHECK_INTERVAL = 1.0  # seconds
_log = logging.getLogger(__name__)


class RayWorker:
    """The actor: it loads its model with the first task."""

    def __init__(self, open_worker: WorkerFactory) -> None:
        self._open = open_worker
        self._worker: Worker | None = None

    def ready(self) -> None:
        """Return as soon as Ray has placed the actor on a node."""

    def answer(self, task: Task) -> Record:
        if self._worker is None:
            self._worker = self._open()
        return self._worker.answer(task)


@attrs.frozen
class PoolLimits:
    """The executor's options for queues, retries and timeouts."""

    ahead: int  # tasks submitted to a worker at once
    tries: int  # workers that may be lost with a task
    patience: float  # seconds without an answer until a worker is replaced; 0: no limit
    placing: float  # seconds that Ray may take to place a worker on a node


@attrs.define(eq=False)
class _Slot:
    """A place in the pool: when its actor is lost, it gets a new one."""

    actor: Any = None
    placed: bool = False  # on a node
    since: float = 0.0  # when the actor was started, or began its current task
    refs: list[Any] = attrs.field(factory=list)  # of the tasks submitted to it, in order


@attrs.frozen(eq=False)
class _Submitted:
    """A task, the slot it was submitted to, and how many workers were lost with it before."""

    task: Task
    slot: _Slot
    losses: int


@attrs.define(eq=False)
class WorkerPool:
    """
    Submits each task to the worker with the fewest, and retries the tasks of lost workers.

    Ray's own `max_task_retries` cannot do that: a loss costs every submitted task a retry (seen
    with Ray 2.60), even tasks that only waited behind the one that killed the worker. With `ahead`
    above 1 these would become errors without having been tried. So Ray retries and restarts nothing
    here, and a loss counts only against the task that the worker was running.
    """

    ray: Any
    open_worker: WorkerFactory
    workers: int
    limits: PoolLimits
    resources: Mapping[str, float]  # num_cpus and num_gpus of each worker
    monitor: ClusterMonitor
    _slots: list[_Slot] = attrs.field(factory=list, init=False)
    _starting: dict[Any, _Slot] = attrs.field(factory=dict, init=False)  # by the ref of `ready`
    _queue: deque[tuple[Task, int]] = attrs.field(factory=deque, init=False)  # with its losses
    _submitted: dict[Any, _Submitted] = attrs.field(factory=dict, init=False)  # by ref
    _losses: int = attrs.field(default=0, init=False)  # workers lost since the last answer
    _exhausted: bool = attrs.field(default=False, init=False)  # no more tasks will come
    _checked: float = attrs.field(factory=time.monotonic, init=False)
    _warned: bool = attrs.field(default=False, init=False)

    def run(self, tasks: Iterator[Task]) -> Iterator[Record]:
        """Yield a record of each task, in the order in which they are done."""
        self._fetch(tasks)
        self._slots = [_Slot() for _ in range(self.workers)] if self._queue else []
        for slot in self._slots:
            self._start(slot)
        while self._submit(tasks):
            refs = [*self._submitted, *self._starting]
            done, _ = self.ray.wait(refs, num_returns=1, timeout=_CHECK_INTERVAL)
            for ref in done:
                yield from self._collect(ref)
            if time.monotonic() - self._checked > _CHECK_INTERVAL:
                self._checked = time.monotonic()
                yield from self._check_workers()

    def shutdown(self) -> None:
        """Kill every actor, even one that is busy."""
        for slot in self._slots:
            self.ray.kill(slot.actor)

    def _fetch(self, tasks: Iterator[Task]) -> None:
        """Add a task to an empty queue, if one is left."""
        if not self._queue and not self._exhausted:
            task = next(tasks, None)
            self._exhausted = task is None
            self._queue.extend([] if task is None else [(task, 0)])

    def _submit(self, tasks: Iterator[Task]) -> bool:
        """Submit up to `ahead` tasks to each worker; return whether any task is left."""
        while free := [s for s in self._slots if s.placed and len(s.refs) < self.limits.ahead]:
            self._fetch(tasks)
            if not self._queue:
                break
            slot = min(free, key=lambda slot: len(slot.refs))
            if not slot.refs:
                slot.since = time.monotonic()
            task, losses = self._queue.popleft()
            ref = slot.actor.answer.remote(task)
            slot.refs.append(ref)
            self._submitted[ref] = _Submitted(task, slot, losses)
        return bool(self._submitted or self._queue or not self._exhausted)

    def _collect(self, ref: Any) -> Iterator[Record]:
        """Yield the record of a task that is done, or replace its worker if that died."""
        slot = self._starting.pop(ref, None) or self._submitted[ref].slot
        try:
            result = self.ray.get(ref)
        except self.ray.exceptions.RayTaskError as exc:
            raise getattr(exc, "cause", exc) from None  # the worker could not open its model
        except self.ray.exceptions.RayError as exc:
            reason = str(exc).partition("\n")[0]
            yield from self._replace(slot, f"died of {type(exc).__name__}", reason)
            return
        slot.since = time.monotonic()
        if not slot.placed:
            slot.placed = True
            return
        self._losses = 0
        slot.refs.remove(ref)
        del self._submitted[ref]
        yield result

    def _replace(self, slot: _Slot, loss: str, reason: str) -> Iterator[Record]:
        """Start a new actor, and retry the tasks of the lost one; only its first had been tried."""
        self._losses += 1
        if self._losses > self.limits.tries * self.workers:
            raise errors.EvaluationError(f"Ray's workers are lost one after the other: {reason}")
        refs, is_running = [*slot.refs], True
        self._start(slot)
        for ref in refs:
            submitted = self._submitted.pop(ref)
            record = self._get_if_done(ref)
            if record is not None:
                yield record
                continue
            losses, is_running = submitted.losses + is_running, False
            if losses < self.limits.tries:
                self._queue.append((submitted.task, losses))
            else:
                workers = "1 worker was" if losses == 1 else f"{losses} workers were"
                error = f"{workers} lost with it, and the last {loss}"
                sample = submitted.task.sample.id
                yield Record(sample, submitted.task.variant, "error", error=error)

    def _get_if_done(self, ref: Any) -> Record | None:
        """The record, if the task was done before its worker was lost: it is not asked again."""
        try:
            record: Record | None = self.ray.get(ref, timeout=0)
        except (self.ray.exceptions.RayError, TimeoutError):
            return None
        return record

    def _start(self, slot: _Slot) -> None:
        """Start an actor, which Ray places on a node as soon as one has room."""
        if slot.actor is not None:
            self.ray.kill(slot.actor)
        slot.actor = self.ray.remote(RayWorker).options(**self.resources).remote(self.open_worker)
        slot.placed, slot.refs, slot.since = False, [], time.monotonic()
        self._starting[slot.actor.ready.remote()] = slot

    def _check_workers(self) -> Iterator[Record]:
        """Replace workers that hang; warn if some are not placed, and fail if none is."""
        self.monitor.check()
        now, limits = time.monotonic(), self.limits
        for slot in self._slots:
            if slot.refs and limits.patience and now - slot.since > limits.patience:
                loss = f"gave no answer within {limits.patience:g} s"
                yield from self._replace(slot, loss, f"the last one {loss}; raise patience.")
        waiting = [s for s in self._slots if not s.placed and now - s.since > limits.placing]
        if len(waiting) == self.workers:
            raise errors.EvaluationError(
                f"No worker has found a place within {limits.placing:g} s: "
                f"{self._describe_shortage()}."
            )
        if waiting and not self._warned:
            self._warned = True
            workers = f"{len(waiting)} of {self.workers} workers wait"
            shortage = self._describe_shortage()
            _log.warning("%s for a place, the others continue: %s.", workers, shortage)

    def _describe_shortage(self) -> str:
        """The resources that each worker needs and that the cluster has, and what to do."""
        available = self.ray.cluster_resources()
        needs = {"CPU": self.resources["num_cpus"], "GPU": self.resources["num_gpus"]}
        needs = {name: number for name, number in needs.items() if number}
        each = " and ".join(f"{number:g} {name}" for name, number in needs.items())
        total = " and ".join(f"{available.get(name, 0):g} {name}" for name in needs)
        shortage = f"each needs {each} and the cluster has {total} in all"
        return f"{shortage}; ask for fewer, or add machines"
