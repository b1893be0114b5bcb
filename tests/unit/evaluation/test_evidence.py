"""What a search saw, written down and read again."""

from __future__ import annotations

import json

import attrs
import numpy as np
import pytest

from visualcrop import (
    Answer,
    Box,
    BudgetedModel,
    Evidence,
    Finding,
    Grid,
    Ledger,
    Record,
    RelevanceMap,
    Target,
    VisualcropError,
)
from visualcrop.errors import EvaluationError
from visualcrop.evaluation.evidence import encode_evidence, restore_answer
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.worker import StudyWorker
from visualcrop.models.toy.dataset import ToyScenes
from visualcrop.plugin import Registry, Searcher, Task
from visualcrop.testing import Bench, ToyModel


def _record(answer: Answer) -> Record:
    """Through JSON, as a run's file has it."""
    found = Record("1", "focus", "ok", text=answer.text, choice=answer.choice)
    return Record.read(attrs.evolve(found, evidence=tuple(encode_evidence(answer))).line())


def test_comes_back_as_a_page_needs_it() -> None:
    """Targets, maps, the boxes that were checked, and which of them the answer rests on."""
    bench = Bench.set_up()
    searcher = Registry.load().build(Searcher, "focus")
    answer = searcher.search(bench.asked.question, BudgetedModel(ToyModel(), Ledger()))
    again = restore_answer(_record(answer), bench.scene.image)
    (seen,), (told,) = answer.evidence, again.evidence
    checked = [f for f in seen.findings if f.confidence is not None]
    assert again.text == answer.text
    assert told.target == seen.target
    pairs = zip(told.findings, checked, strict=True)
    assert all(ours.box.distance(theirs.box) < 0.1 for ours, theirs in pairs)
    assert [f.confidence for f in told.findings] == [
        pytest.approx(f.confidence, abs=1e-4) for f in checked
    ]
    assert [f.box.centre for f in again.findings] == [
        pytest.approx(f.box.centre, abs=0.1) for f in answer.findings
    ]
    assert seen.relevance is not None
    assert told.relevance is not None
    ours, theirs = told.relevance.scores, seen.relevance.scores
    assert np.allclose(ours, theirs / theirs.max(), atol=1e-3)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_maps_of_any_scale_are_kept(scale: float) -> None:
    """Half precision is enough, since only how scores compare can be seen."""
    scores = np.arange(6, dtype=np.float32).reshape(2, 3) * np.float32(scale)
    relevance = RelevanceMap(Grid.even(2, 3, Box(0, 0, 30, 20)), scores)
    answer = Answer("x", evidence=(Evidence(Target("a"), (), relevance),))
    (told,) = restore_answer(_record(answer), Bench.set_up().scene.image).evidence
    assert told.relevance is not None
    assert told.relevance.grid == relevance.grid
    assert np.allclose(told.relevance.scores, np.arange(6).reshape(2, 3) / 5, atol=1e-3)


def test_a_map_is_small() -> None:
    """One of 24 x 24 cells takes less than 2 kB, so that any page can be drawn again."""
    scores = np.random.default_rng(0).random((24, 24), np.float32)
    relevance = RelevanceMap(Grid.even(24, 24, Box(0, 0, 2250, 1500)), scores)
    answer = Answer("x", evidence=(Evidence(Target("a"), (), relevance),))
    assert len(json.dumps(list(encode_evidence(answer)))) < 2200


def test_what_was_only_proposed_is_left_out() -> None:
    """A record holds what was looked at."""
    findings = tuple(Finding(Target("a"), Box(n, 0, n + 9, 9), 1.0) for n in range(50))
    answer = Answer("x", evidence=(Evidence(Target("a"), findings),), findings=findings[3:4])
    (told,) = encode_evidence(answer)
    assert [box["box"][0] for box in told["boxes"]] == [3]


@pytest.mark.parametrize(("spec", "untargeted"), [("focus(targets=given)", True), ("focus", False)])
def test_a_record_says_that_there_was_no_target(spec: str, untargeted: bool) -> None:
    """And the page that is made of it again."""
    worker = StudyWorker.open(Study("toy(scenes=1)", "toy", {"x": spec}))
    sample = next(iter(ToyScenes(scenes=1)))
    record = Record.read(worker.answer(Task("x", sample)).line())
    assert record.status != "error"
    assert record.untargeted is untargeted
    assert restore_answer(record, sample.source.open()).untargeted is untargeted


def test_a_record_says_how_sure_the_answer_is() -> None:
    """In JSON and restored; a line of an older run, without it, is read as unknown."""
    worker = StudyWorker.open(Study("toy(scenes=1)", "toy", {"x": "focus"}))
    sample = next(iter(ToyScenes(scenes=1)))
    line = worker.answer(Task("x", sample)).line()
    record, values = Record.read(line), json.loads(line)
    assert record.choice is not None
    assert values["confidence"] == record.confidence == record.probabilities[record.choice]
    assert sum(record.probabilities) == pytest.approx(1, abs=1e-5)
    restored = restore_answer(record, sample.source.open())
    assert restored.probabilities == record.probabilities
    assert restored.confidence == record.confidence

    del values["confidence"], values["probabilities"]
    old = Record.read(json.dumps(values))
    assert (old.confidence, old.probabilities) == (None, ())
    assert restore_answer(old, sample.source.open()).confidence is None


def test_a_record_holds_the_audit() -> None:
    """Gain, verdict, null boxes and reason come back; what is no audit is refused."""
    worker = StudyWorker.open(Study("toy(scenes=1)", "toy", {"x": "audited"}))
    sample = next(iter(ToyScenes(scenes=1)))
    record = Record.read(worker.answer(Task("x", sample)).line())
    restored = restore_answer(record, sample.source.open())
    assert record.audit is not None
    assert restored.audit is not None
    assert restored.audit.gain == record.audit["gain"]
    assert restored.audit.rests is (record.audit["gain"] >= 0.1)
    assert len(restored.audit.boxes) == 1
    wrong: dict[str, object]
    for wrong in ({"gain": 3.0}, {"boxes": [[0, 0]]}, {"rests": 1}, {"reason": None}, {"more": 1}):
        with pytest.raises(EvaluationError, match="audit of a record"):
            attrs.evolve(record, audit=record.audit | wrong)


def test_broken_evidence_is_named() -> None:
    """By the question that it belongs to."""
    record = Record("7", "focus", "ok", evidence=({"target": "mug"},))
    with pytest.raises(VisualcropError, match="The evidence of '7' cannot be read"):
        restore_answer(record, Bench.set_up().scene.image)
