"""What is taken from a running model is what an ordinary pass has inside."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.passes import (
    EVERY,
    assert_close,
    cached,
    caching,
    eager,
    inputs,
    network,
    tapped,
    whole,
)
from visualcrop.models.base import Capture
from visualcrop.models.engine.decoder import get_decoder
from visualcrop.models.engine.kv_cache import fork_cache

pytestmark = pytest.mark.torch

ATTENTION = Capture(attention=EVERY)
ALL = Capture(values=EVERY, keys=EVERY, attention=EVERY, gradients=EVERY)


class TestTokens:
    """Values and keys of every token."""

    def test_values_are_those_of_the_cache(self, family: str) -> None:
        """Bit for bit, though no cache is filled."""
        tap = tapped(family, Capture(values=EVERY))
        wanted = cached(whole(family).past_key_values)
        assert sorted(tap.values) == sorted(wanted)
        assert all(torch.equal(tap.values[layer], values) for layer, (_, values) in wanted.items())

    def test_rotated_keys_are_those_of_the_cache(self, family: str) -> None:
        """Bit for bit again."""
        tap = tapped(family, Capture(keys=EVERY))
        wanted = cached(whole(family).past_key_values)
        assert sorted(tap.keys) == sorted(wanted)
        assert all(torch.equal(tap.keys[layer], keys) for layer, (keys, _) in wanted.items())

    def test_unrotated_keys_are_those_of_the_cache_turned_back(self, family: str) -> None:
        """By the very angles that turned them, and after the norm where there is one."""
        if family == "llama4":
            pytest.skip("its norm follows the rotation, and nothing turns that back")
        tap = tapped(family, Capture(keys=EVERY, rotary=False))
        turned, angles = cached(whole(family).past_key_values), _angles(family)
        layers = get_decoder(network(family)).layers
        wanted = {n: _turned_back(layers[n], k, *angles[n]) for n, (k, _) in turned.items()}
        assert_close(tap.keys, wanted)

    def test_all_at_once_is_each_alone(self, family: str) -> None:
        """Gradients change the pass by rounding alone."""
        tap = tapped(family, ALL)
        wanted = cached(whole(family).past_key_values)
        assert_close(tap.values, {n: values for n, (_, values) in wanted.items()})
        assert_close(tap.keys, {n: keys for n, (keys, _) in wanted.items()})
        assert_close(tap.attention, tapped(family, ATTENTION).attention)


class TestRows:
    """How the asked tokens attend."""

    @pytest.mark.parametrize("kernel", ["sdpa", "eager"])
    def test_attention_and_gradients_are_eager_ones(self, family: str, kernel: str) -> None:
        """Without eager attention, or with it."""
        tap = tapped(family, ALL, kernel)
        attention, gradients = eager(family)
        assert_close(tap.attention, attention)
        assert_close(tap.gradients, gradients)
        assert max(float(gradient.abs().max()) for gradient in gradients.values()) > 1e-3

    def test_gradients_of_late_layers_need_no_early_ones(self, family: str) -> None:
        """Nothing below the first layer asked for is differentiated."""
        late = eager(family)[1]
        tap = tapped(family, Capture(gradients=tuple(late)[-2:]))
        assert_close(tap.gradients, {layer: late[layer] for layer in tuple(late)[-2:]})
        assert not tap.attention

    def test_end_of_a_prompt_is_tapped_over_its_start(self, family: str) -> None:
        """New tokens' values and keys, and their attention to all tokens."""
        seen = whole(family).past_key_values
        more = text(4, start=seen.get_seq_length()) | {"use_cache": True}
        attention, gradients = eager(family, **more, **caching(family, fork_cache(seen)))
        longer: Any = fork_cache(seen)
        tap = tapped(family, ALL, **more, **caching(family, longer))
        new = {
            n: (k[:, :, -4:].detach(), v[:, :, -4:].detach())
            for n, (k, v) in cached(longer).items()
        }
        assert_close(tap.values, {n: values for n, (_, values) in new.items()})
        assert_close(tap.keys, {n: keys for n, (keys, _) in new.items()})
        assert_close(tap.attention, attention)
        assert_close(tap.gradients, gradients)

    def test_each_row_of_a_batch_has_its_own_token(self, family: str) -> None:
        """As where shorter questions are padded on the right."""
        both = text(6, rows=2)
        tap = tapped(family, ATTENTION, **both, rows=torch.tensor([3, -1]))
        for row, end in enumerate([4, 6]):
            alone = text(end) | {"input_ids": both["input_ids"][row : row + 1, :end]}
            found = {n: rows[row : row + 1, :, :end] for n, rows in tap.attention.items()}
            assert_close(found, eager(family, **alone)[0])

    def test_each_question_packed_in_a_row_has_its_own_token(self, family: str) -> None:
        """As where questions share a start, and a mask keeps them apart."""
        mask = torch.ones(9, 9, dtype=torch.bool).tril()
        mask[6:, 3:6] = False  # 3 tokens of start, 3 of one question, 3 of another
        packed = text(9) | {"attention_mask": mask[None, None]}
        packed["position_ids"] = torch.tensor([[0, 1, 2, 3, 4, 5, 3, 4, 5]])
        if family in {"qwen3-5", "lfm2-vl", "minicpm-v", "paligemma"}:
            pytest.skip("no mask keeps sequences apart in a recurrent state, or in a prefix")
        if family in {"gemma3", "gemma4"}:
            packed["attention_mask"] = dict.fromkeys(
                ("full_attention", "sliding_attention"), mask[None, None]
            )
        capture = Capture(attention=EVERY, gradients=EVERY)
        tap = tapped(family, capture, **packed, rows=torch.tensor([[5, 8]]))
        for question, own in enumerate([[0, 1, 2, 3, 4, 5], [0, 1, 2, 6, 7, 8]]):
            alone = text(6) | {"input_ids": packed["input_ids"][:, own]}
            attention, gradients = eager(family, **alone)
            found = (tap.attention, tap.gradients)
            own_rows = [{n: t[:, question][..., own] for n, t in kind.items()} for kind in found]
            assert_close(own_rows[0], attention)
            assert_close(own_rows[1], gradients)


def text(tokens: int, *, rows: int = 1, start: int = 0) -> dict[str, Any]:
    """Words of no meaning."""
    words = torch.randint(300, 400, (rows, tokens), generator=torch.Generator().manual_seed(0))
    positions = torch.arange(start, start + tokens)[None]
    return {"input_ids": words, "position_ids": positions}


def _angles(family: str) -> list[tuple[Tensor, Tensor]]:
    """Cosines and sines for each layer."""
    given, seen = network(family), dict[Any, Any]()
    decoder = get_decoder(given)
    hook = decoder.rotary_emb.register_forward_hook(
        lambda module, args, out: seen.update({args[2] if len(args) > 2 else None: out})
    )
    with torch.no_grad():
        given(**inputs(family), use_cache=False)
    hook.remove()
    kinds = decoder.config.layer_types if None not in seen else [None] * len(decoder.layers)
    return [seen[kind] for kind in kinds]


def _turned_back(layer: Any, keys: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Of heads that are turned in part, the rest is as it was."""
    if type(layer).__name__.startswith("Cohere2") and layer.self_attn.sliding_window is None:
        return keys  # its layers that see all tokens turn no keys
    module = sys.modules[type(layer).__module__]
    rotate_half = getattr(module, "rotate_half_llm", module.rotate_half)  # GLM-4.1V's has both
    turned, rest = keys.split([cos.shape[-1], keys.shape[-1] - cos.shape[-1]], dim=-1)
    back = turned * cos[:, None] - rotate_half(turned) * sin[:, None]
    return torch.cat([back, rest], dim=-1)
