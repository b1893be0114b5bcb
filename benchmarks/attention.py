"""
Milliseconds of one layer's attention on a CPU in bfloat16, by `sdpa` and by `blocks`.

    python -m benchmarks.attention

It takes one thread; run it on a machine that does nothing else.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import attrs
import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from visualcrop.models.engine.block_attention import attend_in_blocks

_COUNT, _WARM = 15, 3  # calls that are timed, and calls before


@attrs.frozen
class Layer:
    """The sizes of a layer's attention to its own tokens."""

    name: str
    heads: int
    groups: int
    tokens: int
    width: int  # of a head
    is_causal: bool


LAYERS = [
    Layer("`tiny`, eye", 3, 3, 577, 64, is_causal=False),
    Layer("`tiny`, decoder", 4, 4, 588, 48, is_causal=True),
    Layer("SmolVLM-256M, eye", 12, 12, 1024, 64, is_causal=False),
    Layer("SmolVLM-256M, decoder", 9, 3, 1100, 64, is_causal=True),
    Layer("Qwen2.5-VL-3B, decoder", 16, 2, 1400, 128, is_causal=True),
    Layer("LLaVA-1.5-7B, eye", 16, 16, 577, 64, is_causal=False),
    Layer("LLaVA-1.5-7B, decoder", 32, 32, 620, 128, is_causal=True),
]


def main() -> int:
    """Print a table."""
    torch.set_num_threads(1)
    print("| layer | heads | tokens | `sdpa`, ms | `blocks`, ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    for layer in LAYERS:
        fused, blocks = time_both(layer)
        sizes = f"{layer.heads} × {layer.width} | {layer.tokens}"
        print(f"| {layer.name} | {sizes} | {fused:.2f} | {blocks:.2f} | {fused / blocks:.1f} |")
    return 0


def time_both(layer: Layer) -> tuple[float, float]:
    """The median of a call of each kernel, in milliseconds."""
    random = torch.Generator().manual_seed(0)

    def draw(heads: int) -> torch.Tensor:
        size = (1, layer.tokens, heads, layer.width)
        return torch.randn(size, generator=random).bfloat16().transpose(1, 2)

    module = SimpleNamespace(
        is_causal=layer.is_causal, num_key_value_groups=layer.heads // layer.groups
    )
    tensors = (draw(layer.heads), draw(layer.groups), draw(layer.groups))
    kernels: tuple[Callable[..., Any], ...] = (sdpa_attention_forward, attend_in_blocks)
    times: list[list[float]] = [[], []]
    with torch.no_grad():
        for _ in range(_WARM + _COUNT):
            for kernel, found in zip(kernels, times, strict=True):
                started = time.perf_counter()
                kernel(module, *tensors, None)
                found.append(1000 * (time.perf_counter() - started))
    fused, blocks = (statistics.median(found[_WARM:]) for found in times)
    return fused, blocks


if __name__ == "__main__":
    sys.exit(main())
