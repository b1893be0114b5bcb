"""`visualcrop check`: a model on this machine, against plain passes of transformers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import VisualcropError
from ..output.progress import Progress
from ..output.streams import say_error
from ..output.strict_json import json_text
from ..output.terminal import Styled, Words
from ..utils.paths import expand_path
from .options import AsJson, check_place, console, print_json, write

if TYPE_CHECKING:
    from ..check import CheckReport, CheckResult

FILE = "check.json"  # in a folder that --out names
NOT_OPENED = 2  # exit code
_COLOURS = {"ok": "green", "note": "yellow", "fail": "bold red", "skipped": "dim"}


def check(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            help="Spec of the model, a folder, a name on the hub, or a TOML file. "
            "[default: $VISUALCROP_MODEL, else one that comes along]",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what takes longest, as on a CPU.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="Also write a JSON file to attach to an issue, or check.json in a folder.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Check a model on this machine: files, tokens, numbers, memory, speed, and its sanity.

    It ends with 1 if a check failed, and with 2 if the model cannot be opened.
    """
    with _exit_if_not_opened(context):
        place = None if out is None else _choose_place(out)
        report = _run(model, quick=quick)
    if place is not None:
        place = write(place, json_text(report.to_dict(), indent=2) + "\n")
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report, place)
    if report.failed:
        raise typer.Exit(1)


@contextmanager
def _exit_if_not_opened(context: typer.Context) -> Iterator[None]:
    """Exit with a code of its own, for 1 is that of a check that failed."""
    try:
        yield
    except VisualcropError as exc:
        if context.meta.get("visualcrop.debug"):
            raise
        from ..plugin.errors import explain_plugin_error

        say_error(f"Error: {explain_plugin_error(exc) or exc}")
        raise typer.Exit(NOT_OPENED) from None


def _choose_place(out: str) -> Path:
    """The file to write, which may stand in the folder that is named."""
    folder = expand_path(out).is_dir() or out.endswith(("/", "\\"))
    place = Path(out) / FILE if folder else Path(out)
    check_place(place)
    return place


def _run(model: str | None, *, quick: bool) -> CheckReport:
    from ..api import family_of
    from ..check import CHECKS, check_model

    family, step = family_of(model), ["opening the model"]
    with Progress("Checking", len(CHECKS) + 1, describe=lambda: step[0]) as advance:
        opened = family.open()

        def show(name: str) -> None:
            step[0] = name.replace("-", " ")
            advance()

        return check_model(opened, family=family, quick=quick, on_start=show)


def _print(report: CheckReport, place: Path | None) -> None:
    out, model = console(), report.model
    kind = ", ".join(str(model[key]) for key in ("network", "text_model_type") if key in model)
    out.print(Styled(str(model["name"]), "bold"), f"  {kind}" if kind else "")
    out.print()
    rows = [row for result in report for row in _rows(result)]
    out.table(("", "check", "found"), rows, whole=("", "check"))
    out.print()
    out.print(f"{report.summary}, in {report.seconds:.0f} s.")
    if place is not None:
        out.print(f"Wrote {place}: attach it to an issue.")
    elif report.failed:
        out.print("With -o check.json, a file to attach to an issue is written.")


def _rows(result: CheckResult) -> Iterator[tuple[Words, ...]]:
    """What was found and, below it, what to do."""
    yield Styled(result.state, _COLOURS[result.state]), result.title, _sentence(result.found)
    if result.fix:
        yield "", "", Styled(f"> {_sentence(result.fix)}", _COLOURS[result.state])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
