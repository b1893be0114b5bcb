"""Whoever watches a search sees what it learns as soon as it is known, and may end it."""

from __future__ import annotations

import copy
import pickle
import threading
from itertools import pairwise
from typing import Any

import pytest

from tests.support.refusals import refused
from visualcrop import (
    Answer,
    Box,
    Budget,
    BudgetedModel,
    Charge,
    Evidence,
    Finding,
    Focus,
    Image,
    Ledger,
    Question,
    Target,
    VisualSearch,
)
from visualcrop.errors import SpecError
from visualcrop.plugin import ANSWER, Registry, Searcher
from visualcrop.testing import Scene, ToyModel
from visualcrop.verification.unchecked import Unchecked

_REGISTRY = Registry.load()
_SEARCHERS = sorted(e.strategy.name for e in _REGISTRY if issubclass(e.strategy, Searcher))
_MUG = Target("mug")
_SCENE = Scene.draw(43)
_COUNT = next(q.question for q in _SCENE.questions if q.question.text.startswith("How many"))
_RELATION = next(q.question for q in _SCENE.questions if " of the " in q.question.text)


def _evidence(*confidences: float | None) -> Evidence:
    return Evidence(_MUG, tuple(Finding(_MUG, Box(0, 0, 9, 9), 1.0, c) for c in confidences))


def _watch(searcher: Searcher, question: Question, **limits: Any) -> tuple[Answer, list[Any]]:
    """The answer, and what was told while it was searched for: evidence and charges in order."""
    told: list[Any] = []
    ledger = Ledger(Budget(**limits), on_charge=told.append, on_evidence=told.append)
    return searcher.run(question, ToyModel(), ledger), told


class TestLedger:
    """What is shown goes through the ledger."""

    def test_tells_who_watches(self) -> None:
        """Each time more is known, once, and to nobody where nobody watches."""
        shown: list[Evidence] = []
        for ledger in (Ledger(on_evidence=shown.append), Ledger()):
            model = BudgetedModel(ToyModel(), ledger)
            for evidence in (_evidence(None), _evidence(None), _evidence(0.5)):
                model.at("verification").show(evidence)
        assert shown == [_evidence(None), _evidence(0.5)]
        assert ledger.charges == []

    def test_what_is_shown_can_be_printed(self) -> None:
        """In a line, however many boxes there are."""
        printed = repr(_evidence(*[-0.5] * 40, 0.75, None))
        assert printed == (
            "Evidence(target=Target(text='mug', every=False), "
            "findings=<42 boxes, 41 checked, the surest 0.75>)"
        )
        assert repr(_evidence()).endswith("findings=<0 boxes>)")

    def test_every_search_is_shown_anew(self) -> None:
        """A ledger that is used again tells of the second search all that it told of the first."""
        shown: list[Evidence] = []
        ledger = Ledger(on_evidence=shown.append)
        for _ in range(2):
            Focus().run(_RELATION, ToyModel(), ledger)
        half = len(shown) // 2
        assert half
        assert shown[:half] == shown[half:]

    @pytest.mark.parametrize("name", ["on_charge", "on_evidence"])
    def test_a_watcher_is_a_function(self, name: str) -> None:
        """What cannot be called is refused before anything is searched."""
        message = refused(SpecError, Ledger, **{name: "print"})
        told = f"The {name} of a ledger is 'print'; give a function, such as print, or none."
        assert message == told

    def test_expects_no_fewer_than_were_run(self) -> None:
        """Passes beyond those announced were expected, too; what was taken back is not."""
        ledger = Ledger()
        model = BudgetedModel(ToyModel(), ledger).at("relevance")
        model.expect(1)
        ledger.charge(Charge("relevance", "toy", 3))
        model.at("verification").expect(8)
        assert ledger.expected == {"relevance": 3, "verification": 8}
        model.at("verification").expect(-8)
        assert ledger.expected == {"relevance": 3}


class TestSearchers:
    """Every installed searcher, as a whole."""

    @pytest.mark.parametrize("name", _SEARCHERS)
    @pytest.mark.parametrize("question", [_COUNT, _RELATION], ids=["count", "relation"])
    def test_shows_before_it_answers(self, name: str, question: Question) -> None:
        """All of the answer's evidence is on the screen before the pass that answers."""
        answer, told = _watch(_REGISTRY.build(Searcher, name), question)
        passes = [at for at, each in enumerate(told) if isinstance(each, Charge)]
        last = max(at for at in passes if told[at].stage == ANSWER)
        assert not [each for each in answer.evidence if each not in told[:last]]
        assert not [each for each in told[last:] if isinstance(each, Evidence)]

    @pytest.mark.parametrize("name", _SEARCHERS)
    @pytest.mark.parametrize("question", [_COUNT, _RELATION], ids=["count", "relation"])
    def test_expects_what_it_runs(self, name: str, question: Question) -> None:
        """Progress is honest: at the end of a stage all that it announced has been run."""
        ledger = Ledger()
        _REGISTRY.build(Searcher, name).run(question, ToyModel(), ledger)
        assert ledger.expected == ledger.by_stage()


class TestFocus:
    """What is seen of the default search."""

    def test_the_map_then_boxes_batch_by_batch(self) -> None:
        """First each target's map and proposals, then its boxes with ever more confidences."""
        answer, told = _watch(Focus(steps=2), _RELATION)
        shown = [each for each in told if isinstance(each, Evidence)]
        located, checked = shown[:2], shown[2:]
        assert {each.target for each in located} == {each.target for each in answer.evidence}
        assert not [f for each in located for f in each.findings if f.confidence is not None]
        assert all(each.relevance is not None and each.findings for each in shown)
        for target in {each.target for each in checked}:
            counts = [
                sum(f.confidence is not None for f in each.findings)
                for each in checked
                if each.target == target
            ]
            assert counts[0] == 2
            assert all(before < after for before, after in pairwise(counts))

    def test_announces_all_targets_before_the_first_check(self) -> None:
        """A bar that counts checks does not start anew with each target."""
        ledger = Ledger(on_charge=lambda charge: seen.append((charge.stage, dict(ledger.expected))))
        seen: list[tuple[str, dict[str, int]]] = []
        Focus(steps=3, overrun=False).run(_RELATION, ToyModel(), ledger)
        checks = [expected["verification"] for stage, expected in seen if stage == "verification"]
        assert checks == [6, 6]

    def test_expects_no_check_where_nobody_is_asked(self) -> None:
        """A verifier without a model takes back what was announced for it."""
        ledger = Ledger()
        Focus(verification=Unchecked()).run(_RELATION, ToyModel(), ledger)
        assert "verification" not in ledger.expected

    @pytest.mark.parametrize("passes", [0, 1, 2, 3, 5])
    def test_expects_within_the_budget(self, passes: int) -> None:
        """Nothing is announced that the budget does not allow."""
        ledger = Ledger(Budget(passes))
        Focus().run(_RELATION, ToyModel(), ledger)
        announced = {s: n for s, n in ledger.expected.items() if s not in {ANSWER, "targets"}}
        assert sum(announced.values()) <= passes

    def test_watched_from_another_thread(self) -> None:
        """Evidence arrives while the search runs, in its thread; a second thread may end it."""
        search, came, stop = VisualSearch.open("toy"), threading.Event(), threading.Event()
        outcome: list[object] = []

        def watch(_: Evidence) -> None:
            came.set()
            stop.wait()
            raise KeyError("left")

        def ask() -> None:
            try:
                search.ask(_SCENE.image, "What colour is the mug?", ledger=ledger)
            except KeyError as exc:
                outcome.append(exc)

        ledger = Ledger(on_evidence=watch)
        searching = threading.Thread(target=ask)
        searching.start()
        assert came.wait()
        stages = dict(ledger.by_stage())
        stop.set()
        searching.join()
        assert [*map(str, outcome)] == ["'left'"]
        assert ledger.by_stage() == stages == {"targets": 1, "relevance": 1}

    def test_what_is_shown_can_be_kept(self) -> None:
        """Evidence is a value: it can be copied and pickled as that of an answer, and cropped."""
        shown: list[Evidence] = []
        image = Image.open(_SCENE.image.picture)
        search, ledger = VisualSearch.open("toy"), Ledger(on_evidence=shown.append)
        answer = search.ask(image, "What colour is the mug?", ledger=ledger)
        assert shown[-1] == answer.evidence[0]
        assert shown[-1].crop().size == answer.evidence[0].crop().size
        assert pickle.loads(pickle.dumps(shown)) == shown == copy.deepcopy(shown)
        assert pickle.loads(pickle.dumps(answer)) == answer
