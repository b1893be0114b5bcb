"""An answer is asked for again without what was found."""

from __future__ import annotations

import attrs
import pytest

from tests.support.opened import noise, opened
from visualcrop import (
    Answer,
    Audit,
    Box,
    Budget,
    BudgetedModel,
    Finding,
    Ledger,
    Model,
    Question,
    Target,
    View,
)
from visualcrop.answer.interleaved import Interleaved
from visualcrop.plugin import ANSWER, Registry, Searcher
from visualcrop.searchers.audited import Audited, find_composers, find_margin, place_nulls
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus
from visualcrop.testing import Bench, SearcherSuite, ToyModel

_REGISTRY = Registry.load()


class TestAudited(SearcherSuite):
    """It keeps what every searcher keeps."""

    strategy = Audited


def _audit(spec: str, about: int = 0, budget: int | None = None) -> tuple[Answer, dict[str, int]]:
    """One of the toy scene's questions; the answer, and the bill by stage."""
    asked, ledger = Bench.set_up(43).scene.questions[about], Ledger(Budget(budget))
    toy = ToyModel()
    searcher = _REGISTRY.build(Searcher, spec)
    answer = searcher.search(asked.question, BudgetedModel(toy, ledger))
    assert ledger.passes == toy.passes
    return answer, dict(ledger.by_stage())


@pytest.mark.parametrize("composer", ["crop", "canvas", "interleaved", "text-boxes"])
def test_the_answer_stays_and_one_pass_is_added(composer: str) -> None:
    """With each composer: the inner answer and its bill, and the toy, which sees it, gains."""
    plain, bill = _audit(f"focus(answer={composer})")
    audited, paid = _audit(f"audited(searcher=focus(answer={composer}))")
    assert attrs.evolve(audited, audit=None) == plain
    assert paid == bill | {"audit": 1}
    assert audited.audit is not None
    assert audited.audit.reason == ""
    assert audited.evidence_gain == audited.audit.gain
    (box,), (finding,) = audited.audit.boxes, plain.findings
    view = View(Bench.set_up(43).scene.image, finding.box)
    assert (box.width, box.height) == view.size
    assert box.common(finding.box) is None


def test_the_gain_is_what_the_margin_loses() -> None:
    """The toy knows the colour on the crop only: on the null crop its margin is lower."""
    answer, _ = _audit("audited")
    margin = find_margin(answer, answer.choice)
    assert answer.audit is not None
    assert answer.audit.gain is not None
    assert margin is not None
    assert answer.audit.gain > 0.1
    assert answer.audit.rests is True
    strict, _ = _audit("audited(least_gain=1.9)")
    assert strict.audit is not None
    assert strict.audit.rests is False


def test_without_a_pass_left_there_is_no_audit() -> None:
    """The answer stays, and it says why; the ledger is never overdrawn."""
    whole, bill = _audit("audited")
    before = sum(n for stage, n in bill.items() if stage not in {ANSWER, "audit"})
    answer, paid = _audit("audited", budget=before)
    assert answer == whole
    assert "audit" not in paid
    assert answer.audit == Audit(reason="the budget has no pass left for it")


def test_the_whole_image_has_no_audit() -> None:
    """Nothing was found, so nothing can be left out."""
    answer, bill = _audit("audited(searcher=direct)")
    assert answer.audit == Audit(reason="nothing was found")
    assert bill == {"answer": 1}


def test_nothing_found_and_a_small_margin_abstains() -> None:
    """The choice is none, the text says so; a large margin, or a find, keeps the answer."""
    answer, _ = _audit("audited(searcher=direct, abstain=true, least_margin=1)")
    assert (answer.text, answer.choice, answer.abstained) == ("cannot tell", None, True)
    assert answer.probabilities
    kept, _ = _audit("audited(searcher=direct, abstain=true, least_margin=0)")
    assert (kept.abstained, kept.choice is None) == (False, False)
    found, _ = _audit("audited(abstain=true, least_margin=1)")
    assert found.found
    assert not found.abstained


def test_findings_under_one_crop_move_together() -> None:
    """So that the crop keeps its size; one by one where they are shown so."""
    image = noise(300, 200)
    boxes = Box(10.5, 10, 40, 40), Box(60, 20, 90, 50.5)
    findings = tuple(Finding(Target(name), box) for name, box in zip("ab", boxes, strict=True))
    question = Question("Which is left?", image, ("a", "b"))
    union = Answer("A", 0, findings=findings, shown=[View(image, Box.union(boxes))])
    moved = Box.union(finding.box for finding in place_nulls(question, union))
    assert moved.common(Box.union(boxes)) is None
    assert View(image, moved).size == View(image, Box.union(boxes)).size
    apart = attrs.evolve(union, shown=[View.whole(image), *(View(image, box) for box in boxes)])
    sizes = [View(image, finding.box).size for finding in place_nulls(question, apart)]
    assert sizes == [View(image, box).size for box in boxes]


def test_the_composer_of_an_inner_searcher_is_used() -> None:
    """However deep it is; a searcher without one has none."""
    focus = Focus(answer=Interleaved())
    assert next(find_composers(Audited(searcher=Audited(searcher=focus)))) is focus.answer
    assert [*find_composers(Audited(searcher=Direct()))] == []


@pytest.mark.torch
@pytest.mark.parametrize("family", ["llava", "llava-onevision", "qwen2-5-vl", "qwen3-5"])
def test_on_a_random_checkpoint(family: str) -> None:
    """One pass more within the budget, all charged, the null crop in the image, twice the same."""
    model: Model = opened(family)
    question = Question("Is the 'mug' red?", noise(1200, 900), ("yes", "no"))
    spec = "audited(searcher=focus(targets=quoted, steps=2, overrun=false, "
    spec += "proposals=sliding(size=1), answer=crop(inference=letter-logits)))"
    searcher, answers = _REGISTRY.build(Searcher, spec), []
    for _ in range(2):
        ledger = Ledger(Budget(4))
        answers.append(searcher.run(question, model, ledger))
        assert ledger.unbilled == 0
        assert answers[-1].audit is not None
        assert answers[-1].audit.reason == ""
        assert ledger.by_stage() == {"relevance": 1, "verification": 2, "answer": 1, "audit": 1}
    first, second = answers
    assert (first.text, first.choice) == (second.text, second.choice)
    assert [f.box for f in first.findings] == [f.box for f in second.findings]
    assert first.audit is not None
    assert second.audit is not None
    assert first.audit.boxes == second.audit.boxes
    assert first.audit.gain == pytest.approx(second.audit.gain, abs=1e-4)
    shown = [finding.box for finding in first.findings]
    assert all(box.lies_in(question.image.box, slack=0) for box in first.audit.boxes)
    assert not any(box.common(each) for box in first.audit.boxes for each in shown)
