"""Actors, and what each of them is at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from visualcrop import Open, Record, Task, Worker, errors


class Asked:
    """What an actor is: it loads its model with the first task."""

    def __init__(self, open_worker: Open) -> None:
        self._open = open_worker
        self._worker: Worker | None = None

    def answer(self, task: Task) -> Record:
        if self._worker is None:
            self._worker = self._open()
        return self._worker.answer(task)


@attrs.define(eq=False)
class _Seat:
    """A place for an actor; when it dies, another takes it."""

    actor: Any


@attrs.frozen(eq=False)
class _Underway:
    """A task, who is asked, and how often it was tried before."""

    task: Task
    seat: _Seat
    actor: Any
    tried: int


@attrs.define(eq=False)
class Crew:
    """Hands tasks to whoever is free, a few ahead, and those of the dead to the living."""

    ray: Any
    open_worker: Open
    workers: int
    ahead: int
    tries: int
    needs: Mapping[str, float]
    _free: deque[_Seat] = attrs.field(factory=deque, init=False)
    _again: deque[tuple[Task, int]] = attrs.field(factory=deque, init=False)
    _underway: dict[Any, _Underway] = attrs.field(factory=dict, init=False)
    _deaths: int = attrs.field(default=0, init=False)  # since the last answer

    def __attrs_post_init__(self) -> None:
        seats = [_Seat(self._actor()) for _ in range(self.workers)]
        self._free.extend(seats * self.ahead)

    def answers(self, tasks: Iterator[Task]) -> Iterator[Record]:
        """A record of each task, as they come."""
        while self._hand_out(tasks) or self._underway:
            (done, *_), _ = self.ray.wait([*self._underway], num_returns=1)
            record = self._settled(done)
            if record is not None:
                yield record

    def dismiss(self) -> None:
        """Let every actor go, whatever it is at."""
        seats = {*self._free, *(each.seat for each in self._underway.values())}
        for actor in (seat.actor for seat in seats):
            self.ray.kill(actor)

    def _hand_out(self, tasks: Iterator[Task]) -> bool:
        """Whether anything was handed out; what was lost comes first."""
        handed = False
        while self._free:
            task, tried = self._again.popleft() if self._again else (next(tasks, None), 0)
            if task is None:
                break
            seat, handed = self._free.popleft(), True
            self._underway[seat.actor.answer.remote(task)] = _Underway(
                task, seat, seat.actor, tried
            )
        return handed

    def _settled(self, done: Any) -> Record | None:
        """The record that has come; none if its actor died, and the task is tried again."""
        each = self._underway.pop(done)
        self._free.append(each.seat)
        try:
            record: Record = self.ray.get(done)
        except self.ray.exceptions.RayTaskError as exc:
            raise getattr(exc, "cause", exc) from None  # no model could be opened
        except self.ray.exceptions.RayError as exc:
            return self._lost(each, exc)
        self._deaths = 0
        return record

    def _lost(self, each: _Underway, exc: Exception) -> Record | None:
        if each.seat.actor is each.actor:  # nobody has taken the seat yet
            self._deaths += 1
            each.seat.actor = self._actor()
        if self._deaths > self.tries * self.workers:
            reason = str(exc).partition("\n")[0]
            raise errors.EvaluationError(f"Ray's workers die one after the other: {reason}")
        if each.tried + 1 < self.tries:
            self._again.append((each.task, each.tried + 1))
            return None
        told = f"its worker died {self.tries} times, at last of {type(exc).__name__}"
        return Record(each.task.sample.id, each.task.variant, "error", error=told)

    def _actor(self) -> Any:
        return self.ray.remote(Asked).options(**self.needs).remote(self.open_worker)
