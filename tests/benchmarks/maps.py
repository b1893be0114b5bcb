"""
The map by Fig. 7 and by us, at the size of LLaVA-OneVision: time and peak memory of one run.

`python -m tests.benchmarks.maps ours token clipped` prints both as JSON.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from tests.support.fig7 import fig7
from visualcrop.plugin import pseudo_attention
from visualcrop.relevance.vv import Normalise

LAYERS, HEADS, TOKENS, WIDTH = 28, 4, 7300, 128
TARGETS = torch.tensor([7290, 7291, 7292])
IMAGE = torch.arange(20, 7280)


def features() -> Tensor:
    """Layers x heads x tokens x width; positive on the whole, as one model's values mostly are."""
    torch.manual_seed(0)
    return torch.randn(LAYERS, HEADS, TOKENS, WIDTH).add_(0.5)


def as_printed(x: Tensor, normalise: Normalise, clip: bool) -> Tensor:
    """Fig. 7."""
    return fig7(x, IMAGE, TARGETS, normalise=normalise, clip=clip)


def ours(x: Tensor, normalise: Normalise, clip: bool) -> Tensor:
    """The same map without an N x N matrix."""
    layers = dict(enumerate(x))
    return pseudo_attention(layers, TARGETS.numpy(), IMAGE.numpy(), normalise=normalise, clip=clip)


def measure(name: str, normalise: Normalise, clip: bool) -> dict[str, float]:
    """Seconds, and bytes beyond those of the features, of one run in this process."""
    x = features()
    run = {"ours": ours, "as_printed": as_printed}[name]
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts from here
    before, started = _kilobytes("VmRSS"), time.perf_counter()
    run(x, normalise, clip)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak_bytes": 1024 * (_kilobytes("VmHWM") - before)}


def _kilobytes(line: str) -> int:
    found = re.search(rf"{line}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


if __name__ == "__main__":
    reading: Normalise = "token" if "token" in sys.argv else "target"
    print(json.dumps(measure(sys.argv[1], reading, "clipped" in sys.argv)))
