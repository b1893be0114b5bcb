"""What a pass really takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from visualcrop import Model
from visualcrop.models import Usage

_FLASH = "_scaled_dot_product_flash_attention"
_SAME = {  # what torch's list leaves out
    getattr(torch.ops.aten, f"{_FLASH}_for_cpu"): getattr(torch.ops.aten, _FLASH)
}


class Flops(TorchDispatchMode):
    """Counts this thread's floating-point operations, by torch's own formulas."""

    total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        packet = _SAME.get(func.overloadpacket, func.overloadpacket)
        if (formula := flop_registry.get(packet)) is not None:
            self.total += int(formula(*args, **(kwargs or {}), out_val=out))
        return out


@attrs.define
class Measured:
    """Fill in the tokens; the rest is known when the stretch has ended."""

    new: int = 0
    shown: int = 0  # of the new ones, those that stand for images
    decoded: int = 0
    usage: Usage = Usage()


@contextmanager
def measured(device: torch.device) -> Iterator[Measured]:
    """Run without gradients, and take the measure of it."""
    span, started = Measured(), time.perf_counter()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with torch.no_grad(), Flops() as flops:
        yield span
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
    span.usage = Usage(
        new_tokens=span.new,
        decoded_tokens=span.decoded,
        image_tokens=span.shown,
        flops=flops.total,
        seconds=time.perf_counter() - started,
        peak_bytes=peak,
    )


@attrs.define(eq=False)
class Counted(Model):
    """A model whose passes are counted, whichever thread they are asked for in."""

    passes: int = attrs.field(default=0, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def count(self, passes: int) -> None:
        """So many more."""
        with self._lock:
            self.passes += passes
