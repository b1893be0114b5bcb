"""Adaptive verification on networks: tiny random ones of four families, and the trained one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import attrs
import pytest

from tests.support.opened import noise, opened
from visualcrop import Answer, Budget, Ledger, Model, ModelFamily, Question
from visualcrop.budget import ANSWER
from visualcrop.calibration import Calibration
from visualcrop.models.base import fingerprint_of
from visualcrop.plugin import Registry
from visualcrop.searchers.focus import Focus
from visualcrop.targets.given import Given
from visualcrop.verification.adaptive import Adaptive
from visualcrop.verification.densities import Densities

pytestmark = pytest.mark.torch
FAMILIES = ("llava", "llava-onevision", "qwen2-5-vl", "qwen3-5")
# A random network's confidences lie about 0: crops that are a little surer are the target's.
DENSITIES = Densities((0.0,), (0.3, 0.7), (0.6, 0.4), (0.5, 0.3, 0.15, 0.05), (0.9, 0.09, 0.01))


@cache
def _open(family: str) -> Model:
    if family == "tiny":
        pytest.importorskip("visualcrop_tiny")
        return Registry.load().build(ModelFamily, family).open()
    return opened(family)


@pytest.fixture(params=[*FAMILIES, "tiny"])
def model(request: pytest.FixtureRequest) -> Model:
    """One model of each family."""
    return _open(request.param)


def _search(focus: Focus, model: Model, passes: int | None = None) -> tuple[Answer, Ledger]:
    ledger, before = Ledger(Budget(passes)), model.passes
    question = Question("Is the mug left of the key?", noise(), ("yes", "no"))
    answer = focus.run(question, model, ledger)
    assert model.passes - before == ledger.passes
    assert ledger.unbilled == 0
    return answer, ledger


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
    answer, ledger = _search(focus, model)
    verified = [finding for evidence in answer.evidence for finding in evidence.findings]

    assert answer.choice in {0, 1, None}
    assert answer.text
    assert not [finding for finding in verified if not noise().box.contains(finding.box)]
    asked = _find_confidences(answer)
    assert ledger.by_stage()["verification"] == len(asked)
    assert 2 <= len(asked) <= 6  # of four ranks, the last has less than beta
    again, _ = _search(focus, model)
    assert (again.text, [f.box for f in again.findings]) == (
        answer.text,
        [f.box for f in answer.findings],
    )
    assert _find_confidences(again) == pytest.approx(asked, abs=1e-5)  # now with cached prefixes
    assert _search(attrs.evolve(focus, verification=Adaptive()), model)[0].text
    for passes in (0, 3):
        short, bill = _search(focus, model, passes)
        assert bill.passes - bill.by_stage()[ANSWER] == passes
        assert short.exhausted


def _find_confidences(answer: Answer) -> list[float]:
    found = [finding.confidence for evidence in answer.evidence for finding in evidence.findings]
    return [confidence for confidence in found if confidence is not None]
