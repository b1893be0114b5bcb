"""Every pass is written down before it is run, and none beyond the budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.refusals import refused
from visualcrop import CONVENTIONS, Budget, BudgetedModel, Charge, Internals, Ledger, Prompt
from visualcrop.errors import BudgetExceededError, SpecError
from visualcrop.models.base import NOTHING, Capture, Usage
from visualcrop.plugin import ANSWER
from visualcrop.testing import ToyModel

_stages = st.sampled_from(["targets", "relevance", "verification", ANSWER])
_charges = st.lists(st.builds(Charge, _stages, st.just("toy"), st.integers(1, 5)), max_size=30)


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


class Costly(ToyModel):
    """A toy each of whose passes costs the same."""

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        usage = Usage(new_tokens=5, macs=10.0, peak_bytes=7)
        return [Internals((), {}, usage=usage) for _ in prompts]


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

    def test_keeps_usage_by_stage(self) -> None:
        """What each stage's replies cost; the whole is their sum."""
        ledger = Ledger()
        model = BudgetedModel(Costly(), ledger)
        model.at("relevance").forward([Prompt(("a",)), Prompt(("b",))])
        model.at("answer").forward([Prompt(("c",))])
        model.at("relevance").forward([Prompt(("d",))])
        by_stage = ledger.usage_by_stage()
        assert {stage: used.macs for stage, used in by_stage.items()} == {
            "relevance": 30.0,
            "answer": 10.0,
        }
        assert ledger.usage == Usage(new_tokens=20, macs=40.0, peak_bytes=7)

    def test_tells_who_listens(self) -> None:
        """Each charge is told as it is written; a refused one is not."""
        heard: list[Charge] = []
        ledger = Ledger(Budget(1), on_charge=heard.append)
        _spend(ledger, [Charge("a", "toy"), Charge("b", "toy")])
        assert heard == [Charge("a", "toy")]


class TestBudget:
    """The limits themselves."""

    @pytest.mark.parametrize("passes", [-1, "3", 2.5])
    def test_passes_are_counted(self, passes: Any) -> None:
        """Less than nothing cannot be allowed, nor a text, nor half a pass."""
        message = refused(SpecError, Budget, passes)
        told = f"A budget's passes are none or a whole number from 0 up, not {passes!r}."
        assert message == told

    @pytest.mark.parametrize("seconds", [-0.5, math.nan, "3"])
    def test_seconds_are_a_number(self, seconds: Any) -> None:
        """What is no number can be no limit, though it may be endless."""
        message = refused(SpecError, Budget, seconds=seconds)
        assert message == f"A budget's seconds are none or a number from 0 up, not {seconds!r}."
        assert Budget(seconds=math.inf).seconds == math.inf

    def test_a_ledger_keeps_a_budget(self) -> None:
        """A number alone could be passes or seconds."""
        message = refused(SpecError, Ledger, 4)
        assert message == "The budget is 4; give a Budget, such as Budget(passes=20)."


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
