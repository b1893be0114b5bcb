"""
torch's threads on a CPU: how many a model computes with, set for one Python thread at a time.

Threads that share the work of a layer wait for one another after every operation. Beside another
busy process, one of them loses its core now and then, and all wait until it gets it back: a small
layer takes 20 times as long. `docs/how-to/models.md` has the measurements.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeAlias, TypeVar

from .metering.meter import inner_width

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from ..base import Model

_T = TypeVar("_T")
_P = ParamSpec("_P")

ThreadCount: TypeAlias = int | Literal["auto"]
SMALL_LAYER = 1 << 22  # weights: with fewer in each of its layers, a model gets one thread


class _Outside(threading.local):
    """The number of threads outside of all blocks of `torch_threads` in this Python thread."""

    threads: int | None = None
    blocks: int = 0  # that are open: generators may leave theirs in any order


_outside = _Outside()


def choose_threads(wanted: ThreadCount, config: PretrainedConfig, device_type: str) -> int | None:
    """Threads for the network of *config*; none: as many as torch has, or it is not on a CPU."""
    if device_type != "cpu":
        return None
    if wanted != "auto":
        return wanted
    return 1 if largest_layer(config) < SMALL_LAYER else None


def largest_layer(config: PretrainedConfig) -> float:
    """
    Weights in the largest layer of decoder, vision encoder and Q-Former; infinity if unknown.

    As papers count them: 4 matrices of width x width, and 3 of width x inner width. Of a mixture
    of experts those count that a token runs through.
    """
    parts = [getattr(config, name, None) for name in type(config).sub_configs]
    return max(map(_weights, [config.get_text_config(), *filter(None, parts)]))


def _weights(part: Any) -> float:
    width, inner = getattr(part, "hidden_size", None), inner_width(part)
    if not isinstance(width, int) or not isinstance(inner, int):
        return float("inf")
    return 4 * width**2 + 3 * width * inner


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """
    Let torch compute with *count* threads in the block, in this Python thread only.

    None: with as many as outside of all such blocks. Blocks may be nested. torch keeps the number
    for each Python thread by itself, and gives new ones the last that was set anywhere.
    """
    import torch

    before = torch.get_num_threads()
    wanted = count or _outside.threads
    if wanted is None or wanted == before:
        yield
        return
    outside = _outside.threads = _outside.threads or before
    _outside.blocks += 1
    try:
        _set(wanted, outside)
        yield
    finally:
        _outside.blocks -= 1
        _set(before if _outside.blocks else outside, outside)
        if not _outside.blocks:
            _outside.threads = None


def _set(count: int, for_new: int) -> None:
    """Set the number for this Python thread; those that begin later get *for_new*."""
    import torch

    torch.set_num_threads(count)
    if count != for_new:
        helper = threading.Thread(target=torch.set_num_threads, args=(for_new,))
        helper.start()
        helper.join()


def on_own_threads(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Compute a model's *method* with the threads of the model."""

    @wraps(method)
    def computes(*args: _P.args, **named: _P.kwargs) -> _T:
        model: Model = args[0]  # type: ignore[assignment]
        with model.computing():
            return method(*args, **named)

    return computes
