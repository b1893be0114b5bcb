"""A budget of time, by a clock that moves when told to."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from tests.support.refusals import refused
from visualcrop import Budget, BudgetedModel, Capture, Charge, Internals, Ledger, Prompt
from visualcrop.errors import BudgetExceededError
from visualcrop.models.base import NOTHING
from visualcrop.plugin import ANSWER
from visualcrop.testing import ToyModel


@attrs.define
class Clock:
    """Time that passes when told to."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@attrs.define
class Slow(ToyModel):
    """A toy that takes its time: so many seconds for each pass, one after the other."""

    clock: Clock = attrs.field(factory=Clock)
    seconds: list[float] = attrs.field(factory=list)

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        self.clock.now += sum(self.seconds.pop(0) for _ in prompts)
        return ToyModel.forward(self, prompts, capture)


_TEXT = Prompt(("Is there a mug?",))


class TestSeconds:
    """A budget of time."""

    def _bench(self, seconds: float, passes: Sequence[float]) -> tuple[BudgetedModel, Clock]:
        clock = Clock()
        model = Slow(clock=clock, seconds=list(passes))
        return BudgetedModel(model, Ledger(Budget(seconds=seconds), clock=clock)), clock

    def test_predicts_by_the_slowest_pass(self) -> None:
        """Having seen a pass of 3 s, it allows two more in 7.5 s, though others took 0.5 s."""
        model, _ = self._bench(11, [3, 0.5])
        model.forward([_TEXT])
        model.forward([_TEXT])
        assert model.ledger.remaining == 2

    def test_of_a_batch_counts_each(self) -> None:
        """Four passes in 4 s are passes of 1 s."""
        model, _ = self._bench(10, [1] * 4)
        model.forward([_TEXT] * 4)
        assert model.affordable(100) == 6

    def test_refuses_what_cannot_end_in_time(self) -> None:
        """A pass that is sure to be late is not begun, and the model does not see it."""
        model, _ = self._bench(5, [3, 3])
        model.forward([_TEXT])
        message = refused(BudgetExceededError, model.forward, [_TEXT])
        assert "but the budget of 5 s allows 0;" in message
        assert model.ledger.passes == 1

    def test_time_passes_between_passes_too(self) -> None:
        """When time is up, nothing more is begun, whatever took it; the answer still is."""
        model, clock = self._bench(5, [0.1, 0.1])
        clock.now += 6
        assert model.affordable(1) == 0
        assert model.at(ANSWER).affordable(1) == 1
        model.at(ANSWER).forward([_TEXT])

    def test_both_limits_hold(self) -> None:
        """With passes and seconds, the tighter one decides, and the message has both."""
        ledger = Ledger(Budget(2, seconds=1e9))
        message = refused(BudgetExceededError, ledger.charge, Charge("a", "toy", 3))
        assert "budget of 2 passes and 1e+09 s allows 2;" in message
