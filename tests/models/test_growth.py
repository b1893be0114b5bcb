"""However many images a model has seen, it keeps no more of them than it may."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

from visualcrop import Image, VisualSearch

pytestmark = pytest.mark.torch
_SPEC = "tiny-shapes(memory=20000000)"  # full after two images


def test_no_image_is_kept() -> None:
    """Neither by the models that come along nor by what they remember."""
    for model, searcher in (("toy", "focus"), ("tiny-shapes", "direct")):
        search, rng, seen = VisualSearch.open(model, searcher), np.random.default_rng(0), []
        for _ in range(3):
            image = Image.open(rng.integers(0, 256, (64, 64, 3), np.uint8))
            search.ask(image, "What colour is the mug?")
            seen.append(weakref.ref(image))
        del image
        gc.collect()
        assert [ref() for ref in seen] == [None] * 3


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells")
def test_memory_is_flat() -> None:
    """From the 30th fresh image to the 90th, less is added than five of them take."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.grown", _SPEC, "direct", "30", "90"],
        check=True,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    early, late = json.loads(run.stdout)
    assert late - early < 60_000_000  # a question takes 12 MiB, so that 60 would take 750
