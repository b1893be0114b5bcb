"""Measures any PyTorch code by its operators, for models that no `Meter` fits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ...base import Usage
from .meter import Measurement

_FLASH = "_scaled_dot_product_flash_attention"


def _count_grouped(tokens: Any, weights: Any, *_: Any, **__: Any) -> int:
    """Of tokens that are sorted by the expert whose weights they are multiplied with."""
    return int(2 * len(tokens) * weights.shape[-2] * weights.shape[-1])


_MISSING = {getattr(torch.ops.aten, "_grouped_mm", None): _count_grouped}  # from the registry
_ALIASES = {  # operator -> one with the same formula: PyTorch has the formula for CUDA only
    getattr(torch.ops.aten, f"{_FLASH}_for_cpu"): getattr(torch.ops.aten, _FLASH)
}


class FlopCounter(TorchDispatchMode):
    """
    Counts this thread's FLOPs by the formulas of `torch.utils.flop_counter`.

    Unlike `FlopCounterMode` it keeps no tree of modules, whose hooks are shared by all threads.
    """

    total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        operator = _ALIASES.get(func.overloadpacket, func.overloadpacket)
        if (formula := flop_registry.get(operator) or _MISSING.get(operator)) is not None:
            self.total += int(formula(*args, **(kwargs or {}), out_val=out))
        return out


@contextmanager
def measure_usage(device: torch.device) -> Iterator[Measurement]:
    """
    Measure FLOPs, seconds and peak memory of a block, which runs without gradients.

    The usage is set at the end of the block, without tokens, which the model adds:

        with measure_usage(device) as measurement:
            logits = network(embeddings)
        usage = attrs.evolve(measurement.usage, new_tokens=len(embeddings))

    Args:
        device: Where the block runs; on a GPU, its peak memory is reset.
    """
    measurement, on_gpu = Measurement(), device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    started = time.perf_counter()
    with torch.no_grad(), FlopCounter() as counter:
        yield measurement
    if on_gpu:
        torch.cuda.synchronize(device)
    seconds = time.perf_counter() - started
    peak = torch.cuda.max_memory_allocated(device) if on_gpu else 0
    measurement.usage = Usage(flops=counter.total, seconds=seconds, peak_bytes=peak)
