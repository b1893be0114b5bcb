"""
`python -m visualcrop_tiny.train tiny --out FOLDER`: one run, taken up again if stopped.

Afterwards `--weights` has the model as the hub has them, with its card.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import attrs

from visualcrop import VisualcropError
from visualcrop.plugin import say

from .card import card
from .config import read
from .running import run, trained
from .saving import save


def main(arguments: list[str] | None = None) -> int:
    """Train as the config says, and pack what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m visualcrop_tiny.train", description=(__doc__ or "").strip()
    )
    parser.add_argument("config", help="what to train: a TOML file, or the name of one that ships")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and the log")
    parser.add_argument("--data", type=Path, help="folder of what is rendered; else in --out")
    parser.add_argument("--base", default="", help="another tiny to start OneVision's layout from")
    parser.add_argument("--seed", type=int, help="another seed than the config's")
    parser.add_argument("--weights", type=Path, help="folder to write the model to")
    parser.add_argument(
        "--figures", type=Path, help="tables for its card, by visualcrop_tiny.measure"
    )
    given = parser.parse_args(arguments)
    try:
        _work(given)
    except VisualcropError as exc:
        say(str(exc), error=True)
        return 1
    return 0


def _work(given: argparse.Namespace) -> None:
    figures = given.figures.read_text("utf-8") if given.figures else ""
    config = read(given.config)
    config = attrs.evolve(
        config,
        base=given.base or config.base,
        seed=config.seed if given.seed is None else given.seed,
    )
    run(config, given.out, given.data or given.out / "data")
    if given.weights:
        network, progress = trained(config, given.out)
        save(network, given.weights)
        written = card(config, given.out, progress.total, figures)
        (given.weights / "README.md").write_text(written, "utf-8")
        say(f"written to {given.weights}")


if __name__ == "__main__":
    sys.exit(main())
