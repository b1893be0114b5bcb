"""Logits of some positions only, of each row its own."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.support.metering import inputs, metered
from tests.support.opened import GRIDDED, opened
from visualcrop.models.engine.runner import logits_at

pytestmark = pytest.mark.torch


def twice(family: str) -> tuple[Any, dict[str, Any], torch.Tensor]:
    """A network, a prompt of plain text in two rows, and positions that differ by row."""
    network = opened(family).network
    ids = inputs(family)["input_ids"][:, -9:]
    assert not (ids == network.config.image_token_id).any()
    return network, {"input_ids": ids.repeat(2, 1)}, torch.tensor([[8, 0], [3, 3]])


@pytest.mark.parametrize("family", GRIDDED)
def test_are_those_of_the_whole_forward(family: str) -> None:
    """They are what transformers' forward has at these positions, row by row."""
    network, given, positions = twice(family)
    with torch.no_grad():
        everything = network(**given).logits
        found = logits_at(network, given, positions)
    for row in range(2):
        torch.testing.assert_close(found[row], everything[row, positions[row]])
    assert found[0, 0].ne(found[0, 1]).any()


def test_head_runs_on_nothing_else() -> None:
    """The other positions cost nothing in the head, and no hook stays on it."""
    network, given, positions = twice("llava")
    head = network.get_output_embeddings()
    with metered("llava") as bench, torch.no_grad():
        network = bench.model
        head = network.get_output_embeddings()
        with bench.meter.measure() as some:
            logits_at(network, given, positions)
        with bench.meter.measure() as every:
            network(**given)
    spared = given["input_ids"].numel() - positions.numel()
    assert every.usage.flops - some.usage.flops == 2 * spared * head.weight.numel()
    assert not head._forward_pre_hooks


def test_are_picked_afterwards_where_the_head_has_no_hooks(monkeypatch: Any) -> None:
    """A forward that does not call the head as a module, as a compiled one, gives the same."""
    network, given, positions = twice("llava")
    with torch.no_grad():
        wanted = logits_at(network, given, positions)
        head = network.get_output_embeddings()
        monkeypatch.setattr(type(head), "__call__", lambda self, x: self.forward(x))
        torch.testing.assert_close(logits_at(network, given, positions), wanted)
