"""The only model a strategy ever sees: each request is charged, then run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.refusals import refused
from visualcrop import BudgetedModel, Capture, Charge, Internals, Ledger, Prompt
from visualcrop.errors import BudgetExceededError
from visualcrop.models.base import NOTHING
from visualcrop.models.toy import Toy
from visualcrop.plugin import ANSWER
from visualcrop.testing import Bench, ToyModel

_TEXT = Prompt(("Is there a mug?",))


class Failing(ToyModel):
    """A toy that runs out of memory."""

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        raise MemoryError


class TestBudgetedModel:
    """A model with a ledger."""

    def test_charges_each_kind_of_request(self) -> None:
        """One pass for each prompt; by sentence, one for each prompt and choice."""
        bench = Bench.set_up()
        prompts = [Prompt((bench.whole, "Is it red?"))] * 2
        bench.model.forward(prompts)
        bench.model.choose(prompts, ("Yes", "No"))
        bench.model.generate(prompts)
        bench.model.choose(prompts, ("a", "b", "c"), by="sentence")
        assert [charge.passes for charge in bench.ledger.charges] == [2, 2, 2, 6]
        bench.check_charges()

    def test_no_prompts_no_charge(self) -> None:
        """Nothing asked is nothing written and nothing run."""
        bench = Bench.set_up(passes=0)
        assert bench.model.forward([]) == ()
        assert bench.ledger.charges == []

    def test_writes_before_it_runs(self) -> None:
        """A pass that fails is on the books."""
        model = BudgetedModel(Failing(), Ledger()).at("relevance")
        with pytest.raises(MemoryError):
            model.forward([_TEXT])
        assert model.ledger.charges == [Charge("relevance", "toy", 1)]

    def test_a_refused_batch_runs_nothing(self) -> None:
        """Of a batch that is too large, no prompt reaches the model, and nothing is written."""
        bench = Bench.set_up(passes=2)
        refused(BudgetExceededError, bench.model.forward, [_TEXT] * 3)
        assert (bench.toy.passes, bench.ledger.charges) == (0, [])

    @given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
    def test_affordable_is_what_is_left(self, limit: int, spent: int, wanted: int) -> None:
        """As many as wanted, if the budget has them; the answer stage always has."""
        bench = Bench.set_up(passes=limit)
        bench.model.forward([_TEXT] * min(limit, spent))
        assert bench.model.affordable(wanted) == min(wanted, limit - min(limit, spent))
        assert bench.model.at(ANSWER).affordable(wanted) == wanted

    def test_stages_share_one_ledger(self) -> None:
        """The same model under another stage, and a second model, charge the same books."""
        bench = Bench.set_up()
        bench.model.at("relevance").forward([_TEXT])
        bench.model.beside(Toy()).at("help").forward([_TEXT])
        assert bench.ledger.by_stage() == {"relevance": 1, "help": 1}
        assert bench.toy.passes == 1

    def test_sums_up_the_work(self) -> None:
        """What readings say they cost is added up beside the bill."""
        bench = Bench.set_up()
        shown = Prompt((bench.whole, "mug"))
        bench.model.forward([shown, shown])
        usage = bench.toy.forward([shown])[0].usage
        assert bench.ledger.usage == usage + usage
        assert usage.new_tokens > usage.image_tokens == bench.toy.encoded_size(bench.whole).tokens

    def test_shows_the_models_traits(self) -> None:
        """Strategies may ask for its sizes."""
        bench = Bench.set_up()
        assert bench.model.info == bench.toy.info
