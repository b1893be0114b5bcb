"""Run as a program: how much memory a model takes after so many fresh images, in bytes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from visualcrop import Image, VisualSearch


def held() -> int:
    """Bytes that the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def grown(spec: str, searcher: str, counts: list[int]) -> list[int]:
    """Bytes after each of *counts* images, none seen before."""
    search, rng, found = VisualSearch.open(spec, searcher), np.random.default_rng(0), []
    for count in range(1, max(counts) + 1):
        image = Image.open(rng.integers(0, 256, (400, 400, 3), np.uint8))
        search.ask(image, "What colour is the mug?")
        if count in counts:
            found.append(held())
    return found


if __name__ == "__main__":
    spec, searcher, *counts = sys.argv[1:]
    sys.stdout.write(json.dumps(grown(spec, searcher, [*map(int, counts)])))
