"""`guarded` on networks: tiny random ones of four families, and the trained one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.support.gates import write_gate
from tests.support.opened import noise, opened
from visualcrop import Answer, Budget, Ledger, Model, ModelFamily, Question
from visualcrop.answer.whole_and_crop import WholeAndCrop
from visualcrop.budget import ANSWER
from visualcrop.interfaces import Searcher
from visualcrop.plugin import Registry
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus
from visualcrop.searchers.guarded import Guarded
from visualcrop.targets.given import Given

pytestmark = pytest.mark.torch
FAMILIES = ("llava", "llava-onevision", "qwen2-5-vl", "qwen3-5")
QUESTION = Question("Is the mug left of the key?", noise(), ("yes", "no"))
FOCUS = Focus(targets=Given(names=("mug", "key")), steps=2, overrun=False, answer=WholeAndCrop())


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


def _search(searcher: Searcher, model: Model, passes: int | None = None) -> tuple[Answer, Ledger]:
    ledger, before = Ledger(Budget(passes)), model.passes
    answer = searcher.run(QUESTION, model, ledger)
    assert model.passes - before == ledger.passes
    assert ledger.unbilled == 0
    return answer, ledger


def test_keeps_the_searchers_contract(model: Model, tmp_path: Path) -> None:
    """Budgets are kept, passes charged, boxes in the image, and it is the same twice."""
    gate = write_gate(tmp_path, model, searches=True, believes=True)
    guarded = Guarded(searcher=FOCUS, gate=gate)
    answer, ledger = _search(guarded, model)

    assert answer.decision == "search"
    assert answer.choice in {0, 1, None}
    assert len(answer.probabilities) == 2
    assert len(answer.shown) == 2  # the whole image and the crop
    seen = [finding for evidence in answer.evidence for finding in evidence.findings]
    assert seen
    assert not [finding for finding in seen if not noise().box.contains(finding.box)]
    checked = [finding for finding in seen if finding.confidence is not None]
    assert 0 < len(checked) <= 4
    assert ledger.by_stage() == {ANSWER: 2, "relevance": 2, "verification": len(checked)}
    again, _ = _search(guarded, model)
    assert (again.text, [f.box for f in again.findings]) == (
        answer.text,
        [f.box for f in answer.findings],
    )
    for passes in (0, 1, 3):
        short, bill = _search(guarded, model, passes)
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
        spent.append(_search(searcher, model)[1])
    direct, searched, guarded = spent
    apart = direct.usage.new_tokens + searched.usage.new_tokens
    reused = guarded.usage.reused_tokens - searched.usage.reused_tokens

    assert guarded.passes == direct.passes + searched.passes
    assert guarded.usage.new_tokens == apart - reused
    assert reused >= direct.usage.image_tokens > 0
    assert guarded.usage.flops < direct.usage.flops + searched.usage.flops
    assert guarded.usage.macs == pytest.approx(direct.usage.macs + searched.usage.macs)
