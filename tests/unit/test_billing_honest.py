"""Searches that pay for all they ask owe nothing, whatever runs beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import attrs
import pytest

from tests.support.reaching import ASKED, Cheating, fifty
from tests.support.waiting import join, until
from visualcrop import BudgetedModel, Ledger, Prompt, Question, Reply, VisualSearch
from visualcrop.models.engine.response_cache import ResponseCache
from visualcrop.models.engine.wrappers import BatchingModel
from visualcrop.searchers.direct import Direct
from visualcrop.testing import Bench, ToyModel

_SPECS = ("direct", "focus", "focus(steps=4)", "zoomeye", "seal", "vicrop", "hide", "dc2")


@pytest.mark.slow
class TestHonest:
    """Searches that pay for all they ask."""

    @pytest.mark.parametrize("spec", _SPECS)
    def test_searchers_owe_nothing(self, spec: str) -> None:
        """Those built in, and those of the plug-ins here."""
        search = VisualSearch.open("toy", spec)
        for seed in range(2):
            asked = Bench.set_up(seed).asked.question
            before, ledger = search.model.passes, Ledger()
            search.ask(asked.image, asked.text, asked.choices, ledger=ledger)
            assert ledger.unbilled == 0
            assert ledger.passes == search.model.passes - before

    def test_what_is_remembered_is_not_owed(self) -> None:
        """A search whose answers were remembered ran less than it paid for."""
        model = ResponseCache(ToyModel())
        model.set_image(ASKED.image.digest)
        for _ in range(2):
            with (ledger := Ledger()).lend(model) as lent:
                VisualSearch.open("toy").searcher.search(ASKED, lent)
            assert ledger.unbilled == 0 < ledger.passes

    def test_what_others_run_between_searches_is_not_theirs(self) -> None:
        """An application may ask the model itself when no search is on."""
        toy = ToyModel()
        search = VisualSearch(toy, Direct())
        for _ in range(2):
            fifty(toy)
            assert search.ask(ASKED.image, ASKED.text).passes == {"answer": 1}

    def test_others_with_ledgers_of_their_own_are_not_theirs(self) -> None:
        """Nor is what another pays for at the same time."""
        toy = ToyModel()
        beside = BudgetedModel(toy, Ledger())
        search = VisualSearch(toy, Cheating(lambda _: fifty(beside)))
        assert search.ask(ASKED.image, ASKED.text).passes == {"answer": 1}

    def test_a_neighbour_that_fails_costs_them_nothing(self) -> None:
        """A batch that fails is run again in parts, and billed once."""
        failing = _Failing()
        questions = [attrs.evolve(ASKED, text=f"{'fail' * (n == 3)} {n}?") for n in range(6)]
        batching, bills = BatchingModel(failing), [Ledger() for _ in questions]

        def ask(question: Question, ledger: Ledger) -> None:
            with ledger.lend(batching) as model:
                model.at("answer").generate([Prompt((question.text,))])

        threads = [
            threading.Thread(target=_tried, args=(ask, *pair), daemon=True)
            for pair in zip(questions, bills, strict=True)
        ]
        with batching._lock:  # until all of them wait
            for thread in threads:
                thread.start()
            until(lambda: len(batching._waiting) == len(threads))
        join(threads)
        assert failing.passes > len(questions)
        assert [bill.by_stage() for bill in bills] == [{"answer": 1}] * len(questions)


class _Failing(ToyModel):
    """Counts what it is asked, then fails at some words."""

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.passes += len(prompts)
        if any("fail" in prompt.text for prompt in prompts):
            raise ValueError
        return [Reply("yes")] * len(prompts)


def _tried(ask: Callable[..., None], *args: object) -> None:
    try:
        ask(*args)
    except ValueError:
        return
