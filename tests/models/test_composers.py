"""The composers that ask a model only at need, in whole searches with real networks."""

from __future__ import annotations

import pytest

from tests.support.opened import noise
from tests.support.whole_searches import MODELS, open_model, search
from visualcrop import Answer, Model, Question

pytestmark = pytest.mark.torch
_QUESTIONS = {
    "count": Question("How many mugs are there?", noise(), ("1", "2", "3", "4")),
    "relate": Question("Is the mug to the left or right of the key?", noise(), ("left", "right")),
    "funnel": Question("What colour is the mug?", noise(), ("red", "blue")),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Model:
    """The trained one, and random ones of four kinds."""
    return open_model(request.param)


def _search(model: Model, answer: str, question: Question, passes: int | None) -> Answer:
    spec = f"focus(targets=rules, proposals=anchors(k=6), answer={answer})"
    model.forget()  # what is cached is rounded differently
    found, _ = search(spec, question, model, passes)
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
    assert found.shown
    assert sum(found.probabilities) == pytest.approx(1)
