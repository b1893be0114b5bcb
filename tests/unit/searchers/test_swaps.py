"""Each stage of FOCUS can be any strategy of its kind."""

from __future__ import annotations

import pytest

from visualcrop import BudgetedModel, Ledger
from visualcrop.plugin import ANSWER, Registry, Searcher
from visualcrop.searchers.focus import Focus
from visualcrop.testing import Bench, ToyModel

_REGISTRY = Registry.load()
_STAGES = ["targets", "relevance", "proposals", "verification", "answer"]
_SWAPS = [
    f"{entry.strategy.kind}={entry.strategy.name}"
    for entry in _REGISTRY
    if entry.strategy.kind in _STAGES
]

# Composers that read an answer off boxes or texts where those are sure.
_MAY_ASK_NOTHING = {"answer=relate", "answer=count", "answer=read"}


def _found(option: str, about: int) -> tuple[bool, dict[str, int]]:
    """Whether the answer to one of the scene's questions is right, and the bill."""
    asked = Bench.set_up(3).scene.questions[about]
    toy, ledger = ToyModel(), Ledger()
    searcher = _REGISTRY.build(Searcher, f"focus({option})")
    answer = searcher.search(asked.question, BudgetedModel(toy, ledger))
    assert ledger.passes == toy.passes
    assert answer.choice is not None
    return asked.question.choices[answer.choice] == asked.answer, dict(ledger.by_stage())


class TestSwaps:
    """Any part can be taken out for another."""

    def test_there_is_something_to_swap(self) -> None:
        """Each stage has two strategies or more."""
        kinds = [swap.partition("=")[0] for swap in _SWAPS]
        assert all(kinds.count(stage) >= 2 for stage in _STAGES)

    @pytest.mark.parametrize("swap", _SWAPS)
    @pytest.mark.parametrize("about", [0, 1, 2])
    def test_runs(self, swap: str, about: int) -> None:
        """Each installed strategy answers each kind of question, with an honest ledger."""
        _, bill = _found(swap, about)
        assert bill.get(ANSWER, 0) in ({0, 1} if swap in _MAY_ASK_NOTHING else {1})
        assert set(bill) <= {*_STAGES, ANSWER}

    @pytest.mark.parametrize("stage", ["targets", "proposals", "answer"])
    def test_most_still_find(self, stage: str) -> None:
        """Of targets, proposals and answers, another choice still finds the small thing."""
        swaps = [s for s in _SWAPS if s.startswith(stage) and s not in _KNOWING_NOTHING]
        assert all(_found(swap, 0)[0] for swap in swaps)

    def test_by_letter_and_by_option(self) -> None:
        """The way to read the answer is an option of each composer."""
        for way, passes in {"letter-logits": 1, "option-logits": 4}.items():
            right, bill = _found(f"answer=crop(inference={way})", 0)
            assert right
            assert bill[ANSWER] == passes

    def test_prices(self) -> None:
        """Targets by rule cost no pass, an unchecked map no verification."""
        assert "targets" not in _found("targets=rules", 0)[1]
        assert "verification" not in _found("verification=unchecked", 0)[1]

    def test_the_default_is_what_it_says(self) -> None:
        """`focus` alone is the paper's five stages."""
        stages = [getattr(Focus(), stage).name for stage in _STAGES]
        assert stages == ["in-context", "vv", "anchors", "existence", "crop"]


# Of a question without quotes, or asked of a model that was not taught to say what it misses.
_KNOWING_NOTHING = {"targets=quoted", "targets=given", "targets=missing"}
