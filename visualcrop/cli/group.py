"""The command group: turns exceptions into exit codes and sentences, and escapes help texts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import typer
from typer.core import TyperGroup

from ..errors import VisualcropError
from ..output.characters import indent_lines, printable
from ..output.streams import (
    OutputError,
    check_output,
    open_output,
    replace_unencodable,
    say,
    say_error,
)
from ..output.terminal import escape_markup

WRONG_INPUT, BUG, INTERRUPTED = 1, 3, 130


def escape_help(command: Any, *, shown: bool) -> None:
    """
    Escape the help of *command*, of its options and of the commands within it.

    If help is not *shown*, only metavars are escaped: usage errors print them, without rich.
    """
    for each in (command, *command.params):
        for name in ("help", "short_help", "epilog", "metavar"):
            if isinstance(text := getattr(each, name, None), str):
                clean = printable(text, newline="\n")
                if name == "metavar" or shown:
                    setattr(each, name, clean if name == "metavar" else escape_markup(clean))
    for inner in getattr(command, "commands", {}).values():
        escape_help(inner, shown=shown)


def add_plugin_commands(app: typer.Typer) -> None:
    """Let plug-ins add commands; exit if one is broken and VISUALCROP_STRICT is set."""
    from ..plugin.manager import load_plugins

    try:
        load_plugins().add_commands(app)
    except VisualcropError as exc:
        if "--debug" in sys.argv:
            raise
        say_error(f"Error: {exc}")
        raise SystemExit(WRONG_INPUT) from None


class Group(TyperGroup):
    """Takes `--debug` anywhere on the line, and turns exceptions into exit codes."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        replace_unencodable()
        try:
            with open_output():
                return super().main(*args, **kwargs)
        except OutputError as exc:  # of help, or what was left to be written at the end
            say_error(f"Error: {exc}")
            raise SystemExit(WRONG_INPUT) from None

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _clean_messages():
            return super().make_context(*args, **kwargs)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["visualcrop.debug"] = "--debug" in args
        if "--version" in args:
            say(f"visualcrop {version('visualcrop')}")
            raise typer.Exit
        escape_help(self, shown="--json" not in args or "--help" in args or "-h" in args)
        return super().parse_args(ctx, [arg for arg in args if arg != "--debug"])

    def invoke(self, ctx: Any) -> Any:
        try:
            with _clean_messages():
                return super().invoke(ctx)
        except VisualcropError as exc:
            self._fail(ctx, f"Error: {_explain_plugin_error(exc) or exc}", WRONG_INPUT)
        except KeyboardInterrupt as exc:
            self._fail(ctx, str(exc) or "Interrupted.", INTERRUPTED)
        except BrokenPipeError:
            raise  # nobody reads on, as in `... | head`: typer ends quietly
        except Exception as exc:
            if type(exc).__module__.startswith(("typer", "click")):
                raise  # a wrong command line, or a quiet exit: typer's own business
            if isinstance(exc, OSError):
                check_output()  # a plug-in's command may print by itself
            reason = str(exc).partition("\n")[0]
            bug = _explain_plugin_error(exc) or (
                f"visualcrop or a plug-in has a bug ({type(exc).__name__}: {reason})"
            )
            self._fail(
                ctx, f"Error: {bug}; run it again with --debug and report what it shows.", BUG
            )

    def _fail(self, ctx: Any, sentence: str, code: int) -> None:
        if ctx.meta.get("visualcrop.debug"):
            raise  # noqa: PLE0704 - called from an except clause, whose exception this is
        say_error(sentence)
        raise typer.Exit(code) from None


@contextmanager
def _clean_messages() -> Iterator[None]:
    """Replace control characters in typer's messages, which quote the command line."""
    try:
        yield
    except Exception as exc:
        if isinstance(message := getattr(exc, "message", None), str):
            exc.message = indent_lines(message)  # type: ignore[attr-defined]
        raise


def _explain_plugin_error(exc: Exception) -> str:
    from ..plugin.errors import explain_plugin_error

    return explain_plugin_error(exc)
