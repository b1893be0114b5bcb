"""Adaptive verification on networks: tiny random ones of four families, and the trained one."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from tests.support.opened import noise
from tests.support.whole_searches import MODELS, open_model, search, seen
from visualcrop import Answer, Model, Question
from visualcrop.budget import ANSWER
from visualcrop.calibration import Calibration
from visualcrop.models.base import fingerprint_of
from visualcrop.searchers.focus import Focus
from visualcrop.targets.given import Given
from visualcrop.verification.adaptive import Adaptive
from visualcrop.verification.densities import Densities

pytestmark = pytest.mark.torch
QUESTION = Question("Is the mug left of the key?", noise(), ("yes", "no"))
# A random network's confidences lie about 0: crops that are a little surer are the target's.
DENSITIES = Densities((0.0,), (0.3, 0.7), (0.6, 0.4), (0.5, 0.3, 0.15, 0.05), (0.9, 0.09, 0.01))


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Model:
    """One model of each family."""
    return open_model(request.param)


def test_keeps_the_searchers_contract(model: Model, tmp_path: Path) -> None:
    """Budgets are kept, passes charged, boxes in the image, and it is the same twice."""
    path = tmp_path / "gate.json"
    Calibration(
        name=model.id,
        model=fingerprint_of(model) or model.id,
        protocol="",
        searcher="focus",
        datasets=(),
        items=(),
        n=1,
        alpha=0.02,
        densities=DENSITIES.to_dict(),
    ).write(path)
    adaptive = Adaptive(densities=str(path), beta=0.1)
    focus = Focus(targets=Given(names=("mug", "key")), verification=adaptive, steps=4)
    answer, ledger = search(focus, QUESTION, model)

    assert answer.text
    asked = _find_confidences(answer)
    assert ledger.by_stage()["verification"] == len(asked)
    assert 2 <= len(asked) <= 6  # of four ranks, the last has less than beta
    again, _ = search(focus, QUESTION, model)
    assert (again.text, [f.box for f in again.findings]) == (
        answer.text,
        [f.box for f in answer.findings],
    )
    rounding = 1e-2 if model.id.endswith("tiny-shapes") else 1e-5  # in bfloat16, or in float32
    assert _find_confidences(again) == pytest.approx(asked, abs=rounding)  # with cached prefixes
    assert search(attrs.evolve(focus, verification=Adaptive()), QUESTION, model)[0].text
    for passes in (0, 3):
        short, bill = search(focus, QUESTION, model, passes)
        assert bill.passes - bill.by_stage()[ANSWER] == passes
        assert short.exhausted


def _find_confidences(answer: Answer) -> list[float]:
    return [found.confidence for found in seen(answer) if found.confidence is not None]
