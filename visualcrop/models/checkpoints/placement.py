"""Where a network's weights go, in which number format, and in how many bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ModelError
from .load_errors import missing_packages

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import BitsAndBytesConfig, PretrainedConfig

BALANCED = "balanced"  # over all GPUs, by accelerate
_DTYPES = {"float32", "bfloat16", "float16"}
_LEAST = 0.5  # of the decoder's numbers that are worth packing
_MOST = 0.8  # of a GPU's free memory for weights; the rest is for activations and caches


def choose_device(wanted: str, weights: Sequence[Path]) -> str:
    """The device for files of *weights*: one of torch's, or `BALANCED`."""
    import torch

    if wanted == "auto":
        if not torch.cuda.is_available():
            return "cpu"
        return "cuda" if _fits_first_gpu(weights) else BALANCED
    try:
        index = 0 if wanted == BALANCED else torch.device(wanted).index or 0
    except RuntimeError:
        raise ModelError(
            f"There is no device {wanted!r}; take cpu, cuda, cuda:1 and so on, or balanced."
        ) from None
    if wanted.startswith("mps") and not torch.backends.mps.is_available():
        raise ModelError("There is no Apple GPU that torch can use here; set device=cpu.")
    if wanted == BALANCED and find_spec("accelerate") is None:
        raise ModelError("device=balanced needs accelerate; install it, or set device=cuda.")
    if wanted.startswith(("cuda", BALANCED)) and not torch.cuda.is_available():
        raise ModelError("There is no CUDA GPU that torch can use here; set device=cpu.")
    if wanted.startswith("cuda") and index >= torch.cuda.device_count():
        there = torch.cuda.device_count()
        raise ModelError(f"There is no GPU {wanted!r}; there are {there}, from cuda:0.")
    return wanted


def choose_dtype(wanted: str, config: PretrainedConfig, device: str) -> torch.dtype | str:
    """
    The number format of weights: as *wanted*, or with `auto` as they are stored.

    A language model that was trained in half precision is loaded in it, even if its checkpoint,
    such as InstructBLIP's, says float32 of the whole. A CPU computes bfloat16 for float16, in which
    it is slow.
    """
    import torch

    if wanted in _DTYPES:
        chosen: torch.dtype = getattr(torch, wanted)
        return chosen
    stored = [getattr(part, "dtype", None) for part in (config, config.get_text_config())]
    halves = [dtype for dtype in stored if dtype in {torch.float16, torch.bfloat16}]
    found: torch.dtype | None = next(iter(halves or stored))
    if found == torch.float16 and device == "cpu":
        return torch.bfloat16
    return "auto" if found is None else found


def widen_on_cpu(network: nn.Module) -> None:
    """Turn weights in float16 on a CPU, of which no config speaks, into bfloat16."""
    import torch

    for weights in network.parameters():
        if weights.dtype == torch.float16 and weights.device.type == "cpu":
            weights.data = weights.data.to(torch.bfloat16)


def pack_weights(
    bits: int, network: nn.Module, dtype: torch.dtype | str
) -> tuple[BitsAndBytesConfig, torch.dtype]:
    """
    How bitsandbytes packs the weights of *network*, and the format of what is not packed.

    Args:
        bits: Bits of a packed weight, 4 or 8.
        network: The network, whose weights may be on the meta device.
        dtype: The format of weights, chosen as if they were not packed.
    """
    import torch
    from transformers import BitsAndBytesConfig

    if _packed_share(network) < _LEAST:
        raise ModelError(
            f"With {bits} bits most of its weights would stay as they are, for bitsandbytes packs "
            "no experts that transformers keeps in one tensor; set bits=16, which packs nothing."
        )
    if missing := missing_packages(bits):
        them = "them" if len(missing) > 1 else "it"
        raise ModelError(
            f"Weights of {bits} bits need {' and '.join(missing)}; install {them}, or set bits=16, "
            "which packs nothing."
        )
    compute = dtype if isinstance(dtype, torch.dtype) else torch.bfloat16
    if compute == torch.bfloat16 and torch.cuda.is_available():
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        compute = torch.bfloat16 if native else torch.float16
    spared = sorted(spared_modules(network))
    packing = BitsAndBytesConfig(
        load_in_4bit=bits == 4,
        load_in_8bit=bits == 8,
        llm_int8_skip_modules=spared,  # with 4 bits, too
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=compute,
        bnb_4bit_use_double_quant=True,
    )
    return packing, compute


def spared_modules(network: Any) -> Iterator[str]:
    """
    Names of the largest modules of *network* that are outside the decoder's layers.

    The vision encoder, the projector and the head, whatever a family calls them: they are small,
    and packing them costs more answers than it saves memory.
    """
    from ..engine.decoder import get_decoder

    layers = get_decoder(network).layers

    def spare(module: nn.Module, name: str) -> Iterator[str]:
        if module is layers:
            return
        if all(part is not layers for part in module.modules()):
            yield name
            return
        for child, part in module.named_children():
            yield from spare(part, f"{name}.{child}" if name else child)

    return spare(network, "")


def _packed_share(network: Any) -> float:
    """Of the numbers in the decoder's layers, those in matrices, which alone can be packed."""
    from torch import nn

    from ..engine.decoder import get_decoder

    layers = get_decoder(network).layers
    matrices = (m.weight.numel() for m in layers.modules() if isinstance(m, nn.Linear))
    packed = sum(matrices)
    return float(packed / sum(weights.numel() for weights in layers.parameters()))


def _fits_first_gpu(weights: Sequence[Path]) -> bool:
    """Whether one GPU has room for *weights*, or is the only one that can be used."""
    import torch

    if torch.cuda.device_count() < 2 or find_spec("accelerate") is None:
        return True
    free, _ = torch.cuda.mem_get_info(0)
    return sum(path.stat().st_size for path in weights) < _MOST * free
