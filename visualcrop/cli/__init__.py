"""
The command line.

Exit codes: 0 done, 1 wrong input (one sentence says what to do), 2 wrong command line,
3 a bug in visualcrop or in a plug-in, 130 interrupted.
"""

from __future__ import annotations

import gc
import sys
import traceback
import warnings

import typer

from ..output.streams import say
from ..plugin.manager import command_names
from .ask import ask
from .calibrate import calibrate
from .check import check
from .compare import compare
from .data import app as data
from .demo import demo
from .doctor import doctor
from .evaluate import evaluate
from .explain import explain
from .group import WRONG_INPUT, Group, add_plugin_commands
from .look import look
from .paper import paper
from .plugins import app as plugins
from .report import report, show
from .reproduce import reproduce
from .strategies import strategies
from .sweep import sweep

app = typer.Typer(
    cls=Group,
    name="visualcrop",
    help="Find the part of an image that answers a question, and answer it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    ask,
    look,
    demo,
    evaluate,
    compare,
    sweep,
    report,
    show,
    paper,
    reproduce,
    calibrate,
    strategies,
    explain,
):
    app.command()(command)
app.add_typer(data, name="data")
app.add_typer(plugins, name="plugins")
app.command()(doctor)
app.command()(check)


@app.callback()
def everywhere(
    version: bool = typer.Option(False, "--version", help="Say which visualcrop this is."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of any error."),
) -> None:
    """Find the part of an image that answers a question, and answer it."""


BUILT_IN = frozenset(command_names(app))  # before plug-ins add theirs


def main() -> None:
    """Run the command line, with the commands that plug-ins add."""
    gc.freeze()  # spares the collector all that is imported: a fifth of the time of `--help`
    # Pillow warns of broken metadata, though it opens the picture.
    warnings.filterwarnings("ignore", module=r"PIL\b")
    if "--version" not in sys.argv:
        add_plugin_commands(app)
    try:
        app()
    except Exception:  # noqa: BLE001 - let out by --debug
        say(traceback.format_exc().rstrip(), error=True)
        sys.exit(WRONG_INPUT)
