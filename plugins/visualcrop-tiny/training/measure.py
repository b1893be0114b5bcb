"""Measure a model's accuracy by method and kind: `python -m training.measure -m tiny`."""

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
from visualcrop_tiny.drawn import LONG_SIDES, SPLITS
from visualcrop_tiny.place_names import ABOUT

from .evaluation import Measurements, measure_kind
from .export import name_machine
from .workers import map_in_processes


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m training.measure", description=__doc__)
    parser.add_argument("-m", "--model", default="tiny", help="spec of the model")
    parser.add_argument("--split", default="test", choices=SPLITS)
    parser.add_argument("--seed", type=int, default=0, help="of the scenes")
    parser.add_argument("--size", default="2k", choices=LONG_SIDES, help="of the scenes")
    parser.add_argument("--count", type=int, default=100, help="questions of each kind")
    parser.add_argument(
        "--kinds", nargs="+", default=ABOUT, choices=ABOUT, help="kinds of questions"
    )
    parser.add_argument("--processes", type=int, default=1, help="processes, a kind each")
    parser.add_argument("--out", type=Path, help="also write the figures here, in JSON")
    args = parser.parse_args(arguments)
    args.given = sys.argv[1:] if arguments is None else arguments
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        measurements = _measure_all(args)
        if args.out:
            args.out.write_text(json.dumps(measurements.to_json(), indent=1), "utf-8")
        say(f"{_describe_run(args)}\n\n{measurements.to_markdown()}")
    except errors.VisualcropError as exc:
        say(str(exc), error=True)
        return 1
    return 0


def _describe_run(args: argparse.Namespace) -> str:
    """The heading of the tables: questions, command, machine and date."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return (
        f"{args.count} questions each about {', '.join(args.kinds)} (split {args.split}, seed "
        f"{args.seed}, {args.size}), by letter / in open words;\n"
        f"`{shlex.join(['python', '-m', 'training.measure', *args.given])}`\n"
        f"({name_machine()}, {today})."
    )


def _measure_all(args: argparse.Namespace) -> Measurements:
    options = f"count={args.count}, size={args.size}, split={args.split}, seed={args.seed}"
    # `measure_kind` is not in this module, which is `__main__`: workers could not import it.
    function = partial(measure_kind, args.model, options)
    measurements = Measurements()
    for of_kind in map_in_processes(function, args.kinds, args.processes, chunksize=1):
        measurements.merge(of_kind)
    return measurements


if __name__ == "__main__":
    sys.exit(main())
