"""One score for each cell."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.support.refusals import refused
from visualcrop import Box, Grid, RelevanceMap, Vv
from visualcrop.errors import GeometryError, ImageError
from visualcrop.testing import Bench

_GRID = Grid.even(2, 3, Box(0, 0, 30, 20))


class TestRelevanceMap:
    """One score for each cell."""

    def test_takes_tensors(self) -> None:
        """A tensor of any kind becomes a float32 array; a half-precision one, too."""
        scores = torch.arange(6.0, dtype=torch.bfloat16, requires_grad=True).reshape(2, 3)
        found = RelevanceMap(_GRID, scores).scores
        assert found.dtype == np.float32
        assert found.tolist() == [[0, 1, 2], [3, 4, 5]]

    def test_is_frozen_and_its_own(self) -> None:
        """Its scores cannot be written to, and do not change with their source."""
        source = np.zeros((2, 3), np.float32)
        found = RelevanceMap(_GRID, source)
        source[0, 0] = 1
        assert found.scores[0, 0] == 0
        with pytest.raises(ValueError, match="read-only"):
            found.scores[0, 0] = 1

    def test_equal_by_scores(self) -> None:
        """Two maps are equal if their cells are; hashing agrees."""
        one, other, third = (RelevanceMap(_GRID, np.full((2, 3), n)) for n in (1, 1, 2))
        assert one == other != third
        assert hash(one) == hash(other)

    def test_fits_its_grid(self) -> None:
        """Scores of another shape are refused with both shapes."""
        message = refused(GeometryError, RelevanceMap, _GRID, np.zeros((3, 2)))
        assert message == "The scores are (3, 2), but the grid is (2, 3)."

    @pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
    def test_is_finite(self, score: float) -> None:
        """A single score that is no number is refused."""
        scores = np.zeros((2, 3))
        scores[1, 1] = score
        message = refused(GeometryError, RelevanceMap, _GRID, scores)
        assert message == "A relevance map must hold finite scores only."


class TestImage:
    """The image under the map."""

    def test_a_source_makes_maps_that_know_it(self) -> None:
        """One by one and together: a proposal generator may look at the pixels."""
        bench = Bench.set_up()
        alone = Vv().map(bench.whole, bench.target, bench.model)
        (together,) = Vv().maps(bench.whole, [bench.target], bench.model)
        assert alone.image is together.image is bench.scene.image
        assert alone == together

    def test_made_by_hand_it_is_not_known(self) -> None:
        """A map says so, and does not guess."""
        relevance = RelevanceMap(Grid.even(2, 2, Box(0, 0, 4, 4)), np.eye(2))
        assert not relevance.has_image
        with pytest.raises(ImageError, match=r"The image of this map is not known"):
            relevance.image  # noqa: B018
