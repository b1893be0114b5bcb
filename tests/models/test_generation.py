"""Replies of a batch: each as if alone, and over when it ends or repeats itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import pytest
import torch

from tests.support import blips
from tests.support.opened import noise, opened
from visualcrop import Model, Prompt, RepetitionStop, Sampling, View
from visualcrop.models import DecodingState
from visualcrop.models.engine.generation import choose_greedily, decode
from visualcrop.models.engine.kv_cache import cached_layers
from visualcrop.models.engine.metering.meter import Meter
from visualcrop.models.engine.runner import ModelRunner, extend

pytestmark = pytest.mark.torch
FAMILIES = ["llava", "qwen2-5-vl", "gemma3", "qwen3-5"]  # RoPE in 1 and 3 parts, windows, states
ASKED = ("What is on the left?", "What?", "What is it?")
STOP = RepetitionStop(tokens=4, copies=2)
ENDLESS = Prompt((View.whole(noise(64, 48)), "What?"))


def states(family: str) -> list[DecodingState]:
    """The state after each of three prompts of one image, of other lengths."""
    model = opened(family)
    runner = ModelRunner(model.network, model.meter)
    prompts = [Prompt((View.whole(noise(64, 48)), words)) for words in ASKED]
    return [runner.prefill([model.prompt_processor.tokenize(prompt)])[0] for prompt in prompts]


@pytest.mark.parametrize("family", FAMILIES)
class TestLeaving:
    def test_the_others_go_on_as_if_alone(self, family: str):
        """Whichever of three leaves first, the others' logits stay those of a batch of one."""
        network: Any = opened(family).network
        tokens = torch.tensor([[30], [31], [32]])
        with torch.no_grad():
            alone = states(family)
            for kept in ([0, 1], [1, 2], [1], [2, 0]):
                rest = extend(network, DecodingState.merge(states(family)), tokens).select(kept)
                after = extend(network, rest, tokens[kept])
                assert after.width == max(alone[n].width for n in kept) + 2
                assert {t.shape[2] for t in _keys(after)} == {after.width}
                for row, n in enumerate(kept):
                    one = extend(network, extend(network, alone[n], tokens[[n]]), tokens[[n]])
                    assert after.next_logits[row] == pytest.approx(
                        one.next_logits[0], rel=1e-4, abs=1e-5
                    )

    def test_what_has_ended_is_not_decoded(self, family: str):
        """As many tokens are decoded as the replies have, and no more."""
        network: Any = opened(family).network
        with torch.no_grad():
            batch = DecodingState.merge(states(family))
            free = decode(network, batch, frozenset(), 12, choose_greedily)
            ends = frozenset({free[0][2], free[1][5]})
            meter = Meter(network)
            try:
                found = decode(network, batch, ends, 12, choose_greedily)
            finally:
                meter.remove()
        cuts = [next((n for n, t in enumerate(row) if t in ends), 12) for row in free]
        assert found == [row[:cut] for row, cut in zip(free, cuts, strict=True)]
        assert meter.usage().decoded_tokens == sum(min(11, cut) for cut in cuts)


def _keys(state: DecodingState) -> list[torch.Tensor]:
    return [tensors[0] for tensors in cached_layers(state.cache) if tensors[0].dim() == 4]


def choose_one(logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
    """The same token, whatever the logits."""
    return torch.full((len(rows), 1), 30)


class TestRepeating:
    def test_ends_the_reply_and_no_other(self):
        """It keeps its copies, and one without a rule goes on to its last token."""
        network: Any = opened("llava").network
        with torch.no_grad():
            batch = DecodingState.merge(states("llava"))
            rules = [STOP, None, RepetitionStop(7, 3)]
            found = decode(network, batch, frozenset(), 12, choose_one, rules)
        assert found == [[30] * 4, [30] * 12, [30] * 7]

    @pytest.mark.parametrize("family", ["llava", blips.NAME])
    def test_a_prompt_brings_its_rule(self, family: str):
        """A greedy reply that runs in circles ends sooner, as it began; a sampled one is whole."""
        model: Model = blips.opened() if family == blips.NAME else opened(family)
        drawn = attrs.evolve(ENDLESS, sampling=Sampling(5.0))
        prompts = [ENDLESS, drawn]
        free = model.generate(prompts, max_new_tokens=60)
        ruled = model.generate(
            [attrs.evolve(prompt, stop=STOP) for prompt in prompts], max_new_tokens=60
        )
        assert free[0].text.startswith(ruled[0].text)
        assert len(ruled[0].text) < len(free[0].text)
        assert ruled[1].text == free[1].text
