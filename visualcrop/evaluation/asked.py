"""What a worker found in the dataset and left in its shard: `asked-*.json`."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import attrs

from ..data.base import Problem, Sample
from .completed import Settled
from .folder import read_asked, write_json
from .store import Store, Worker

_NAMED = 200  # broken rows that are named; all are counted


@attrs.define
class Asked:
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


@attrs.define
class Report:
    """
    A worker's report, which stands for as long as nothing new is asked.

    It says how many answers the shard has of each variant, at the most that it ever had: so lines
    that go missing are missed.
    """

    store: Store
    worker: Worker
    settled: Settled
    asked: Asked
    _begun: bool = False

    def begin(self) -> None:
        """Say that the worker is not at its end; what it had left before is kept."""
        if not self._begun and (before := self._before()):
            write_json(self.store.report(self.worker), {**before, "finished": False})
        self._begun = True

    def end(self) -> None:
        """Say that it is."""
        had = (self._before() or {"answers": {}})["answers"]
        now = self.settled.counts()
        answers = {label: max(had.get(label, 0), now.get(label, 0)) for label in {**had, **now}}
        told = {**self.asked.as_json(), "answers": answers, "finished": True}
        write_json(self.store.report(self.worker), told)

    def _before(self) -> dict[str, Any] | None:
        path = self.store.report(self.worker)
        return read_asked(path) if path.exists() else None
