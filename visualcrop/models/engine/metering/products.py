"""
MACs of modules that multiply by functions, and not in matrices, convolutions or attention.

Linear attention counts by the chunked rule with chunks of 64 tokens, as transformers' reference
and the kernels of `flash-linear-attention` have them; a single token after others by none, since it
takes sums of products, which PyTorch's FlopCounterMode does not count either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ..kv_cache import get_cache

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

# From a module, the arguments of its forward by name, and its output: MACs forward and backward.
CountProducts: TypeAlias = "Callable[[Any, Mapping[str, Any]], tuple[int, int]]"
_CHUNK = 64  # tokens


def find_count(module: Module) -> CountProducts | None:
    """How the MACs of *module* itself, without its children, are counted; none if it has none."""
    if hasattr(module, "A_log") and hasattr(module, "conv1d"):
        return count_delta_rule
    if getattr(getattr(module, "conv", None), "groups", 1) > 1 and hasattr(module, "layer_idx"):
        return count_short_convolution
    if getattr(getattr(module, "gate_up_proj", None), "ndim", 0) == 3:
        return count_experts
    if hasattr(module, "in_features"):
        return None  # counted as a matrix
    if hasattr(module, "top_k") and getattr(getattr(module, "weight", None), "ndim", 0) == 2:
        return count_router
    return count_pooling if hasattr(module, "_avg_pool_by_positions") else None


def count_delta_rule(module: Any, given: Mapping[str, Any]) -> tuple[int, int]:
    """Of a Gated DeltaNet: its convolution, and the chunked rule (Qwen3.5)."""
    hidden: Tensor = given["hidden_states"]
    rows, tokens, _ = hidden.shape
    cache = get_cache(given)
    convolved = _convolve(module.conv1d, rows, tokens, _conv_state(cache, module), cache)
    if tokens == 1 and _conv_state(cache, module) is not None:
        return convolved, convolved
    keys, values = module.head_k_dim, module.head_v_dim
    heads = rows * module.num_v_heads
    chunks, state = heads * -(-tokens // _CHUNK), _CHUNK * keys * values
    within = 2 * _CHUNK**2 * keys + _CHUNK**2 * values
    products = chunks * (within + 3 * state)
    solved = chunks * _CHUNK**2 * (keys + values)  # triangular systems: products only backwards
    # No gradient goes into the first chunk's state, nor comes from the last one's.
    return convolved + products, convolved + 2 * products + solved - 4 * heads * state


def count_short_convolution(module: Any, given: Mapping[str, Any]) -> tuple[int, int]:
    """Of a short convolution (LFM2)."""
    rows, tokens, _ = given["hidden_states"].shape
    cache = get_cache(given)
    macs = _convolve(module.conv, rows, tokens, _conv_state(cache, module), cache)
    return macs, macs


def count_experts(module: Any, given: Mapping[str, Any]) -> tuple[int, int]:
    """Of the experts that are chosen for each token."""
    hidden, *routing = given.values()
    chosen = routing[0] if routing else hidden[:, 0]  # Llama 4 has a row for each token of each
    weights = (module.gate_up_proj, module.down_proj)
    macs = chosen.numel() * sum(matrix[0].numel() for matrix in weights)
    return macs, macs * (1 + weights[0].requires_grad)


def count_router(module: Any, given: Mapping[str, Any]) -> tuple[int, int]:
    """Of scores of all experts for each token."""
    hidden: Tensor = given["hidden_states"]
    macs = hidden.numel() * len(module.weight)
    return macs, macs * (1 + module.weight.requires_grad)


def count_pooling(module: Any, given: Mapping[str, Any]) -> tuple[int, int]:
    """Of a matrix of averages over neighbouring patches (Gemma 4)."""
    hidden: Tensor = given["hidden_states"]
    wanted = int(given["output_length"])
    macs = hidden.numel() * wanted if wanted != hidden.shape[1] else 0
    return macs, macs


def _conv_state(cache: Any, module: Any) -> Tensor | None:
    """The last inputs of the module's convolution, if there are any."""
    if cache is None or not (layer := cache.layers[module.layer_idx]).has_previous_state[0]:
        return None
    state: Tensor = layer.conv_states[0]
    return state


def _convolve(conv: Any, rows: int, tokens: int, state: Tensor | None, cache: Any) -> int:
    """Of a convolution over each channel, with the inputs that it pads or remembers."""
    (width,) = conv.kernel_size
    if state is not None:
        outputs = state.shape[-1] + tokens + (1 - width if tokens == 1 else width - 1)
    else:
        outputs = (tokens if cache is None else max(tokens, width)) + width - 1
    return int(rows * conv.out_channels * width * outputs)
