"""Every pass is written down before it is run, and none beyond the budget."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.refusals import refused
from visualcrop import (
    ANSWER,
    CONVENTIONS,
    Budget,
    BudgetedModel,
    Capture,
    Charge,
    Ledger,
    Prompt,
    Reading,
    Work,
)
from visualcrop.errors import BudgetExceededError
from visualcrop.model import NOTHING
from visualcrop.models.toy import Toy
from visualcrop.testing import Bench, ToyModel

_stages = st.sampled_from(["targets", "relevance", "verification", ANSWER])
_charges = st.lists(st.builds(Charge, _stages, st.just("toy"), st.integers(1, 5)), max_size=30)


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

    def read(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Reading]:
        self.clock.now += sum(self.seconds.pop(0) for _ in prompts)
        return ToyModel.read(self, prompts, capture)


class Failing(ToyModel):
    """A toy that runs out of memory."""

    def read(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Reading]:
        raise MemoryError


_TEXT = Prompt(("Is there a mug?",))


def _spend(ledger: Ledger, charges: Sequence[Charge]) -> list[Charge]:
    """Try each; give back those that were refused."""
    refusals = []
    for charge in charges:
        try:
            ledger.charge(charge)
        except BudgetExceededError:
            refusals.append(charge)
    return refusals


class TestLedger:
    """What a search has spent."""

    @given(_charges, st.integers(0, 40))
    def test_never_over_the_limit(self, charges: list[Charge], limit: int) -> None:
        """In any order, what is spent before the answer stays within the budget."""
        ledger = Ledger(Budget(limit))
        refusals = _spend(ledger, charges)
        assert sum(c.passes for c in ledger.charges if c.stage != ANSWER) <= limit
        assert sorted(map(str, ledger.charges + refusals)) == sorted(map(str, charges))
        assert ledger.remaining >= 0

    @given(_charges, st.integers(0, 40))
    def test_refuses_only_what_does_not_fit(self, charges: list[Charge], limit: int) -> None:
        """A charge that fits into what remains is never refused, and the answer's never at all."""
        ledger = Ledger(Budget(limit))
        for charge in charges:
            fits = charge.stage == ANSWER or charge.passes <= ledger.remaining
            assert _spend(ledger, [charge]) == ([] if fits else [charge])

    @given(_charges)
    def test_no_budget_no_limit(self, charges: list[Charge]) -> None:
        """Without a budget everything is written down, by stage in the order met."""
        ledger = Ledger()
        assert _spend(ledger, charges) == []
        assert ledger.charges == charges
        assert list(ledger.by_stage()) == list(dict.fromkeys(c.stage for c in charges))
        assert sum(ledger.by_stage().values()) == ledger.passes == sum(c.passes for c in charges)

    def test_says_what_is_left(self) -> None:
        """The refusal names stage, passes, budget, what is left, and the way out."""
        ledger = Ledger(Budget(3))
        ledger.charge(Charge("relevance", "toy", 2))
        message = refused(BudgetExceededError, ledger.charge, Charge("verification", "toy", 5))
        assert message == (
            "The verification stage needs 5 more pass(es), but the budget of 3 passes allows 1; "
            "raise --budget or lower the searcher's steps."
        )

    def test_tells_who_listens(self) -> None:
        """Each charge is told as it is written; a refused one is not."""
        heard: list[Charge] = []
        ledger = Ledger(Budget(1), on_charge=heard.append)
        _spend(ledger, [Charge("a", "toy"), Charge("b", "toy")])
        assert heard == [Charge("a", "toy")]


class TestSeconds:
    """A budget of time."""

    def _bench(self, seconds: float, passes: Sequence[float]) -> tuple[BudgetedModel, Clock]:
        clock = Clock()
        model = Slow(clock=clock, seconds=list(passes))
        return BudgetedModel(model, Ledger(Budget(seconds=seconds), clock=clock)), clock

    def test_predicts_by_the_slowest_pass(self) -> None:
        """Having seen a pass of 3 s, it allows two more in 7.5 s, though others took 0.5 s."""
        model, _ = self._bench(11, [3, 0.5])
        model.read([_TEXT])
        model.read([_TEXT])
        assert model.ledger.remaining == 2

    def test_of_a_batch_counts_each(self) -> None:
        """Four passes in 4 s are passes of 1 s."""
        model, _ = self._bench(10, [1] * 4)
        model.read([_TEXT] * 4)
        assert model.affordable(100) == 6

    def test_refuses_what_cannot_end_in_time(self) -> None:
        """A pass that is sure to be late is not begun, and the model does not see it."""
        model, _ = self._bench(5, [3, 3])
        model.read([_TEXT])
        message = refused(BudgetExceededError, model.read, [_TEXT])
        assert "but the budget of 5 s allows 0;" in message
        assert model.ledger.passes == 1

    def test_time_passes_between_passes_too(self) -> None:
        """When time is up, nothing more is begun, whatever took it; the answer still is."""
        model, clock = self._bench(5, [0.1, 0.1])
        clock.now += 6
        assert model.affordable(1) == 0
        assert model.at(ANSWER).affordable(1) == 1
        model.at(ANSWER).read([_TEXT])

    def test_both_limits_hold(self) -> None:
        """With passes and seconds, the tighter one decides, and the message has both."""
        ledger = Ledger(Budget(2, seconds=1e9))
        message = refused(BudgetExceededError, ledger.charge, Charge("a", "toy", 3))
        assert "budget of 2 passes and 1e+09 s allows 2;" in message


class TestBudget:
    """The limits themselves."""

    def test_are_not_negative(self) -> None:
        """Less than nothing cannot be allowed."""
        with pytest.raises(ValueError, match="passes must be at least 0, not -1"):
            Budget(-1)


class TestConventions:
    """Published ways to count."""

    def test_count_the_same_ledger(self) -> None:
        """`all` is every pass; `focus-paper` leaves out target extraction and answer."""
        ledger = Ledger()
        _spend(ledger, [Charge("targets", "a"), Charge("x", "a", 5), Charge(ANSWER, "a", 2)])
        assert {name: count(ledger) for name, count in CONVENTIONS.items()} == {
            "all": 8,
            "focus-paper": 5,
        }


class TestBudgetedModel:
    """The only model a strategy ever sees."""

    def test_charges_each_kind_of_request(self) -> None:
        """One pass for each prompt; by sentence, one for each prompt and choice."""
        bench = Bench.set_up()
        prompts = [Prompt((bench.whole, "Is it red?"))] * 2
        bench.model.read(prompts)
        bench.model.choose(prompts, ("Yes", "No"))
        bench.model.generate(prompts)
        bench.model.choose(prompts, ("a", "b", "c"), by="sentence")
        assert [charge.passes for charge in bench.ledger.charges] == [2, 2, 2, 6]
        bench.check_books()

    def test_no_prompts_no_charge(self) -> None:
        """Nothing asked is nothing written and nothing run."""
        bench = Bench.set_up(passes=0)
        assert bench.model.read([]) == ()
        assert bench.ledger.charges == []

    def test_writes_before_it_runs(self) -> None:
        """A pass that fails is on the books."""
        model = BudgetedModel(Failing(), Ledger()).at("relevance")
        with pytest.raises(MemoryError):
            model.read([_TEXT])
        assert model.ledger.charges == [Charge("relevance", "toy", 1)]

    def test_a_refused_batch_runs_nothing(self) -> None:
        """Of a batch that is too large, no prompt reaches the model, and nothing is written."""
        bench = Bench.set_up(passes=2)
        refused(BudgetExceededError, bench.model.read, [_TEXT] * 3)
        assert (bench.toy.passes, bench.ledger.charges) == (0, [])

    @given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
    def test_affordable_is_what_is_left(self, limit: int, spent: int, wanted: int) -> None:
        """As many as wanted, if the budget has them; the answer stage always has."""
        bench = Bench.set_up(passes=limit)
        bench.model.read([_TEXT] * min(limit, spent))
        assert bench.model.affordable(wanted) == min(wanted, limit - min(limit, spent))
        assert bench.model.at(ANSWER).affordable(wanted) == wanted

    def test_stages_share_one_ledger(self) -> None:
        """The same model under another stage, and a second model, charge the same books."""
        bench = Bench.set_up()
        bench.model.at("relevance").read([_TEXT])
        bench.model.beside(Toy()).at("help").read([_TEXT])
        assert bench.ledger.by_stage() == {"relevance": 1, "help": 1}
        assert bench.toy.passes == 1

    def test_sums_up_the_work(self) -> None:
        """What readings say they cost is added up beside the bill."""
        bench = Bench.set_up()
        bench.model.read([_TEXT, _TEXT])
        tokens = bench.toy.read([_TEXT])[0].work.new_tokens
        assert bench.ledger.work == Work(new_tokens=2 * tokens)

    def test_shows_the_models_traits(self) -> None:
        """Strategies may ask for its sizes."""
        bench = Bench.set_up()
        assert bench.model.traits == bench.toy.traits
