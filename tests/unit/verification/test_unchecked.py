"""Believe the map."""

from __future__ import annotations

from visualcrop.testing import Bench
from visualcrop.verification.unchecked import Unchecked


class TestUnchecked:
    """No questions asked."""

    def test_asks_nobody(self) -> None:
        """No confidence for any view, and no pass."""
        bench = Bench.set_up()
        assert Unchecked().verify([bench.whole] * 2, bench.target, bench.model) == (None, None)
        assert bench.toy.passes == 0
