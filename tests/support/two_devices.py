"""
A network on two devices that do not exist, whose tensors have shapes and no numbers.

PyTorch's fake tensors refuse to compute with tensors of two devices, as GPUs do, and to hand a
number to the host: code that waits for its device fails. `cpu:1` and `cpu:2` are as far from one
another as two GPUs are, but need no CUDA build of PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import transformers as tf
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode

from tests.support.tiny.checkpoints import checkpoint

NEAR, FAR = torch.device("cpu:1"), torch.device("cpu:2")


class _Placing(TorchFunctionMode):
    """Puts on its device what PyTorch makes of a list of numbers, which a fake CPU would keep."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if func is torch.tensor:
            wanted = (kwargs or {}).get("device")
        elif func is torch.Tensor.to:
            wanted = next((each for each in args[1:] if isinstance(each, torch.device)), None)
        else:
            return found
        if wanted is None or found.device == torch.device(wanted):
            return found
        return torch.empty(found.shape, dtype=found.dtype, device=wanted)


@contextmanager
def two_devices(family: str) -> Iterator[Any]:
    """
    The family's network, the later half of whose layers, and its head, are on the far device.

    As under accelerate, a part moves what it is given to its own device; unlike there, logits
    stay where they are.
    """
    config = tf.AutoConfig.from_pretrained(checkpoint(family))
    load: Any = tf.AutoModelForImageTextToText
    with torch.device("meta"):
        network = load.from_config(config).eval()
    decoder = network.get_decoder()
    half = len(decoder.layers) // 2
    apart = [*decoder.layers[half:], decoder.norm, network.get_output_embeddings()]
    with FakeTensorMode(allow_non_fake_inputs=True), _Placing():
        far = {module for part in apart for module in part.modules()}
        for module in network.modules():
            _place(module, FAR if module in far else NEAR)
        for part in apart:
            part.register_forward_pre_hook(_move_arguments, with_kwargs=True)
        yield network


def _place(module: torch.nn.Module, device: torch.device) -> None:
    for name, weights in module._parameters.items():
        if weights is not None:
            empty = torch.empty(weights.shape, dtype=weights.dtype, device=device)
            module._parameters[name] = torch.nn.Parameter(empty, requires_grad=False)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype, device=device)


def _move_arguments(module: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    return _moved(args), _moved(kwargs)


def _moved(given: Any) -> Any:
    if isinstance(given, torch.Tensor):
        return given.to(FAR)
    if isinstance(given, tuple | list):
        return type(given)(map(_moved, given))
    if isinstance(given, dict):
        return {name: _moved(each) for name, each in given.items()}
    return given
