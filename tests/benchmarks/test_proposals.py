"""What choosing regions costs on the largest map that OneVision gives, 61 x 107 cells."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop import Box, Grid, RelevanceMap
from visualcrop.proposals.anchors import Anchors
from visualcrop.proposals.sliding import Sliding


@pytest.mark.parametrize("generator", [Anchors(), Sliding()], ids=["anchors", "sliding"])
def test_propose(benchmark, generator) -> None:
    """Every generator finds boxes on a map of noise."""
    scores = np.random.default_rng(0).random((61, 107))
    relevance = RelevanceMap(Grid.even(61, 107, Box(0, 0, 7680, 4320)), scores)
    assert benchmark(generator.propose, relevance)
