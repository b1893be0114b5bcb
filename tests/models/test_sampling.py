"""Replies may be drawn: the same seed draws the same, alone or beside others."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.support import blips
from tests.support.opened import noise, opened
from tests.support.refusals import refused
from visualcrop import Model, Prompt, Sampling, View
from visualcrop.errors import ModelError
from visualcrop.models.base import NOT_NUMBERS

DRAWN = Prompt((View.whole(noise(64, 48)), "What?"), sampling=Sampling(5.0, seed=3))


def model_of(family: str) -> Model:
    """The family's tiny model."""
    return blips.opened() if family == blips.NAME else opened(family)


@pytest.mark.parametrize("family", ["llava", "qwen2-5-vl", "instructblip"])
class TestSampling:
    def test_is_repeated_by_its_seed(self, family: str):
        """Asked twice, the reply is the same; with another seed it is another."""
        model = model_of(family)
        first, again = (model.generate([DRAWN])[0].text for _ in range(2))
        other = attrs.evolve(DRAWN, sampling=Sampling(5.0, seed=4))
        assert first == again
        assert model.generate([other])[0].text != first

    def test_alone_as_beside_others(self, family: str):
        """A prompt that is not drawn gets its greedy reply, and one that is gets its own."""
        model, greedy = model_of(family), attrs.evolve(DRAWN, sampling=None)
        alone = [model.generate([prompt])[0].text for prompt in (greedy, DRAWN)]
        assert [reply.text for reply in model.generate([greedy, DRAWN])] == alone
        assert alone[0] != alone[1]


@pytest.mark.parametrize("family", ["llava", "qwen3-5", "instructblip"])
def test_a_reply_of_no_numbers_is_refused(family: str) -> None:
    """Greedily it would be the first token over and over, or nothing."""
    model: Any = model_of(family)
    head = model.network.get_output_embeddings().weight
    kept = head.data.clone()
    head.data[5:] = float("nan")
    try:
        said = refused(ModelError, lambda: model.generate([DRAWN, DRAWN]))
        scored = refused(ModelError, lambda: model.choose([DRAWN], ["Yes", "No"], by="sentence"))
    finally:
        head.data.copy_(kept)
    assert said == scored == NOT_NUMBERS
