"""`python -m visualcrop_tiny.measure -m tiny`: accuracy by method and kind, maps, existence."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from visualcrop import errors

from .measuring import KINDS, Figures, measure

_EVERY = 20  # questions between two lines about how far it has come


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m visualcrop_tiny.measure", description=__doc__)
    parser.add_argument("-m", "--model", default="tiny", help="spec of the model")
    parser.add_argument("--split", default="test", help="train, dev or test")
    parser.add_argument("--seed", type=int, default=0, help="of the scenes")
    parser.add_argument("--size", default="2k", help="1k, 2k, 4k or 8k")
    parser.add_argument("--count", type=int, default=100, help="questions of each kind")
    parser.add_argument("--kinds", nargs="+", default=KINDS, help="what is asked about")
    parser.add_argument("--out", type=Path, help="also write the figures here, in JSON")
    given = parser.parse_args(arguments)
    try:
        figures = _measured(given)
    except errors.UnknownStrategyError as exc:
        sys.stderr.write(
            f"{exc} What is compared comes with: pip install visualcrop-tiny[measure]\n"
        )
        return 1
    if given.out:
        given.out.write_text(json.dumps(figures.table(), indent=1), "utf-8")
    sys.stdout.write(figures.markdown() + "\n")
    return 0


def _measured(given: argparse.Namespace) -> Figures:
    figures = Figures()
    for kind in given.kinds:
        needles = (
            f"needles(about={kind}, count={given.count}, size={given.size}, "
            f"split={given.split}, seed={given.seed})"
        )
        measure(given.model, needles, kind, figures, partial(_tell, kind, given.count))
    return figures


def _tell(kind: str, count: int, number: int) -> None:
    if number % _EVERY == 0 or number == count:
        sys.stderr.write(f"{kind}: {number} of {count} questions\n")


if __name__ == "__main__":
    sys.exit(main())
