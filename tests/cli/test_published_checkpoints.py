"""Every family answers from the command line with each method, laid out as it is published."""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path

import pytest

from tests.support.opened import noise
from tests.support.running import Run
from tests.support.tiny.checkpoints import FAMILIES, published
from tests.support.tiny.publishing import LAYOUTS

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
METHODS = ("direct", "focus", "zoomeye", "vicrop")
EVERY = [(family, method) for method in METHODS for family in FAMILIES]
SAMPLED = ("direct", "vicrop", "direct", "focus", "direct", "direct", "zoomeye")
SAMPLE = {*zip(FAMILIES, cycle(SAMPLED), strict=False)}
ASKED = [
    pytest.param(*pair, layout, marks=() if pair in SAMPLE else pytest.mark.proof)
    for pair, layout in zip(EVERY, cycle(LAYOUTS), strict=False)
]


@pytest.mark.parametrize(("family", "method", "layout"), ASKED)
def test_answers(run: Run, tmp_path: Path, family: str, method: str, layout: str) -> None:
    """A choice of two, at a price, whichever files the checkpoint is made of."""
    noise(150, 100).picture.save(tmp_path / "noise.png")
    model, options = (
        published(family, layout),
        ("-c", "red", "-c", "green", "--budget", 12, "--json"),
    )
    spec = f"{method}(steps=1)" if method == "focus" else method
    done = run("ask", "noise.png", "What colour is the mug?", "-m", model, "-s", spec, *options)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["passes"]["answer"] >= 1
