"""Replies may be drawn: the same seed draws the same, alone or beside others."""

from __future__ import annotations

import attrs
import pytest

from tests.support import blips
from tests.support.opened import noise, opened
from visualcrop import Model, Prompt, Sampling, View

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
