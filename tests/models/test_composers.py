"""The composers that ask a model only at need, in whole searches with real networks."""

from __future__ import annotations

import pytest

from tests.support.opened import noise, opened
from visualcrop import Answer, Budget, Ledger, Model, Question, VisualSearch
from visualcrop.plugin import Registry, Searcher

pytestmark = pytest.mark.torch
_FAMILIES = ("llava", "llava-onevision", "qwen2-5-vl", "qwen3-5")
_QUESTIONS = {
    "count": Question("How many mugs are there?", noise(), ("1", "2", "3", "4")),
    "relate": Question("Is the mug to the left or right of the key?", noise(), ("left", "right")),
    "funnel": Question("What colour is the mug?", noise(), ("red", "blue")),
}


@pytest.fixture(params=["tiny", *_FAMILIES])
def model(request: pytest.FixtureRequest) -> Model:
    """The trained one, and random ones of four kinds."""
    if request.param == "tiny":
        pytest.importorskip("visualcrop_tiny")
        return VisualSearch.open("tiny", "direct").model
    return opened(request.param)


def _search(model: Model, answer: str, question: Question, passes: int | None) -> Answer:
    spec = f"focus(targets=rules, proposals=anchors(k=6), answer={answer})"
    searcher = Registry.load().build(Searcher, spec)
    ledger = Ledger(Budget(passes))
    model.forget()  # what is cached is rounded differently
    found = VisualSearch(model, searcher).answer(question, ledger=ledger)
    assert ledger.unbilled == 0
    before = sum(count for stage, count in found.passes.items() if stage != "answer")
    assert passes is None or before <= passes
    return found


@pytest.mark.parametrize("answer", sorted(_QUESTIONS))
def test_whole_searches(model: Model, answer: str) -> None:
    """Within the budget, all passes charged, boxes in the image, and twice the same."""
    question = _QUESTIONS[answer]
    spec, passes = (answer, 3) if answer == "funnel" else (f"{answer}(sure=2)", None)
    found, again = (_search(model, spec, question, passes) for _ in range(2))
    assert found == again
    assert all(finding.box.lies_in(question.image.box) for finding in found.findings)
    assert found.choice is None or 0 <= found.choice < len(question.choices)
    assert found.shown
    assert sum(found.probabilities) == pytest.approx(1)
