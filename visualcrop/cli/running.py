"""What a running evaluation shows: done so far, how often right, and between which bounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from ..evaluation.summary import Tally
from ..utils.text_set import Keys
from .progress import counting

if TYPE_CHECKING:
    from ..evaluation.run import Watch
    from ..record import Record


@attrs.define
class _Seen:
    """Answers of this call, by variant."""

    tallies: dict[str, Tally] = attrs.field(factory=dict)
    questions: Keys = attrs.field(factory=Keys)

    def add(self, record: Record) -> bool:
        """Whether it is the first of its question."""
        self.tallies.setdefault(record.variant, Tally()).add(record)
        return self.questions.add(record.id)

    def __str__(self) -> str:
        told = (f"{name} {_share(tally)}" for name, tally in self.tallies.items())
        return "  ".join(told) or "Loading the model"


def _share(tally: Tally) -> str:
    if not tally.n:
        return f"{tally.statuses.get('error', 0)} errors"
    bounds = tally.interval
    failed = tally.statuses.get("error", 0)
    told = f"{tally.accuracy:.0%} ({bounds.low:.0%}-{bounds.high:.0%})"
    return f"{told}, {failed} errors" if failed else told


@contextmanager
def progress(total: int | None, *, quiet: bool) -> Iterator[Watch]:
    """Something to tell each new record to."""
    if quiet:
        yield lambda record: None
        return
    seen = _Seen()
    with counting("Questions", total, telling=lambda: str(seen)) as advance:
        yield lambda record: advance(by=int(seen.add(record)))
