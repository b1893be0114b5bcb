"""What a search is given is closed: it ends with the search, and nothing is taken from a bill."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import pytest

from tests.support.reaching import ASKED, TEXT, Cheating, fifty
from tests.support.refusals import refused
from tests.support.waiting import join
from visualcrop import Budget, BudgetedModel, Charge, Ledger, VisualSearch
from visualcrop.errors import BudgetExceededError, PluginError, SpecError
from visualcrop.models import Usage, billing
from visualcrop.models.engine.wrappers import BatchingModel
from visualcrop.testing import Bench, ToyModel


class TestClosed:
    """What a search is given."""

    def test_ends_with_the_search(self) -> None:
        """A model that was kept is asked no more."""
        kept: list[BudgetedModel] = []
        toy = ToyModel()
        VisualSearch(toy, Cheating(kept.append)).ask(ASKED.image, ASKED.text)
        for ask in (kept[0].forward, kept[0].at("answer").forward, kept[0]._model.forward):
            message = refused(PluginError, ask, [TEXT])
            assert message.startswith("A model was asked after the search that it was lent to;")
        assert toy.passes == 1

    @pytest.mark.parametrize("name", ["budget", "clock", "on_charge"])
    def test_a_ledger_keeps_its_terms(self, name: str) -> None:
        """Neither budget nor clock can be replaced by whoever is held to them."""
        message = refused(SpecError, setattr, Ledger(), name, None)
        assert message == f"A ledger keeps its {name} for good; make another with Ledger(...)."

    def test_lines_are_added_and_not_taken_away(self) -> None:
        """Lists that are handed out are copies, sums cannot be set, and no charge is negative."""
        ledger = Ledger()
        ledger.charge(Charge("a", "toy", 2))
        ledger.charges.clear()
        ledger.charges.append(Charge("b", "toy"))
        assert ledger.charges == [Charge("a", "toy", 2)]
        for name, value in {"charges": [], "work": Usage(), "passes": 0, "unbilled": 0}.items():
            with pytest.raises(AttributeError):
                setattr(ledger, name, value)
        for passes in (-1, 0.5, "2"):
            message = refused(SpecError, Charge, "a", "toy", passes)
            assert message.startswith("A charge is of a whole number of passes from 0 up, not ")

    def test_the_model_itself_is_no_attribute(self) -> None:
        """What stands in its place is a model whose passes are paid for, and nothing more."""
        toy = ToyModel()
        model = BudgetedModel(toy, Ledger())
        for each in (model, model._model):
            assert not any(getattr(each, name) is toy for name in dir(each))
        view = Bench.set_up().whole
        assert model._model.encoded_size(view) == toy.encoded_size(view)
        assert (model._model.passes, model._model.info) == (0, toy.info)

    def test_threads_share_one_budget(self) -> None:
        """However many ask at once, none goes beyond it."""
        ledger = Ledger(Budget(100))
        model = BudgetedModel(BatchingModel(ToyModel()), ledger).at("a")

        def ask() -> None:
            with suppress(BudgetExceededError):
                fifty(model)

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        join(threads)
        assert ledger.passes == 100

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
    def test_a_fork_can_go_on(self) -> None:
        """Whatever another thread was at when the process was forked."""
        model = BudgetedModel(ToyModel(), Ledger())
        with billing._lock:
            child = os.fork()
            if not child:
                model.forward([TEXT])
                os._exit(model.ledger.passes)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
