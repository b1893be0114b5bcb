"""On the toy scenes a search pays off, and the better its map, the more."""

from __future__ import annotations

from functools import cache

import pytest

from visualcrop import BudgetedModel, Ledger
from visualcrop.plugin import Registry, Searcher
from visualcrop.testing import Bench, ToyModel

_SEEDS = range(40)
pytestmark = pytest.mark.xdist_group("paying off")  # one worker measures, once


@cache
def accuracy(spec: str) -> float:
    """Part of three questions on each scene that the searcher answers rightly."""
    searcher, right = Registry.load().build(Searcher, spec), []
    for seed in _SEEDS:
        for asked in Bench.set_up(seed).scene.questions:
            answer = searcher.search(asked.question, BudgetedModel(ToyModel(), Ledger()))
            choices = asked.question.choices
            right.append(answer.choice is not None and choices[answer.choice] == asked.answer)
    return sum(right) / len(right)


@pytest.mark.slow
class TestPayingOff:
    """Of 120 questions about small things."""

    def test_focus_finds_small_things(self) -> None:
        """FOCUS answers at least 95 % of them."""
        assert accuracy("focus") >= 0.95

    def test_one_look_does_not(self) -> None:
        """Asking directly answers at most half."""
        assert accuracy("direct") <= 0.5

    def test_a_random_map_is_in_between(self) -> None:
        """Verification alone helps, but not as a map does."""
        assert accuracy("direct") < accuracy("focus(relevance=random)") < accuracy("focus")
