"""What a user sees when a command fails: one sentence, unless `--debug` is given."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import typer
from typer.core import TyperGroup

from ..errors import VisualcropError

WRONG_INPUT, BUG, INTERRUPTED = 1, 3, 130


def add_plugin_commands(app: typer.Typer) -> None:
    """Let plug-ins add commands; where VISUALCROP_STRICT forbids to go on, say so and stop."""
    from ..plugins import load_plugins

    try:
        load_plugins().add_commands(app)
    except VisualcropError as exc:
        if "--debug" in sys.argv:
            raise
        typer.echo(f"Error: {exc}", err=True)
        raise SystemExit(WRONG_INPUT) from None


class Group(TyperGroup):
    """Takes `--debug` anywhere on the line, and turns exceptions into exit codes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["visualcrop.debug"] = "--debug" in args
        if "--version" in args:
            typer.echo(f"visualcrop {version('visualcrop')}")
            raise typer.Exit
        return super().parse_args(ctx, [arg for arg in args if arg != "--debug"])

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except VisualcropError as exc:
            self._fail(ctx, f"Error: {_blamed(exc) or exc}", WRONG_INPUT)
        except KeyboardInterrupt as exc:
            self._fail(ctx, str(exc) or "Interrupted.", INTERRUPTED)
        except BrokenPipeError:
            raise  # nobody reads on, as in `... | head`: typer ends quietly
        except Exception as exc:
            if type(exc).__module__.startswith(("typer", "click")):
                raise  # a wrong command line, or a quiet exit: typer's own business
            reason = str(exc).partition("\n")[0]
            bug = _blamed(exc) or (
                f"visualcrop or a plug-in has a bug ({type(exc).__name__}: {reason})"
            )
            self._fail(
                ctx, f"Error: {bug}; run it again with --debug and report what it shows.", BUG
            )

    def _fail(self, ctx: Any, sentence: str, code: int) -> None:
        if ctx.meta.get("visualcrop.debug"):
            raise  # noqa: PLE0704 - called from an except clause, whose exception this is
        sys.stdout.flush()
        typer.echo(sentence, err=True)
        raise typer.Exit(code) from None


def _blamed(exc: Exception) -> str:
    from ..blaming import blamed

    return blamed(exc)
