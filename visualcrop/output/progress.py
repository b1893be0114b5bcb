"""Progress of long work: a bar on a terminal, else a line every 30 seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .terminal import Terminal

SECONDS_BETWEEN_LINES = 30.0  # where there is no terminal
_UPDATES = 0.5  # seconds between two updates of the text beside a bar


class Progress:
    """
    `with Progress("Reading", total) as advance` gives a function to call once for each item.

    *describe* returns text to show beside the count; it is called only when something is shown.
    """

    def __init__(
        self,
        doing: str,
        total: float | None = None,
        *,
        quiet: bool = False,
        describe: Callable[[], str] | None = None,
    ) -> None:
        self.doing, self.total, self.done = doing, total, 0.0
        self.out = Terminal(error=True)
        self.bar: Any = None
        self.quiet, self.describe, self.shown = quiet, describe, time.monotonic()

    def __enter__(self) -> Any:
        if self.out.is_terminal and not self.quiet:
            self.bar = self.out.bar(self.total)
            self.bar.start(self.describe() if self.describe else self.doing)
        return self.advance

    def advance(self, _: object = None, by: float = 1) -> None:
        self.done += by
        if self.bar is not None:
            self.bar.advance(by)
            if self.describe and self._due(_UPDATES):
                self.bar.update(self.describe())
        elif not self.quiet and self._due(SECONDS_BETWEEN_LINES):
            of = f" of {self.total:,.0f}" if self.total else ""
            more = f"  {self.describe()}" if self.describe else ""
            self.out.print(f"{self.doing}: {self.done:,.0f}{of}{more}")

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _due(self, seconds: float) -> bool:
        """Whether *seconds* have passed since this last returned true."""
        now = time.monotonic()
        due = now - self.shown >= seconds
        self.shown = now if due else self.shown
        return due
