"""The map of Fig. 7 in O(N): the same numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.features import IMAGE, features, ours
from tests.support.fig7 import fig7
from tests.support.refusals import refused
from visualcrop import Box, Grid, Internals
from visualcrop.errors import SpecError
from visualcrop.models import Patches
from visualcrop.plugin import similarity_map, smooth_map
from visualcrop.relevance.vv import Normalise

_READINGS = pytest.mark.parametrize("normalise", ["target", "token"])
_CLIPS = pytest.mark.parametrize("clip", [False, True], ids=["as printed", "clipped"])


def _close(ours: Tensor, oracle: Tensor) -> bool:
    return torch.allclose(ours, oracle, rtol=1e-5, atol=0)


class TestFig7:
    """The figure's numbers, in both readings of its normalisation, with clipping and without."""

    @_READINGS
    @_CLIPS
    @pytest.mark.parametrize("heads", [32, 4], ids=["MHA", "GQA"])
    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_equals_the_transcription(
        self, normalise: Normalise, clip: bool, heads: int, count: int
    ) -> None:
        """Every cell is Fig. 7's to 1e-5 of itself, in float32."""
        for seed in range(2):
            x = features(heads, seed)
            targets = (
                torch.randperm(12, generator=torch.Generator().manual_seed(seed))[:count] + 268
            )
            oracle = fig7(x, IMAGE, targets, normalise=normalise, clip=clip)
            assert _close(ours(x, targets, normalise, clip=clip), oracle / oracle.sum())

    @_READINGS
    @pytest.mark.parametrize("mean", [0.0, -0.5])
    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_where_half_of_the_cosines_are_negative(
        self, normalise: Normalise, mean: float, count: int
    ) -> None:
        """Clipped before it is normalised; heads that cancel cost digits of the smallest cells."""
        x, targets = features(4, 1) - 0.5 + mean, torch.arange(270, 270 + count)
        oracle = fig7(x, IMAGE, targets, normalise=normalise, clip=True)
        found, average = ours(x, targets, normalise, clip=True), 1 / len(IMAGE)
        assert torch.allclose(found, oracle / oracle.sum(), rtol=1e-5, atol=1e-5 * average)

    def test_the_readings_differ(self) -> None:
        """All four are maps of their own, so that the tests above tell them apart."""
        x, targets = features(4, 0) - 0.5, torch.tensor([270])
        maps = [
            fig7(x, IMAGE, targets, normalise=normalise, clip=clip)
            for normalise in ("target", "token")
            for clip in (False, True)
        ]
        for one, other in itertools.combinations(maps, 2):
            assert not torch.allclose(one / one.sum(), other / other.sum(), rtol=1e-2, atol=0)


class TestSimilarityMap:
    """From a reading to a map."""

    def _seen(self, *, local: bool, mark: str = "target") -> Internals:
        grid = Grid.even(16, 16, Box(0, 0, 320, 160))
        patches = Patches(grid, IMAGE.reshape(16, 16).numpy(), 336, local=local)
        return Internals((patches,), {mark: np.array([270, 271])})

    def test_lies_on_the_grid(self) -> None:
        """A global view's map has a score for each cell, neither smoothed nor pooled."""
        x = features(4, 3)
        found = similarity_map(self._seen(local=False), dict(enumerate(x)))
        expected = ours(x, torch.tensor([270, 271]), "target", clip=True)
        assert (found.grid.shape, found.base) == ((16, 16), 336)
        assert found.scores.ravel().tolist() == expected.tolist()

    def test_smooths_local_cells(self) -> None:
        """Local crops' cells are smoothed and joined, over the same box."""
        layers = dict(enumerate(features(4, 3)))
        plain = similarity_map(self._seen(local=False), layers)
        found = similarity_map(self._seen(local=True), layers, sigma=2.0, pool=4)
        assert found == smooth_map(plain, 2.0, 4)
        assert (found.grid.shape, found.grid.box) == ((4, 4), Box(0, 0, 320, 160))

    def test_needs_a_target(self) -> None:
        """A prompt that nowhere says the target is the user's mistake."""
        message = refused(SpecError, similarity_map, self._seen(local=False, mark="thing"), {})
        rule = "say where the target goes."
        assert message == f"The relevance prompt has no {{target}} in it; {rule}"
