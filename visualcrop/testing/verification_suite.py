"""What holds for every verifier."""

from __future__ import annotations

from typing import ClassVar

from ..geometry import Box
from ..interfaces import Verifier
from ..values import View
from .bench import Bench
from .strategy_suite import StrategySuite


class VerifierSuite(StrategySuite):
    """Set `strategy` to a verifier."""

    strategy: ClassVar[type[Verifier]]

    def test_one_confidence_for_each_view(self) -> None:
        """As many as views: numbers from -1 to 1, or none where nobody asked; none for none."""
        bench = Bench.set_up()
        views = [bench.whole, View(bench.scene.image, bench.finding.box), bench.whole]
        confidences = self.strategy().verify(views, bench.target, bench.model)
        assert len(confidences) == len(views)
        assert all(sure is None or -1 <= sure <= 1 for sure in confidences)
        assert self.strategy().verify([], bench.target, bench.model) == ()

    def test_surer_with_the_target_than_without(self) -> None:
        """A view in which the thing is clear beats one without it."""
        bench = Bench.set_up()
        there, elsewhere = bench.finding.box, Box(0, 0, 60, 60)
        views = [View(bench.scene.image, box) for box in (there, elsewhere)]
        with_it, without_it = self.strategy().verify(views, bench.target, bench.model)
        assert with_it is not None
        assert without_it is not None
        assert with_it > without_it

    def test_together_as_alone(self) -> None:
        """What travels in one batch does not change a view's confidence."""
        bench = Bench.set_up()
        views = [bench.whole, View(bench.scene.image, bench.finding.box)]
        together = self.strategy().verify(views, bench.target, bench.model)
        alone = [self.strategy().verify([view], bench.target, bench.model)[0] for view in views]
        assert list(together) == alone

    def test_no_pass_is_off_the_books(self) -> None:
        """The model's own count agrees with the ledger, under the caller's stage."""
        bench = Bench.set_up()
        self.strategy().verify([bench.whole, bench.whole], bench.target, bench.model)
        bench.check_books()
