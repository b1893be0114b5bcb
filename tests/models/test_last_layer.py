"""The last layer runs for few tokens, and gives what it gives for all."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.support.metering import inputs
from tests.support.opened import GRIDDED, opened
from visualcrop.models.engine.decoder import attention_layers, get_decoder
from visualcrop.models.engine.kv_cache import cached_layers, new_cache
from visualcrop.models.engine.last_layer import narrow_last_layer

pytestmark = pytest.mark.torch
WHOLE = ("gemma4", "llama4")  # layers with inputs of each token, or rotations of another kind


def long(family: str) -> tuple[Any, dict[str, Any], torch.Tensor]:
    """A network, 207 tokens in two rows, and positions that differ by row."""
    network = opened(family).network
    ids = inputs(family)["input_ids"][:, -9:].repeat(1, 23)
    assert not (ids == network.config.image_token_id).any()
    rows = torch.cat([ids, ids.roll(1)])
    return network, {"input_ids": rows, "use_cache": True}, torch.tensor([[206, 40], [3, 3]])


def run(network: Any, given: dict[str, Any]) -> tuple[torch.Tensor, list[tuple[torch.Tensor, ...]]]:
    """Logits, and the keys and values of all layers."""
    cache = new_cache(network)
    return network(**given, past_key_values=cache).logits, cached_layers(cache)


@pytest.mark.parametrize("family", GRIDDED)
def test_is_as_the_whole_layer(family: str) -> None:
    """Logits at the positions and all keys and values are those of transformers' forward."""
    network, given, positions = long(family)
    rows = torch.arange(2)[:, None]
    with torch.no_grad():
        wanted, kept = run(network, given)
        with narrow_last_layer(network, positions):
            found, cached = run(network, given)
    torch.testing.assert_close(found[rows, positions], wanted[rows, positions])
    torch.testing.assert_close(cached, kept)


@pytest.mark.parametrize("family", GRIDDED)
def test_no_other_token_runs_through_its_end(family: str) -> None:
    """Of 414 tokens four reach what follows the kernel, if layers can; nothing stays patched."""
    network, given, positions = long(family)
    layers = get_decoder(network).layers
    assert len(layers) - 1 in attention_layers(network.config)
    last, seen = layers[-1], []
    before = last.forward
    hook = last.self_attn.register_forward_hook(
        lambda _, args, out: seen.append(out[0].shape[:2].numel())
    )
    try:
        with torch.no_grad(), narrow_last_layer(network, positions):
            run(network, given)
    finally:
        hook.remove()
    assert seen == [414 if family in WHOLE else positions.numel()]
    assert last.forward == before


def test_runs_whole_where_gradients_are_taken() -> None:
    """A pass for gradients has them of all tokens."""
    network, given, positions = long("llava")
    wanted = run(network, given)[0]
    with narrow_last_layer(network, positions):
        found = run(network, given)[0]
    assert torch.equal(found, wanted)
