"""Tables and lines on a terminal, in which text is text: no markup, no emoji, no control."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from .characters import printable
from .live import Bar, Spinner
from .streams import writing

if TYPE_CHECKING:
    from rich.text import Text

_WIDE = 160  # letters of a line that a program reads


@attrs.frozen
class Styled:
    """Text in a style of rich's, such as bold or red."""

    text: str
    style: str


Words: TypeAlias = str | Styled


class Terminal:
    """Standard output, or error: wraps for people, and leaves lines whole for programs."""

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
        """One line of *parts*, one after the other; a newline in them is shown, not obeyed."""
        self._put(_text(*parts, style=style), soft_wrap=soft_wrap)

    def table(
        self,
        headings: Sequence[str],
        rows: Iterable[Sequence[Words]],
        *,
        right: Container[str] = (),
        whole: Container[str] = (),
    ) -> None:
        """Columns under *headings*: those in *right* end in line, those in *whole* never wrap."""
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
        """Shows how far a work of *total* is, until it is stopped."""
        return Bar(self.rich, total)

    def spinner(self, words: str) -> Spinner:
        """Shows that something goes on, until it is stopped."""
        return Spinner(self.rich, words)

    def _put(self, what: Any, *, soft_wrap: bool = False) -> None:
        with writing(error=self.error):
            self.rich.print(what, soft_wrap=soft_wrap)


def as_markup(text: str) -> str:
    """For whoever reads rich's markup, which is typer: *text* as it is."""
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
