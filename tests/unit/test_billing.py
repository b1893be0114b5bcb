"""Passes that go by the ledger are found by the model's own meter, and put on it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import attrs
import pytest

from tests.support.reaching import ASKED, TEXT, Cheating, fifty
from tests.support.refusals import refused
from tests.support.waiting import join
from visualcrop import UNBILLED, Answer, Budget, BudgetedModel, Charge, Ledger, Model, VisualSearch
from visualcrop.data.base import Sample
from visualcrop.errors import BudgetExceededError
from visualcrop.evaluation.worker import StudyWorker
from visualcrop.executors.base import Task
from visualcrop.models.engine.response_cache import ResponseCache
from visualcrop.models.engine.wrappers import BatchingModel
from visualcrop.models.toy.dataset import SceneSource
from visualcrop.protocol import PromptProtocol
from visualcrop.searchers.direct import Direct
from visualcrop.testing import ToyModel


def _reached(model: BudgetedModel) -> None:
    fifty(model._model)


def _erased(model: BudgetedModel) -> None:
    _reached(model)
    model.ledger.charges.clear()


def _in_a_thread(act: Callable[[], None]) -> None:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    join([thread])


def _ways(raw: Model) -> dict[str, Callable[[BudgetedModel], object]]:
    """How passes may go by, if *raw* can be got hold of, too."""
    return {
        "reached through": _reached,
        "at once": lambda model: model._model.generate([TEXT] * 50),
        "by sentence": lambda model: model._model.choose(
            [TEXT] * 10, tuple("abcde"), by="sentence"
        ),
        "in a thread": lambda model: _in_a_thread(lambda: _reached(model)),
        "got hold of": lambda model: fifty(raw),
        "got hold of, in a thread": lambda model: _in_a_thread(lambda: fifty(raw)),
        "lines taken away": _erased,
        "on a ledger of its own": lambda model: fifty(BudgetedModel(model._model, Ledger())),
    }


class TestUnbilled:
    """Fifty passes that no stage pays for."""

    @pytest.mark.parametrize("way", _ways(ToyModel()))
    @pytest.mark.parametrize("wrap", [lambda m: m, BatchingModel, ResponseCache])
    def test_are_charged(self, way: str, wrap: Callable[[Model], Model]) -> None:
        """Whichever way they go, and whatever is wrapped around the model: they are on the bill."""
        toy = ToyModel()
        cheat = Cheating(_ways(toy)[way])
        answer = VisualSearch(wrap(toy), cheat).ask(ASKED.image, ASKED.text)
        assert dict(answer.passes) == {UNBILLED: 50, "answer": 1}

    def test_of_a_search_that_fails(self) -> None:
        """What was spent until then is on the bill."""
        toy, ledger = ToyModel(), Ledger()

        def fail(model: BudgetedModel) -> None:
            fifty(toy)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            VisualSearch(toy, Cheating(fail)).ask(ASKED.image, ASKED.text, ledger=ledger)
        assert ledger.by_stage() == {UNBILLED: 50}

    def test_of_a_second_model(self) -> None:
        """Each model that was lent is reconciled with its own meter."""
        other = ToyModel(id="other")

        def cheat(model: BudgetedModel) -> None:
            beside = BudgetedModel(other, model.ledger, "help")
            beside.forward([TEXT])
            fifty(other)

        ledger = Ledger()
        VisualSearch(ToyModel(), Cheating(cheat)).ask(ASKED.image, ASKED.text, ledger=ledger)
        assert ledger.charges == [
            Charge("help", "other"),
            Charge("answer", "toy"),
            Charge(UNBILLED, "other", 50),
        ]

    def test_count_against_the_budget(self) -> None:
        """Through what a search was given none runs beyond it; what ran leaves less for others."""
        toy = ToyModel()
        search = VisualSearch(toy, Cheating(_reached))
        message = refused(
            BudgetExceededError, search.ask, ASKED.image, ASKED.text, budget=Budget(20)
        )
        assert message.startswith("The unbilled stage needs 1 more pass(es)")
        assert toy.passes == 20
        ledger = Ledger(Budget(60))
        VisualSearch(toy, Cheating(lambda _: fifty(toy))).ask(
            ASKED.image, ASKED.text, ledger=ledger
        )
        assert ledger.remaining == 10

    def test_at_the_same_time_as_honest_searches(self) -> None:
        """Of threads that share a model, the one that cheats is charged, and no other."""
        toy = ToyModel()
        questions = [
            attrs.evolve(ASKED, text=f"What colour is the mug? {'cheat' * (n % 3 == 0)}")
            for n in range(24)
        ]
        answers = VisualSearch(toy, Cheating(_reached, "cheat")).ask_many(questions, concurrency=6)
        for question, answer in zip(questions, answers, strict=True):
            cheated = {UNBILLED: 50} if "cheat" in question.text else {}
            assert isinstance(answer, Answer)
            assert answer.passes == {**cheated, "answer": 1}

    def test_are_lost_in_no_crowd(self) -> None:
        """Even a model got hold of beside others' searches: somebody's bill has each pass."""
        toy = ToyModel()
        questions = [attrs.evolve(ASKED, text=f"{'cheat' * (n == 5)}?") for n in range(12)]
        search = VisualSearch(toy, Cheating(lambda _: fifty(toy), "cheat"))
        answers = search.ask_many(questions, concurrency=4)
        bills = [answer.passes for answer in answers if isinstance(answer, Answer)]
        assert (len(bills), sum(bill.get(UNBILLED, 0) for bill in bills)) == (12, 50)

    @pytest.mark.parametrize("wrap", [lambda m: m, BatchingModel, ResponseCache])
    def test_are_recorded(self, wrap: Callable[[Model], Model]) -> None:
        """A record of an evaluation has them by stage and in each convention."""
        searchers = {"honest": Direct(), "cheat": Cheating(_reached)}
        asker = StudyWorker(wrap(ToyModel()), searchers, PromptProtocol())
        sample = Sample("1", SceneSource(0), ASKED.text, answer=("green",))
        records = {name: asker.answer(Task(name, sample)) for name in searchers}
        assert records["honest"].passes == {"answer": 1}
        assert records["cheat"].passes == {UNBILLED: 50, "answer": 1}
        assert records["cheat"].counts == {"all": 51, "focus-paper": 50}
