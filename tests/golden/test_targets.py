"""What is read off the model's reply, as the published code read it."""

from __future__ import annotations

import pytest

from tests.support.cases import cases
from visualcrop.targets.in_context import parse_reply


@pytest.mark.parametrize("case", cases("target_reply"))
def test_names_the_same_targets(case):
    """Phrase by phrase, in their order."""
    assert parse_reply(case["reply"]) == case["targets"]
