"""A whole search with every part, on tiny random networks of four families."""

from __future__ import annotations

import pytest

from tests.support.opened import opened
from tests.support.signs import hang, noise
from tests.support.whole_searches import FAMILIES, search, seen
from visualcrop import Image, Question
from visualcrop.budget import ANSWER

pytestmark = pytest.mark.torch
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
    spec = f"{SPEC}answer=read, steps=2, overrun=false)"
    answer, ledger = search(spec, question, model)
    assert (answer.choice, answer.text) == (1, "B")
    assert ledger.by_stage() == answer.passes == {"relevance": 2, "verification": 2}
    again, _ = search(spec, question, model)  # from cached prefixes, which round differently
    boxes = [[finding.box for finding in evidence.findings] for evidence in answer.evidence]
    assert boxes == [[finding.box for finding in each.findings] for each in again.evidence]
    assert (again.choice, again.passes) == (answer.choice, answer.passes)
    known, same = (
        [found.confidence for found in seen(each) if found.confidence is not None]
        for each in (answer, again)
    )
    assert same == pytest.approx(known, abs=1e-4)

    for passes in (0, 1, 3):
        limited, spent = search(spec, question, model, passes)
        assert sum(n for stage, n in spent.by_stage().items() if stage != ANSWER) <= passes
        assert limited.exhausted
