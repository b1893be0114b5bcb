"""The whole image first, then a search only where a gate or a rule says so."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import attrs
import pytest

from tests.support.gates import make_calibration, write_gate
from tests.support.refusals import refused
from visualcrop import Answer, Budget, BudgetedModel, Ledger, Question, View
from visualcrop.answer.reply import reply
from visualcrop.budget import ANSWER
from visualcrop.calibration import AFTER, BEFORE
from visualcrop.errors import SpecError
from visualcrop.interfaces import Searcher
from visualcrop.protocol import PromptProtocol
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus
from visualcrop.searchers.guarded import Guarded, describe_both, describe_direct
from visualcrop.testing import Bench, SearcherSuite


class TestSuite(SearcherSuite):
    """What holds for every searcher."""

    strategy = Guarded


class TestGate:
    """What a calibration decides."""

    @pytest.fixture(params=[(False, False), (True, False), (True, True)])
    def decided(self, request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Answer, Bench, str]:
        """An answer under a gate, and what the gate decides."""
        searches, believes = request.param
        bench = Bench.set_up()
        path = write_gate(tmp_path, bench.toy, searches=searches, believes=believes)
        name = "not searched" if not searches else "search" if believes else "whole image"
        return bench.search(Guarded(gate=path)), bench, name

    def test_decision(self, decided: tuple[Answer, Bench, str]) -> None:
        """It is on the answer, with the words and the probabilities of the one that is believed."""
        answer, _, name = decided
        searcher = Focus() if name == "search" else Direct()
        alone = Bench.set_up().search(searcher)
        assert answer.decision == name
        assert (answer.text, answer.probabilities) == (alone.text, alone.probabilities)
        assert answer.findings == alone.findings
        assert answer.shown == alone.shown

    def test_evidence_is_kept(self, decided: tuple[Answer, Bench, str]) -> None:
        """Whatever was searched stays as evidence, also of an answer that does not rest on it."""
        answer, _, name = decided
        searched = Bench.set_up().search(Focus())
        assert answer.evidence == (() if name == "not searched" else searched.evidence)

    def test_passes(self, decided: tuple[Answer, Bench, str]) -> None:
        """One pass for the whole image's answer, and those of the search where there is one."""
        answer, bench, name = decided
        searched = Bench.set_up().search(Focus())
        extra = 0 if name == "not searched" else sum(searched.passes.values())
        assert bench.ledger.passes == sum(answer.passes.values()) == 1 + extra

    def test_of_another_model(self, tmp_path: Path) -> None:
        """It is refused before anything is asked."""
        bench = Bench.set_up()
        made = make_calibration(bench.toy, searches=True, believes=True)
        attrs.evolve(made, model="another").write(tmp_path / "gate.json")
        guarded = Guarded(gate=str(tmp_path / "gate.json"))
        assert "another" in refused(SpecError, bench.search, guarded)
        assert bench.toy.passes == 0

    def test_of_another_protocol(self, tmp_path: Path) -> None:
        """A question that is put in other words is refused, too."""
        bench = Bench.set_up()
        path = write_gate(tmp_path, bench.toy, searches=True, believes=True)
        put = PromptProtocol(choosing="{question} {options}")
        question = attrs.evolve(bench.asked.question, protocol=put)
        told = refused(SpecError, bench.search, Guarded(gate=path), question)
        assert "protocol" in told


class TestBudget:
    """The first answer is never lost."""

    def test_none_left(self) -> None:
        """Without a pass for the search the whole image is asked once, and it is said why."""
        bench = Bench.set_up(passes=0)
        answer = bench.search(Guarded(enough=1.0))
        assert answer.exhausted
        assert answer.decision == "not searched"
        assert answer.passes == {ANSWER: 1}
        assert answer.text == Bench.set_up().search(Direct()).text

    def test_runs_out(self) -> None:
        """A search that is cut short says so, whichever answer is believed."""
        for passes in (1, 3):
            bench = Bench.set_up(passes=passes)
            answer = bench.search(Guarded(enough=1.0))
            assert answer.exhausted
            assert answer.passes[ANSWER] == 2
            assert bench.ledger.passes == passes + 2


class _Told(Searcher):
    """Answers what it is told to."""

    name = "told"
    answer: ClassVar[Answer]

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        reply(question, [View.whole(question.image)], model.at(ANSWER))
        return self.answer


class TestRules:
    """Without a calibration."""

    def test_sure_enough(self) -> None:
        """The whole image is enough from the declared probability on, and just below it is not."""
        sure = max(Bench.set_up().search(Direct()).probabilities)
        assert Bench.set_up().search(Guarded(enough=sure)).decision == "not searched"
        assert Bench.set_up().search(Guarded(enough=sure + 1e-6)).decision != "not searched"

    @pytest.mark.parametrize("surer", [False, True])
    def test_surer_is_believed(self, *, surer: bool) -> None:
        """Of two answers, the one whose likeliest choice is likelier."""
        bench = Bench.set_up()
        sure = max(bench.search(Direct()).probabilities)
        odds = min(1.0, sure + (0.01 if surer else -0.01))
        rest = (1 - odds) / 3
        _Told.answer = Answer("A", 0, probabilities=(odds, rest, rest, rest))
        found = Bench.set_up().search(Guarded(searcher=_Told(), enough=1.0))
        assert found.decision == ("search" if surer else "whole image")

    def test_found_is_believed(self) -> None:
        """With the rule *found*, the search is believed where the model saw its target."""
        bench = Bench.set_up()
        rest = (0.28, 0.24, 0.24, 0.24)
        for findings, decision in (((bench.finding,), "search"), ((), "whole image")):
            _Told.answer = Answer("A", 0, findings=findings, probabilities=rest)
            guarded = Guarded(searcher=_Told(), enough=1.0, rule="found")
            assert Bench.set_up().search(guarded).decision == decision

    def test_in_words(self) -> None:
        """A question without choices costs the search's passes and no more: nothing is known."""
        bench, alone = Bench.set_up(), Bench.set_up()
        question = attrs.evolve(bench.asked.question, choices=())
        assert bench.search(Guarded(), question) == alone.search(Focus(), question)
        assert bench.ledger.charges == alone.ledger.charges


class TestFeatures:
    """What a gate knows."""

    def test_names(self) -> None:
        """Each by its name, and nothing else."""
        direct, searched = (Bench.set_up().search(s) for s in (Direct(), Focus()))
        assert tuple(describe_direct(direct)) == BEFORE
        assert {*describe_both(direct, searched, 1e6)} == {*AFTER}

    def test_by_hand(self) -> None:
        """Odds of 3 to 1 and 9 to 1, and a box of 1 % of the image."""
        bench = Bench.set_up()
        box = bench.finding.box
        direct = Answer("A", 0, probabilities=(0.75, 0.25))
        searched = Answer("B", 1, findings=(bench.finding,), probabilities=(0.1, 0.9))
        found = describe_both(direct, searched, box.area * 100)
        assert found == pytest.approx(
            {
                "direct-odds": 1.0986123,  # log 3
                "direct-margin": 0.5,
                "direct-entropy": 0.5623351,  # nats of 3 to 1
                "two-choices": 1,
                "searched-odds": 2.1972246,  # log 9
                "searched-margin": 0.8,
                "existence-odds": 0,
                "area": -4.6051702,  # log of a hundredth
                "direct-odds-of-searched": -1.0986123,
                "searched-odds-of-direct": -2.1972246,
            }
        )

    def test_certain(self) -> None:
        """Probabilities of 0 and 1 give finite numbers, and no choice even odds."""
        direct = Answer("?", None, probabilities=(1.0, 0.0))
        searched = Answer("?", None, probabilities=(0.0, 1.0))
        found = describe_both(direct, searched, 100.0)
        assert all(abs(value) < 20 for value in found.values())
        assert found["direct-odds-of-searched"] == found["searched-odds-of-direct"] == 0


def test_is_exhausted_with_a_ledger_of_ones_own() -> None:
    """A budget on the caller's ledger is kept to the pass."""
    bench, ledger = Bench.set_up(), Ledger(Budget(4))
    answer = Guarded(enough=1.0).run(bench.asked.question, bench.toy, ledger)
    assert answer.exhausted
    assert sum(n for stage, n in ledger.by_stage().items() if stage != ANSWER) == 4
