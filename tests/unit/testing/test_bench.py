"""A toy scene, a toy model and a ledger."""

from __future__ import annotations

import pytest

from visualcrop import Prompt
from visualcrop.testing import Bench


class TestBench:
    """A scene, a model and a ledger."""

    def test_is_nobody_elses(self) -> None:
        """Two benches share a scene, and neither model nor ledger."""
        one, other = Bench.set_up(), Bench.set_up()
        one.model.forward([Prompt(("a",))])
        assert one.scene is other.scene
        assert (one.toy.passes, other.toy.passes, other.ledger.passes) == (1, 0, 0)

    def test_checks_the_books(self) -> None:
        """A pass beside the ledger, and a charge to another stage, are noticed."""
        bench = Bench.set_up()
        bench.toy.forward([Prompt(("a",))])
        with pytest.raises(AssertionError, match="not charged"):
            bench.check_charges()
        bench = Bench.set_up()
        bench.model.at("elsewhere").forward([Prompt(("a",))])
        with pytest.raises(AssertionError, match="another stage"):
            bench.check_charges()

    def test_shows_the_thing_in_its_finding(self) -> None:
        """The finding's box holds the thing asked for, within the image, for any seed."""
        for seed in range(10):
            bench = Bench.set_up(seed)
            assert bench.finding.box.contains(bench.asked.boxes[0])
            assert bench.scene.image.box.contains(bench.finding.box)
