"""
Train a model, or resume a run that was stopped: `python -m training.train CONFIG --out FOLDER`.

With `--weights FOLDER` the trained model is written there in Hugging Face's format, with its card.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import attrs

from visualcrop import VisualcropError
from visualcrop.plugin import say

from .config import read_config
from .export import export_model, format_model_card
from .trainer import load_trained, train


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 if it fails."""
    parser = argparse.ArgumentParser(
        prog="python -m training.train", description=(__doc__ or "").strip()
    )
    parser.add_argument("config", type=Path, help="TOML file: see training/configs")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--data", type=Path, help="folder of the rendered dataset; else in --out")
    parser.add_argument("--base", default="", help="another tiny to initialise OneVision from")
    parser.add_argument("--seed", type=int, help="another seed than the config's")
    parser.add_argument("--weights", type=Path, help="folder to write the model to")
    parser.add_argument("--figures", type=Path, help="tables for its card, by training.measure")
    args = parser.parse_args(arguments)
    try:
        _run(args)
    except VisualcropError as exc:
        say(str(exc), error=True)
        return 1
    return 0


def _run(args: argparse.Namespace) -> None:
    figures = args.figures.read_text("utf-8") if args.figures else ""
    config = read_config(args.config)
    config = attrs.evolve(
        config,
        base=args.base or config.base,
        seed=config.seed if args.seed is None else args.seed,
    )
    train(config, args.out, args.data or args.out / "data")
    if args.weights:
        network, progress = load_trained(config, args.out)
        export_model(network, args.weights)
        card = format_model_card(config, args.out, progress.total_seconds, figures)
        (args.weights / "README.md").write_text(card, "utf-8")
        say(f"written to {args.weights}")


if __name__ == "__main__":
    sys.exit(main())
