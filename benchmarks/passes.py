"""
Milliseconds of one pass over a picture that the model has not seen, for each spec in turn.

    python -m benchmarks.passes tiny "tiny(threads=2)"

Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np
import PIL.Image

from visualcrop import BudgetedModel, Image, Ledger, Prompt, View, VisualSearch

_WARM = 3  # passes that are not counted
_QUESTION, _CHOICES = "Is there a red kite in the image?", ["Yes", "No"]


def main(arguments: list[str] | None = None) -> int:
    """Print the least and the median of each model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.passes", description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="spec of a model")
    parser.add_argument("--count", type=int, default=15, help="passes that are counted")
    parser.add_argument("--side", type=int, default=480, help="of a picture, in pixels of noise")
    args = parser.parse_args(arguments)
    for spec in args.models:
        times = time_passes(
            BudgetedModel(VisualSearch.open(spec).model, Ledger()), args.count, args.side
        )
        print(f"{spec}: {min(times):.0f} ms at least, {statistics.median(times):.0f} as a median")
    return 0


def time_passes(model: BudgetedModel, count: int, side: int) -> list[float]:
    """Milliseconds of *count* passes, each over another picture."""
    times = []
    for seed in range(_WARM + count):
        pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
        prompt = Prompt((View.whole(Image(PIL.Image.fromarray(pixels))), _QUESTION))
        started = time.perf_counter()
        model.choose([prompt], _CHOICES)
        times.append(1000 * (time.perf_counter() - started))
    return times[_WARM:]


if __name__ == "__main__":
    sys.exit(main())
