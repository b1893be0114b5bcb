"""What a model is held to while it is tapped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakSet

from ...utils.forking import in_child

if TYPE_CHECKING:
    from torch.nn import Module

_reserved: WeakSet[Module] = WeakSet()
_lock = threading.Lock()


def _release() -> None:
    """In a forked child, where nobody who has reserved a model is there to let it go."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    _reserved.clear()


in_child(_release)


@contextmanager
def reserved(module: Module) -> Iterator[None]:
    """Keep others away from *module*; they are told so."""
    with _lock:
        if module in _reserved:
            raise RuntimeError(
                "This model is being tapped already; let that pass end before the next begins."
            )
        _reserved.add(module)
    try:
        yield
    finally:
        _reserved.discard(module)


@contextmanager
def frozen(model: Module) -> Iterator[None]:
    """Let gradients flow, whatever the mode outside, but into no weight of *model*."""
    import torch

    learning = [p for p in model.parameters() if p.requires_grad]
    try:
        for parameter in learning:
            parameter.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
