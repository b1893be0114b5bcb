"""Actors, and what each of them is at."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from visualcrop import Record, errors
from visualcrop.plugin import Task, Worker, WorkerFactory

from .cluster import Pulse

_TICK = 1.0  # seconds between two looks at who is late
_log = logging.getLogger(__name__)


class Asked:
    """What an actor is: it loads its model with the first task."""

    def __init__(self, open_worker: WorkerFactory) -> None:
        self._open = open_worker
        self._worker: Worker | None = None

    def ready(self) -> None:
        """Say so, which takes a place to be at."""

    def answer(self, task: Task) -> Record:
        if self._worker is None:
            self._worker = self._open()
        return self._worker.answer(task)


@attrs.frozen
class Limits:
    """When a crew gives up."""

    ahead: int  # tasks that an actor holds at once
    tries: int  # of a task whose actors are lost
    patience: float  # seconds for a task; 0: without end
    placing: float  # seconds for an actor to find its place


@attrs.define(eq=False)
class _Seat:
    """A place for an actor; when it is lost, another takes it."""

    actor: Any = None
    placed: bool = False
    since: float = 0.0  # when it got to what it is at now
    holds: list[Any] = attrs.field(factory=list)  # what it was asked, in that order


@attrs.frozen(eq=False)
class _Underway:
    """A task, who is asked, and how often that one was lost with it."""

    task: Task
    seat: _Seat
    tried: int


@attrs.define(eq=False)
class Crew:
    """Hands tasks to whoever is free, a few ahead, and those of the lost to the others."""

    ray: Any
    open_worker: WorkerFactory
    workers: int
    limits: Limits
    needs: Mapping[str, float]
    pulse: Pulse
    _seats: list[_Seat] = attrs.field(factory=list, init=False)
    _coming: dict[Any, _Seat] = attrs.field(factory=dict, init=False)
    _again: deque[tuple[Task, int]] = attrs.field(factory=deque, init=False)
    _underway: dict[Any, _Underway] = attrs.field(factory=dict, init=False)
    _lost: int = attrs.field(default=0, init=False)  # actors, since the last answer
    _ended: bool = attrs.field(default=False, init=False)  # there are no more tasks
    _looked: float = attrs.field(factory=time.monotonic, init=False)
    _told: bool = attrs.field(default=False, init=False)

    def answers(self, tasks: Iterator[Task]) -> Iterator[Record]:
        """A record of each task, as they come."""
        self._take(tasks)
        self._seats = [_Seat() for _ in range(self.workers)] if self._again else []
        for seat in self._seats:
            self._fill(seat)
        while self._hand_out(tasks):
            refs = [*self._underway, *self._coming]
            done, _ = self.ray.wait(refs, num_returns=1, timeout=_TICK)
            for ref in done:
                yield from self._settled(ref)
            if time.monotonic() - self._looked > _TICK:
                self._looked = time.monotonic()
                yield from self._looked_after()

    def dismiss(self) -> None:
        """Let every actor go, whatever it is at."""
        for seat in self._seats:
            self.ray.kill(seat.actor)

    def _take(self, tasks: Iterator[Task]) -> None:
        """Have a task at hand, if there is one left."""
        if not self._again and not self._ended:
            task = next(tasks, None)
            self._ended = task is None
            self._again.extend([] if task is None else [(task, 0)])

    def _hand_out(self, tasks: Iterator[Task]) -> bool:
        """Whether there is anything left to be done."""
        while free := [s for s in self._seats if s.placed and len(s.holds) < self.limits.ahead]:
            self._take(tasks)
            if not self._again:
                break
            seat = min(free, key=lambda seat: len(seat.holds))
            if not seat.holds:
                seat.since = time.monotonic()
            task, tried = self._again.popleft()
            ref = seat.actor.answer.remote(task)
            seat.holds.append(ref)
            self._underway[ref] = _Underway(task, seat, tried)
        return bool(self._underway or self._again or not self._ended)

    def _settled(self, ref: Any) -> Iterator[Record]:
        """The record that has come; if its actor is lost, what is known of all it held."""
        seat = self._coming.pop(ref, None) or self._underway[ref].seat
        try:
            found = self.ray.get(ref)
        except self.ray.exceptions.RayTaskError as exc:
            raise getattr(exc, "cause", exc) from None  # no model could be opened
        except self.ray.exceptions.RayError as exc:
            reason = str(exc).partition("\n")[0]
            yield from self._replaced(seat, f"died of {type(exc).__name__}", reason)
            return
        seat.since = time.monotonic()
        if not seat.placed:
            seat.placed = True
            return
        self._lost = 0
        seat.holds.remove(ref)
        del self._underway[ref]
        yield found

    def _replaced(self, seat: _Seat, told: str, reason: str) -> Iterator[Record]:
        """Another actor takes the seat; only what the lost one was at has been tried in vain."""
        self._lost += 1
        if self._lost > self.limits.tries * self.workers:
            raise errors.EvaluationError(f"Ray's workers are lost one after the other: {reason}")
        held, at_work = [*seat.holds], True
        self._fill(seat)
        for ref in held:
            each = self._underway.pop(ref)
            record = self._answered(ref)
            if record is not None:
                yield record
                continue
            tried, at_work = each.tried + at_work, False
            if tried < self.limits.tries:
                self._again.append((each.task, tried))
            else:
                several = "1 worker was" if tried == 1 else f"{tried} workers were"
                error = f"{several} lost with it, and the last {told}"
                yield Record(each.task.sample.id, each.task.variant, "error", error=error)

    def _answered(self, ref: Any) -> Record | None:
        """The record, if it had come before its actor was lost."""
        try:
            record: Record | None = self.ray.get(ref, timeout=0)
        except (self.ray.exceptions.RayError, TimeoutError):
            return None
        return record

    def _fill(self, seat: _Seat) -> None:
        """Begin an actor, which takes the seat as soon as there is room for it."""
        if seat.actor is not None:
            self.ray.kill(seat.actor)
        seat.actor = self.ray.remote(Asked).options(**self.needs).remote(self.open_worker)
        seat.placed, seat.holds, seat.since = False, [], time.monotonic()
        self._coming[seat.actor.ready.remote()] = seat

    def _looked_after(self) -> Iterator[Record]:
        """Replace who is late, and see whether there is anybody at all."""
        self.pulse.check()
        now, limits = time.monotonic(), self.limits
        for seat in self._seats:
            if seat.holds and limits.patience and now - seat.since > limits.patience:
                told = f"gave no answer within {limits.patience:g} s"
                yield from self._replaced(seat, told, f"the last one {told}; raise patience.")
        waiting = [s for s in self._seats if not s.placed and now - s.since > limits.placing]
        if len(waiting) == self.workers:
            raise errors.EvaluationError(
                f"No worker has found a place within {limits.placing:g} s: {self._room()}."
            )
        if waiting and not self._told:
            self._told = True
            several = f"{len(waiting)} of {self.workers} workers wait"
            _log.warning("%s for a place, the others go on: %s.", several, self._room())

    def _room(self) -> str:
        """What a worker needs, what there is, and what to do."""
        there = self.ray.cluster_resources()
        needs = {"CPU": self.needs["num_cpus"], "GPU": self.needs["num_gpus"]}
        wanted = {name: number for name, number in needs.items() if number}
        each = " and ".join(f"{number:g} {name}" for name, number in wanted.items())
        has = " and ".join(f"{there.get(name, 0):g} {name}" for name in wanted)
        return f"each needs {each} and the cluster has {has} in all; ask for fewer, or add machines"
