"""
What the O(N) map saves against Fig. 7 as printed.

7,300 tokens, 28 layers, 4 value heads of 128, one target of three tokens. Peak memory is that of
a process of its own, beyond the features themselves.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.benchmarks.maps import features, ours


def apart(name: str, normalise: str) -> dict[str, float]:
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.maps", name, normalise]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


@pytest.mark.parametrize("normalise", ["target", "token"])
def test_map(benchmark, normalise: str) -> None:
    """Fig. 7 as printed takes more than 50 times our time and our memory, in both readings."""
    printed, own = (apart(name, normalise) for name in ("as_printed", "ours"))
    benchmark.extra_info |= {"as printed": printed, "ours": own}
    benchmark.pedantic(ours, (features(), normalise), rounds=5, warmup_rounds=1)
    for unit, ours_took in own.items():
        ratio = printed[unit] / max(ours_took, 1e-9)
        print(f"\n{normalise} {unit}: {printed[unit]:.4g} as printed, {ratio:.0f} times ours")
