"""`guarded` on networks: tiny random ones of four families, and the trained one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.gates import write_gate
from tests.support.opened import noise
from tests.support.whole_searches import MODELS, open_model, search, seen
from visualcrop import Model, Question
from visualcrop.answer.whole_and_crop import WholeAndCrop
from visualcrop.budget import ANSWER
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus
from visualcrop.searchers.guarded import Guarded
from visualcrop.targets.given import Given

pytestmark = pytest.mark.torch
QUESTION = Question("Is the mug left of the key?", noise(), ("yes", "no"))
FOCUS = Focus(targets=Given(names=("mug", "key")), steps=2, overrun=False, answer=WholeAndCrop())


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Model:
    """One model of each family."""
    return open_model(request.param)


def test_keeps_the_searchers_contract(model: Model, tmp_path: Path) -> None:
    """Budgets are kept, passes charged, boxes in the image, and it is the same twice."""
    gate = write_gate(tmp_path, model, searches=True, believes=True)
    guarded = Guarded(searcher=FOCUS, gate=gate)
    answer, ledger = search(guarded, QUESTION, model)

    assert answer.decision == "search"
    assert len(answer.probabilities) == 2
    assert len(answer.shown) == 2  # the whole image and the crop
    checked = [finding for finding in seen(answer) if finding.confidence is not None]
    assert 0 < len(checked) <= 4
    assert ledger.by_stage() == {ANSWER: 2, "relevance": 2, "verification": len(checked)}
    again, _ = search(guarded, QUESTION, model)
    assert (again.text, [f.box for f in again.findings]) == (
        answer.text,
        [f.box for f in answer.findings],
    )
    for passes in (0, 1, 3):
        short, bill = search(guarded, QUESTION, model, passes)
        assert bill.passes - bill.by_stage()[ANSWER] == passes
        assert short.exhausted
        assert short.text


def test_shares_the_prefix_of_the_image(model: Model, tmp_path: Path) -> None:
    """
    The image is read once for the whole image's answer and for the maps.

    So `guarded` computes less than `direct` and the search do apart: by the tokens that they have
    in common, which hold all of the image.
    """
    gate = write_gate(tmp_path, model, searches=True, believes=True)
    focus = Focus(targets=Given(names=("mug",)), steps=2, overrun=False)
    spent = []
    for searcher in (Direct(), focus, Guarded(searcher=focus, gate=gate)):
        model.forget()
        spent.append(search(searcher, QUESTION, model)[1])
    direct, searched, guarded = spent
    apart = direct.usage.new_tokens + searched.usage.new_tokens
    reused = guarded.usage.reused_tokens - searched.usage.reused_tokens

    assert guarded.passes == direct.passes + searched.passes
    assert guarded.usage.new_tokens == apart - reused
    assert reused >= direct.usage.image_tokens > 0
    assert guarded.usage.flops < direct.usage.flops + searched.usage.flops
    assert guarded.usage.macs == pytest.approx(direct.usage.macs + searched.usage.macs)
