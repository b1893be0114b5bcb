"""Models that remember, models that do not, and what they are to agree on."""

from __future__ import annotations

from typing import Any

import attrs
import torch
from torch import Tensor

from tests.support.opened import EXISTENCE, about, interleaved, noise, opened
from tests.support.tiny.configs import LAYERS
from visualcrop import Box, Internals, Prompt, View
from visualcrop.models.engine.byte_lru import ByteLRU
from visualcrop.models.huggingface import HuggingFaceModel

EVERY = tuple(range(LAYERS))
ROOM = 1 << 30


def plain(family: str) -> HuggingFaceModel:
    """Reads every prompt from its start."""
    return opened(family, memory=0)


def remembering(family: str, room: int = ROOM, attention: str = "sdpa") -> HuggingFaceModel:
    """The same model, which remembers as much as goes into *room* bytes, and so far nothing."""
    return attrs.evolve(opened(family, attention=attention), prefix_cache=ByteLRU(room))


def part(target: str) -> Prompt:
    """A question about a part of the noise."""
    return Prompt.fill(View(noise(), Box(40, 0, 300, 170)), EXISTENCE, target=target)


def asked() -> list[Prompt]:
    """Prompts with four beginnings, in no order."""
    return [
        about("mug"),
        part("key"),
        interleaved(),
        about("small red key with a very long shaft"),
        Prompt(("What now?",)),
        part("old bicycle"),
        about("key"),
    ]


def internals(found: Internals) -> list[Tensor]:
    """All that was captured, layer by layer."""
    kinds: Any = (found.values, found.keys, found.attention, found.gradients)
    return [kind[layer] for kind in kinds for layer in sorted(kind)]


def assert_alike(found: Any, wanted: Any) -> None:
    """Equal but for rounding."""
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)
