"""How fast this machine computes, as far as an estimate needs it."""

from __future__ import annotations

import os
import time

import attrs

# TFLOP/s of dense matrices in bfloat16 (float16 where there is no other), as the makers print them;
# the first name that the card's name contains counts.
_PEAKS = {
    "B200": 2250,
    "H200": 989,
    "H100 PCIe": 756,
    "H100 NVL": 835,
    "H100": 989,
    "A100": 312,
    "L40S": 362,
    "L40": 181,
    "RTX 6000 Ada": 364,
    "RTX A6000": 155,
    "A40": 150,
    "A10": 125,
    "L4": 121,
    "RTX 5090": 210,
    "RTX 4090": 165,
    "RTX 3090": 71,
    "V100": 125,
    "T4": 65,
}
# The share of the peak that one question after another reaches. The authors' A100 reached 18 % with
# FOCUS and 12 % with ZoomEye: seconds of Table 14, and 9 TFLOP a pass with the vision encoder.
GPU_SHARE = 0.15
# The share of a large product's rate that a model reaches on a CPU: small products, and attention.
CPU_SHARE = 0.5
_SIDE = 1024  # of the matrices that are multiplied to measure a machine without a known peak
_ROUNDS = 3


@attrs.frozen
class Machine:
    """What the estimate of time rests on."""

    name: str
    flops: float  # per second that a model is expected to reach
    basis: str  # how that was found, as a clause
    gpu: bool = False
    memory_gib: float | None = None  # of the GPU, or of the machine; none if it does not say


def find_machine() -> Machine:
    """The first GPU, else the CPU; one whose peak is not known multiplies matrices for a moment."""
    import torch

    if not torch.cuda.is_available():
        rate, share = measure_rate("cpu"), CPU_SHARE
        name = f"CPU, {torch.get_num_threads()} threads"
        basis = _describe(share, rate, "measured just now")
        return Machine(name, share * rate, basis, memory_gib=_read_memory())
    name = torch.cuda.get_device_name()
    peak = next((peak for known, peak in _PEAKS.items() if known in name), None)
    rate = measure_rate("cuda") if peak is None else peak * 1e12
    basis = "measured just now" if peak is None else "its peak in bfloat16"
    memory = torch.cuda.get_device_properties(0).total_memory / 2**30
    basis = _describe(GPU_SHARE, rate, basis)
    return Machine(name, GPU_SHARE * rate, basis, gpu=True, memory_gib=memory)


def measure_rate(device: str) -> float:
    """FLOP/s of a product of square matrices, in float32 on a CPU and bfloat16 on a GPU."""
    import torch

    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    matrix = torch.ones(_SIDE, _SIDE, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(_ROUNDS):  # the first one also sets the machine up
        started = time.perf_counter()
        float((matrix @ matrix)[0, 0])  # waits for a GPU
        best = min(best, time.perf_counter() - started)
    return 2 * _SIDE**3 / max(best, 1e-9)


def _read_memory() -> float | None:
    """GiB of the machine's memory."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, OSError, ValueError):  # Windows has no such call
        return None


def _describe(share: float, rate: float, basis: str) -> str:
    return f"{share:.0%} of {rate / 1e12:,.3g} TFLOP/s, {basis}"
