"""Help of commands, which plug-ins write too: text, where typer would read rich's markup."""

from __future__ import annotations

from typing import Any

from ..output.characters import printable
from ..output.terminal import as_markup


def plain(command: Any, *, shown: bool) -> None:
    """
    Escape the help of *command*, of its options and of the commands within it.

    Where help is not to be *shown*, only what a wrong command line shows: it needs no rich.
    """
    for each in (command, *command.params):
        for name in ("help", "short_help", "epilog", "metavar"):
            if isinstance(text := getattr(each, name, None), str):
                told = printable(text, newline="\n")
                if name == "metavar" or shown:
                    setattr(each, name, told if name == "metavar" else as_markup(told))
    for inner in getattr(command, "commands", {}).values():
        plain(inner, shown=shown)
