"""What moves on a terminal while something is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .characters import printable

if TYPE_CHECKING:
    from rich.console import Console


class Bar:
    """A bar with words beside it, which come last: they may be long."""

    def __init__(self, console: Console, total: float | None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Left

        words = TextColumn("{task.description}", markup=False)
        columns = (BarColumn(), MofNCompleteColumn(), Left(), words)
        self._shown = Progress(*columns, console=console, transient=True)
        self._task = self._shown.add_task("", total=total)
        self.stop = self._shown.stop

    def start(self, words: str) -> None:
        self.tell(words)
        self._shown.start()

    def advance(self, by: float) -> None:
        self._shown.advance(self._task, by)

    def tell(self, words: str) -> None:
        """Put other words beside the bar."""
        self._shown.update(self._task, description=printable(words))


class Spinner:
    """A line that says what is done."""

    def __init__(self, console: Console, words: str) -> None:
        from rich.status import Status
        from rich.text import Text

        self._text = Text
        self._shown = Status(Text(printable(words)), console=console)
        self.start, self.stop = self._shown.start, self._shown.stop

    def tell(self, words: str) -> None:
        """Say something else."""
        self._shown.update(self._text(printable(words)))
