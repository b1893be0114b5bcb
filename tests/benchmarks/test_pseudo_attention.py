"""
What the map saves against Fig. 7 as printed.

7,300 tokens, 28 layers, 4 value heads of 128, one target of three tokens. Peak memory is that of
a process of its own, beyond the features themselves.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.benchmarks.maps import features, ours
from visualcrop.relevance.vv import Normalise


def apart(name: str, *reading: str) -> dict[str, float]:
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.maps", name, *reading]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


@pytest.mark.parametrize(
    ("normalise", "clip"), [("target", False), ("token", False), ("token", True)]
)
def test_map(benchmark, normalise: Normalise, clip: bool) -> None:
    """
    Fig. 7 as printed takes more than 50 times our time and our memory, in both readings.

    With clipping, image tokens' row sums need every cosine: then it is the memory alone.
    """
    reading = (normalise, "clipped" if clip else "literal")
    printed, own = (apart(name, *reading) for name in ("as_printed", "ours"))
    benchmark.extra_info |= {"as printed": printed, "ours": own}
    benchmark.pedantic(ours, (features(), normalise, clip), rounds=5, warmup_rounds=1)
    for unit, ours_took in own.items():
        ratio = printed[unit] / max(ours_took, 1e-9)
        print(f"\n{reading} {unit}: {printed[unit]:.4g} as printed, {ratio:.0f} times ours")
