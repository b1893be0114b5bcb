"""A whole search with every part, on tiny random networks of four families."""

from __future__ import annotations

import pytest

from tests.support.opened import opened
from tests.support.signs import hang, noise
from visualcrop import Answer, Budget, Image, Ledger, Question
from visualcrop.budget import ANSWER
from visualcrop.plugin import Registry, Searcher

pytestmark = pytest.mark.torch
FAMILIES = ("llava", "llava-onevision", "qwen2-5-vl", "qwen3-5")
SPEC = "focus(targets=given(names=['sign \"PAD\"', mug]), proposals=union, verification=reading, "
"""The first target is read, and the second one the network's."""


@pytest.fixture(scope="module")
def question() -> Question:
    """A wall with a sign, large enough to be read."""
    wall = noise(420, 280)
    hang(wall, "PAD 40", (120, 100))
    return Question("Which number is on the sign?", Image.open(wall), ("39", "40"))


@pytest.mark.parametrize("family", FAMILIES)
def test_searches(family: str, question: Question) -> None:
    """
    The number is read without a pass; the budget is kept, and every pass is charged.

    Boxes lie in the image, and a second search says the same.
    """
    model = opened(family)
    searcher = Registry.load().build(Searcher, f"{SPEC}answer=read, steps=2, overrun=false)")

    def search(passes: int | None) -> tuple[Answer, dict[str, int]]:
        ledger = Ledger(Budget(passes))
        return searcher.run(question, model, ledger), dict(ledger.by_stage())

    answer, stages = search(None)
    assert (answer.choice, answer.text) == (1, "B")
    assert stages == answer.passes == {"relevance": 2, "verification": 2}
    seen = [finding for evidence in answer.evidence for finding in evidence.findings]
    assert not [finding for finding in seen if not question.image.box.contains(finding.box)]
    again = search(None)[0]  # which finds prefixes in the cache, and rounds differently
    boxes = [[finding.box for finding in evidence.findings] for evidence in answer.evidence]
    assert boxes == [[finding.box for finding in each.findings] for each in again.evidence]
    assert (again.choice, again.passes) == (answer.choice, answer.passes)
    known = [finding.confidence for finding in seen if finding.confidence is not None]
    same = [
        f.confidence for each in again.evidence for f in each.findings if f.confidence is not None
    ]
    assert same == pytest.approx(known, abs=1e-4)

    for passes in (0, 1, 3):
        limited, stages = search(passes)
        assert sum(n for stage, n in stages.items() if stage != ANSWER) <= passes
        assert limited.exhausted
        assert limited.choice in {0, 1, None}
