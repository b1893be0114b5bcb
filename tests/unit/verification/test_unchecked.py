"""Believe the map."""

from __future__ import annotations

from visualcrop.testing import Bench
from visualcrop.verification.unchecked import Unchecked


class TestUnchecked:
    """No questions asked."""

    def test_believes_everything_for_nothing(self) -> None:
        """Full confidence for each view, and no pass."""
        bench = Bench.set_up()
        assert Unchecked().verify([bench.whole] * 2, bench.target, bench.model) == (1.0, 1.0)
        assert bench.toy.passes == 0
