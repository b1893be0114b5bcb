"""How far a long work is: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from typing import Any

from .options import console

_EVERY = 30.0  # seconds between two lines


class counting:  # noqa: N801 - read as a verb in `with counting("Reading") as advance`
    """Gives a function that is called once for each item."""

    def __init__(self, doing: str, total: float | None = None, *, quiet: bool = False) -> None:
        self.doing, self.total, self.done = doing, total, 0.0
        self.out = console(stderr=True)
        self.bar: Any = None
        self.quiet, self.said = quiet, time.monotonic()

    def __enter__(self) -> Any:
        if self.out.is_terminal and not self.quiet:
            from rich.progress import Progress

            self.bar = Progress(console=self.out, transient=True)
            self.bar.add_task(self.doing, total=self.total)
            self.bar.start()
        return self.advance

    def advance(self, _: object = None, by: float = 1) -> None:
        self.done += by
        if self.bar is not None:
            self.bar.advance(self.bar.task_ids[0], by)
        elif not self.quiet and time.monotonic() - self.said > _EVERY:
            of = f" of {self.total:,.0f}" if self.total else ""
            self.out.print(f"{self.doing}: {self.done:,.0f}{of}", markup=False)
            self.said = time.monotonic()

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
