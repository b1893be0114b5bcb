"""What a running evaluation shows: done so far, how often right, and between which bounds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from ..evaluation.summary import Tally
from .options import console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..evaluation.runner import Watch
    from ..record import Record

_EVERY = 30.0  # seconds between lines, where there is no terminal
_TELLING = 0.5  # seconds between updates, where there is one


@attrs.define
class _Seen:
    """Answers of this call, by variant."""

    tallies: dict[str, Tally] = attrs.field(factory=dict)
    questions: set[str] = attrs.field(factory=set)

    def add(self, record: Record) -> None:
        self.tallies.setdefault(record.variant, Tally()).add(record)
        self.questions.add(record.id)

    def __str__(self) -> str:
        return "  ".join(f"{name} {_share(tally)}" for name, tally in self.tallies.items())


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
    elif console(stderr=True).is_terminal:
        with _bar() as bar:
            yield _moving(bar, bar.add_task("Loading the model", total=total))
    else:
        yield _printing(total)


def _bar() -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    out = console(stderr=True)
    words = TextColumn("{task.description}")
    return Progress(BarColumn(), MofNCompleteColumn(), Left(), words, console=out, transient=True)


def _moving(bar: Progress, task: TaskID) -> Watch:
    seen, told = _Seen(), 0.0

    def watch(record: Record) -> None:
        nonlocal told
        seen.add(record)
        now = time.monotonic()
        if now - told >= _TELLING:  # bounds are worked out from all answers so far
            told = now
            bar.update(task, completed=len(seen.questions), description=str(seen))

    return watch


def _printing(total: int | None) -> Watch:
    seen, last = _Seen(), time.monotonic()

    def watch(record: Record) -> None:
        nonlocal last
        seen.add(record)
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            of = f"/{total}" if total else ""
            console(stderr=True).print(f"{len(seen.questions)}{of}  {seen}", markup=False)

    return watch
