"""What is left to be asked, as long as what was asked is what would be."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..data.base import Dataset, Sample
from ..errors import EvaluationError, VisualcropError
from ..executors.base import Task
from .asked import Asked
from .beginning import note_change
from .completed import Settled
from .pictures import Pictures
from .selection import Selection
from .store import Store
from .study import Study


@attrs.define
class Tasks:
    """The questions of a run that have no answer yet, under each variant."""

    study: Study
    store: Store
    settled: Settled
    forced: bool = attrs.field(default=False, kw_only=True)
    _pictures: Pictures = attrs.field(factory=Pictures, init=False)
    _changed: int = attrs.field(default=0, init=False)

    def of(self, dataset: Dataset, selection: Selection, asked: Asked) -> Iterator[Task]:
        """All variants of one question, then the next: they share what is known of its image."""
        before, met = len(self.settled), 0
        for sample in selection.of(dataset, asked.miss):
            asked.add(sample)
            put = self.study.put(sample)
            for variant in self.study.variants:
                if (variant, sample.id) not in self.settled:
                    yield Task(variant, put)
                else:
                    met += 1
                    self._check(variant, put)
        if selection == Selection() and met < before:
            raise self.store.holds("other questions (some have left the dataset since)")

    def _check(self, variant: str, put: Sample) -> None:
        """Refuse to go on with the answer to another question, or about another picture."""
        if not self.settled.same(variant, put):
            raise self.store.holds(f"other questions ({put.id!r} has changed since)")
        if self.settled.shown(variant, put.id, lambda: self._fingerprint(put)):
            return
        if not self.forced:
            raise self._other(put)
        self._changed += 1
        if self._changed == 1:
            note_change(self.store, f"Forced: the picture of {put.id!r} has changed, or more have.")

    def _fingerprint(self, sample: Sample) -> str:
        try:
            return self._pictures.of(sample.source)
        except VisualcropError:  # it cannot even be read
            return "none"

    def _other(self, sample: Sample) -> EvaluationError:
        told = f"other pictures (that of {sample.id!r} has changed since)"
        return self.store.holds(told, "give another --out, or --force to go on all the same")
