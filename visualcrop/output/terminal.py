"""Lines, tables and progress on a terminal; text is printed without markup or control codes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from .characters import printable
from .streams import open_output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WIDE = 160  # columns where output is not a terminal


@attrs.frozen
class Styled:
    """Text in a style of rich's, such as bold or red."""

    text: str
    style: str


Words: TypeAlias = str | Styled


class Terminal:
    """Standard output, or error: lines wrap on a terminal, and are left whole in a pipe."""

    def __init__(self, *, error: bool = False) -> None:
        from rich.console import Console

        how: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
        made = Console(stderr=error, **how)
        self.rich = made if made.is_terminal else Console(stderr=error, width=_WIDE, **how)
        self.error = error

    @property
    def is_terminal(self) -> bool:
        return self.rich.is_terminal

    def print(self, *parts: Words, style: str = "", soft_wrap: bool = False) -> None:
        """Print *parts* as one line; a newline in them is shown as a character."""
        self._put(_text(*parts, style=style), soft_wrap=soft_wrap)

    def table(
        self,
        headings: Sequence[str],
        rows: Iterable[Sequence[Words]],
        *,
        right: Container[str] = (),
        whole: Container[str] = (),
    ) -> None:
        """Print a table; columns in *right* are right-aligned, those in *whole* never wrap."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for heading in headings:
            table.add_column(
                _text(heading),
                justify="right" if heading in right else "left",
                no_wrap=heading in whole,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*map(_text, row))
        self._put(table)

    def bar(self, total: float | None) -> Bar:
        """A progress bar of *total* steps, shown until it is stopped."""
        return Bar(self.rich, total)

    def spinner(self, text: str) -> Spinner:
        """A line of text with a turning mark, shown until it is stopped."""
        return Spinner(self.rich, text)

    def _put(self, what: Any, *, soft_wrap: bool = False) -> None:
        with open_output(error=self.error):
            self.rich.print(what, soft_wrap=soft_wrap)


class Bar:
    """A progress bar with text to its right, which may be long."""

    def __init__(self, console: Console, total: float | None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Left

        beside = TextColumn("{task.description}", markup=False)
        columns = (BarColumn(), MofNCompleteColumn(), Left(), beside)
        self._shown = Progress(*columns, console=console, transient=True)
        self._task = self._shown.add_task("", total=total)
        self.stop = self._shown.stop

    def start(self, text: str) -> None:
        self.update(text)
        self._shown.start()

    def advance(self, by: float) -> None:
        self._shown.advance(self._task, by)

    def update(self, text: str) -> None:
        """Show another text beside the bar."""
        self._shown.update(self._task, description=printable(text))


class Spinner:
    """A line of text with a turning mark before it."""

    def __init__(self, console: Console, text: str) -> None:
        from rich.status import Status

        self._shown = Status(_text(text), console=console)
        self.start, self.stop = self._shown.start, self._shown.stop

    def update(self, text: str) -> None:
        """Show another text."""
        self._shown.update(_text(text))


def escape_markup(text: str) -> str:
    """Escape rich's markup in *text*, for typer, which interprets it."""
    from rich.markup import escape

    return escape(text)


def _text(*parts: Words, style: str = "") -> Text:
    from rich.text import Text

    text = Text(style=style)
    for part in parts:
        if isinstance(part, Styled):
            text.append(printable(part.text), part.style)
        else:
            text.append(printable(part))
    return text
