"""`python -m visualcrop_tiny.measure -m tiny`: accuracy by method and kind, maps, existence."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shlex
import sys
from functools import partial
from pathlib import Path

from visualcrop import errors
from visualcrop.plugin import say

from ..needles import LONG_SIDES, SPLITS
from ..scenes import KINDS
from ..train.card import machine
from ..views.labour import shared
from .measuring import Figures, measure


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m visualcrop_tiny.measure", description=__doc__)
    parser.add_argument("-m", "--model", default="tiny", help="spec of the model")
    parser.add_argument("--split", default="test", choices=SPLITS)
    parser.add_argument("--seed", type=int, default=0, help="of the scenes")
    parser.add_argument("--size", default="2k", choices=LONG_SIDES, help="of the scenes")
    parser.add_argument("--count", type=int, default=100, help="questions of each kind")
    parser.add_argument(
        "--kinds", nargs="+", default=KINDS, choices=KINDS, help="what is asked about"
    )
    parser.add_argument("--processes", type=int, default=1, help="for as many kinds side by side")
    parser.add_argument("--out", type=Path, help="also write the figures here, in JSON")
    given = parser.parse_args(arguments)
    given.typed = sys.argv[1:] if arguments is None else arguments
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        figures = _measured(given)
        if given.out:
            given.out.write_text(json.dumps(figures.table(), indent=1), "utf-8")
        say(f"{_told(given)}\n\n{figures.markdown()}")
    except errors.VisualcropError as exc:
        say(str(exc), error=True)
        return 1
    return 0


def _told(given: argparse.Namespace) -> str:
    """What was measured, on which machine and when, for a page that shows it."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return (
        f"{given.count} questions each about {', '.join(given.kinds)} (split {given.split}, seed "
        f"{given.seed}, {given.size}), by letter / in open words;\n"
        f"`{shlex.join(['python', '-m', 'visualcrop_tiny.measure', *given.typed])}`\n"
        f"({machine()}, {today})."
    )


def _measured(given: argparse.Namespace) -> Figures:
    figures = Figures()
    needles = f"count={given.count}, size={given.size}, split={given.split}, seed={given.seed}"
    job = partial(measure, given.model, needles)  # not of this module, which no process can import
    for some in shared(job, given.kinds, given.processes, at_once=1):
        figures.join(some)
    return figures


if __name__ == "__main__":
    sys.exit(main())
