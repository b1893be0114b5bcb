"""What a run comes to: one row for each variant, and never one number alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..record import Record
from .statistics.intervals import Interval, interval
from .statistics.paired import Difference, difference
from .store import Store
from .study import BASELINE


@attrs.define
class Tally:
    """One variant's answers so far."""

    scores: dict[str, float] = attrs.field(factory=dict)  # by question; unparsed count as 0
    groups: dict[str, Hashable] = attrs.field(factory=dict)
    statuses: dict[str, int] = attrs.field(factory=dict)
    sums: dict[str, float] = attrs.field(factory=dict)
    measured: int = 0  # questions whose true boxes are known
    peak_bytes: float = 0

    def add(self, record: Record) -> None:
        """Count one more; an error has no score, and an unparsed reply is not right."""
        self.statuses[record.status] = self.statuses.get(record.status, 0) + 1
        if record.status in {"error", "skipped"}:
            return
        self.scores[record.id] = record.score or 0.0
        self.groups[record.id] = record.group or record.id
        self.peak_bytes = max(self.peak_bytes, record.work.get("peak_bytes", 0))
        self.measured += bool(record.recall)
        for name, amount in _amounts(record):
            self.sums[name] = self.sums.get(name, 0.0) + amount

    @property
    def n(self) -> int:
        return len(self.scores)

    @property
    def accuracy(self) -> float:
        return sum(self.scores.values()) / self.n if self.n else 0.0

    @property
    def interval(self) -> Interval:
        """Clustered by image."""
        ids = list(self.scores)
        return interval([self.scores[id] for id in ids], [self.groups[id] for id in ids])

    def mean(self, name: str) -> float:
        """The mean of an amount over all questions with an answer; recalls over those measured."""
        count = self.measured if name in _RECALLS else self.n
        # Answers come in any order: what that changes in a sum's last digits is no result.
        return round(self.sums.get(name, 0.0) / count, 9) if count else 0.0


_RECALLS = ("recall", "cover", "iou")


def _amounts(record: Record) -> Iterator[tuple[str, float]]:
    yield "seconds", record.seconds
    yield from ((f"passes.{stage}", n) for stage, n in record.passes.items())
    yield from ((f"count.{name}", n) for name, n in record.counts.items())
    yield from ((f"work.{name}", n) for name, n in record.work.items())
    yield from record.recall.items()


def tallies(records: Iterable[Record]) -> dict[str | None, dict[str, Tally]]:
    """One for each variant, of all questions under none, and under each category of its own."""
    found: dict[str | None, dict[str, Tally]] = {None: {}}
    for record in records:
        for category in (None, *record.category):
            found.setdefault(category, {}).setdefault(record.variant, Tally()).add(record)
    return found


def rows(store: Store) -> list[dict[str, Any]]:
    """Plain values of every variant, in the study's order."""
    found, study = tallies(store.records())[None], store.study
    return [
        row_of(label, found[label], found.get(BASELINE))
        for label in study.variants
        if label in found
    ]


def row_of(label: str, tally: Tally, baseline: Tally | None) -> dict[str, Any]:
    """All that is said of one variant."""
    bounds = tally.interval
    stages = {k.partition(".")[2]: tally.mean(k) for k in tally.sums if k.startswith("passes.")}
    counts = {k.partition(".")[2]: tally.mean(k) for k in tally.sums if k.startswith("count.")}
    work = {k.partition(".")[2]: tally.mean(k) for k in tally.sums if k.startswith("work.")}
    gain = None if baseline is None or baseline is tally else compared(tally, baseline)
    return {
        "searcher": label,
        "accuracy": tally.accuracy,
        "interval": [bounds.low, bounds.high],
        "n": tally.n,
        "errors": tally.statuses.get("error", 0),
        "unparsed": tally.statuses.get("unparsed", 0),
        "skipped": tally.statuses.get("skipped", 0),
        "passes": counts.get("all", 0.0),
        "counts": counts,
        "stages": stages,
        "seconds": tally.mean("seconds"),
        "work": {name: amount for name, amount in work.items() if name != "peak_bytes"},
        "peak_bytes": tally.peak_bytes,
        "recall": {name: tally.mean(name) for name in _RECALLS} if tally.measured else None,
        "gain": None if gain is None else attrs.asdict(gain),
    }


def compared(ours: Tally, theirs: Tally) -> Difference | None:
    """Paired, over the questions that both have answers to; none if there are none."""
    shared = [id for id in ours.scores if id in theirs.scores]
    if not shared:
        return None
    return difference(
        _picked(ours.scores, shared),
        _picked(theirs.scores, shared),
        [ours.groups[i] for i in shared],
    )


def _picked(scores: Mapping[str, float], ids: Sequence[str]) -> list[float]:
    return [scores[id] for id in ids]
